"""Request ids that come again, in one group or after what was stored."""

from collections.abc import Container, Mapping, Sequence
from typing import Protocol, TypeVar

from risk_service.domain.errors import RequestIdReused

REUSED = "the request id was used before with another payload"


class Stored(Protocol):
    """What is kept of a request."""

    @property
    def fingerprint(self) -> bytes:
        """Keyed digest of the payload."""


class Asked(Stored, Protocol):
    """A request that may be made again."""

    @property
    def request_id(self) -> str:
        """Idempotency key of the caller."""


R = TypeVar("R", bound=Stored)


def repeats(
    asked: Sequence[Asked], stored: Mapping[str, R], elsewhere: Container[str] = ()
) -> tuple[dict[int, R | RequestIdReused], dict[int, int]]:
    """Return what is answered already, by place, and which place repeats which earlier one.

    A request id stands for the payload that it came with first: stored, or in this group.

    Parameters
    ----------
    stored
        What was stored under these request ids.
    elsewhere
        Request ids that were used for something of another kind.
    """
    answered: dict[int, R | RequestIdReused] = {}
    first_of: dict[int, int] = {}
    seen: dict[str, int] = {}
    for place, one in enumerate(asked):
        record = stored.get(one.request_id)
        first = seen.setdefault(one.request_id, place)
        known = asked[first] if record is None else record
        if known.fingerprint != one.fingerprint or one.request_id in elsewhere:
            answered[place] = RequestIdReused(REUSED)
        elif record is not None:
            answered[place] = record
        elif first != place:
            first_of[place] = first
    return answered, first_of
