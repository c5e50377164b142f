"""What became of events: abuse, refunded, honest, or not known. Never a variable of a rule.

Every event is in exactly one of the four: abuse when the label says so; else refunded when
the refund label says so; else honest when the label is known and negative; else unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.labels import UNLABELLED, AbuseLabels
from training.words import fault

# A label with such a word in its name says that an event was taken back, unless another is
# named, or unless the name says that taking it back was the abuse.
REFUND_WORDS = {
    "refund", "refunds", "refunded", "cancel", "cancelled", "canceled", "cancellation",
    "return", "returned", "returns",
}  # fmt: skip
ABUSE_WORDS = {"abuse", "abusive", "fraud", "fraudulent", "malicious", "fake"}
Values = NDArray[np.int8]


class State(IntEnum):
    """What became of an event."""

    ABUSE = 0
    REFUNDED = 1
    HONEST = 2
    UNKNOWN = 3

    @property
    def word(self) -> str:
        """Return the state as it is written in results."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One element per event: its state, and what each label says (1, 0, -1 not known).

    ``labels`` maps what is measured against, ``abuse`` and ``refunded``, to the label's name
    and values; one that the data set has not is left out.
    """

    state: NDArray[np.int8]
    labels: dict[str, tuple[str, Values]]


def choose_labels(
    known: Iterable[str], label: str | None, refund_label: str | None
) -> tuple[str | None, str | None]:
    """Return which label means abuse and which means refunded.

    Without being told, the refund label is the one with such a name, and abuse the only other.

    Raises
    ------
    ConfigFault
        There is no such label, or it cannot be told which of several means abuse.
    """
    names = list(known)
    for option, name in (("--label", label), ("--refund-label", refund_label)):
        if name is not None and name not in names:
            there = ", ".join(names) or fault("none_at_all")
            told = fault("set_has_no_label", option=option, label=name, known=there)
            raise ConfigFault(told)
    if label is not None and label == refund_label:
        raise ConfigFault(fault("one_label_twice", label=label))
    if refund_label is None:
        refund_label = next((one for one in names if one != label and means_refunded(one)), None)
    others = [name for name in names if name != refund_label]
    if label is None and len(others) > 1:
        raise ConfigFault(fault("several_labels", known=", ".join(others)))
    return label or next(iter(others), None), refund_label


def means_refunded(name: str) -> bool:
    """Tell whether a label of this name says that an event was refunded or cancelled."""
    words = set(name.split("_"))
    return bool(words & REFUND_WORDS) and not words & ABUSE_WORDS


def truth_of(
    events: int, abuse: AbuseLabels | None, refund: AbuseLabels | None, as_of_us: int | None
) -> Truth:
    """Return what became of each event.

    Parameters
    ----------
    as_of_us
        Labels that became known later are taken for not known; None: all are known.
    """
    state = np.full(events, State.UNKNOWN, np.int8)
    found: dict[str, tuple[str, Values]] = {}
    guilty = _values(abuse, events, as_of_us)
    back = _values(refund, events, as_of_us)
    state[(guilty if abuse is not None else back) == 0] = State.HONEST
    state[back == 1] = State.REFUNDED
    state[guilty == 1] = State.ABUSE
    if abuse is not None:
        found[State.ABUSE.word] = (abuse.abuse, guilty)
    if refund is not None:
        found[State.REFUNDED.word] = (refund.abuse, back)
    return Truth(state=state, labels=found)


def _values(labels: AbuseLabels | None, events: int, as_of_us: int | None) -> Values:
    if labels is None:
        return np.full(events, UNLABELLED, np.int8)
    if as_of_us is None:
        return labels.value
    labels = labels.as_of(as_of_us)
    known = labels.known_at_us <= as_of_us
    return np.where(known, labels.value, UNLABELLED).astype(np.int8)
