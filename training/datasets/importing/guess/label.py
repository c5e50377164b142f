"""Guesses which column tells the label, and which others would give it away.

A label is a column of few values that is called like one; without such, one of two values beside
which a time stands on the rows of one value alone (the time of an install), one whose values are
called so (fraud, ok), what stands only where something came of an event (the day of a return, a
mark of a chargeback), or one of two values with a time wherever it has one. What goes with
the label row by row is left out of the inputs, unless somebody knows that it was known at the
event.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.datasets.importing.guess.columns import MOST_CATEGORIES, is_entity
from training.datasets.importing.guess.lines import Line, noted
from training.datasets.importing.guess.look import Look
from training.datasets.importing.guess.rows import line_heads
from training.datasets.importing.guess.words import (
    ABUSES,
    AFTER,
    KINDS,
    LABELS,
    NOT_KNOWN,
    OUTCOMES,
    SURELY_LABELS,
    YES,
)
from training.datasets.importing.mapping_faults import name_like, words_of
from training.datasets.toml_text import quoted

LEAST_POSITIVES = 10
_MOST_CLASSES = 5
# What came of so many events, or so few, is rather something that belongs to each.
_MOST_OUTCOMES = 0.6
_MOST_CANDIDATES = 5
# A class that is told by a number is told by a digit: a fee of 15 or none is money.
_CLASS_NUMBER = re.compile(r"[-+]?\d(?:[.,]0+)?")
_NOTHING = re.compile(r"\D*0+(?:[.,]0+)?\D*")
# What is called like an outcome gives a label away where it says something on few other rows.
_LEAST_SHARE, _LEAST_PURITY, _MOST_BASE_RATE = 0.1, 0.9, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelGuess:
    """The column of a label, and what tells when it was known.

    ``by_presence``: positive is where there is anything at all, such as the day of a return.
    """

    look: Look
    known: Look | None
    by_presence: bool

    @property
    def columns(self) -> tuple[Look, ...]:
        """Return the columns that it is read from."""
        known = () if self.known is None or self.by_presence else (self.known,)
        return (self.look, *known)

    def is_told_by(self, look: Look) -> bool:
        """Tell whether a column would give the label away."""
        named = look.says(SURELY_LABELS) and look.different > 1
        # Of several labels each is learned by itself, and none from another.
        named = named or (look.says(LABELS) and _is_class(look) and look.different == 2)
        named = named or _says_abuse(look, ())
        label = _present(self.look) if self.by_presence else _parted(self.look)
        return named or _tells(look, label) or _comes_of(look, label)


def guess_label(looks: Sequence[Look]) -> LabelGuess | None:
    """Return the likely label of a file, if there is one."""
    classes = [c for c in looks if _is_class(c)]
    # What has more than two values tells kinds of fraud, if it is a label at all.
    named = sorted(
        (c for c in classes if c.says(LABELS)),
        key=lambda c: (c.different > 2, not (c.says(SURELY_LABELS) or _says_abuse(c, looks))),
    )
    if named:
        return LabelGuess(look=named[0], known=_known(named[0], looks), by_presence=False)
    timed = [(c, _known(c, looks)) for c in classes if c.different == 2 and c.share == 1]
    found = [LabelGuess(look=c, known=at, by_presence=False) for c, at in timed if at is not None]
    if found:
        return found[0]
    said = [c for c in looks if _says_abuse(c, looks)]
    if said:
        return LabelGuess(look=said[0], known=_known(said[0], looks), by_presence=False)
    came = [c for c in looks if 0 < c.share <= _MOST_OUTCOMES and c.says(OUTCOMES)]
    told = [c for c in came if c.time] + [c for c in came if c.different == 1]
    if not told:
        beside = [c for c in classes if c.different == 2 and _judged(c, looks) is not None]
        found = [LabelGuess(look=c, known=_judged(c, looks), by_presence=False) for c in beside]
        return next(iter(found), None)
    return LabelGuess(look=told[0], known=told[0] if told[0].time else None, by_presence=True)


def comes_with(look: Look, looks: Sequence[Look]) -> Look | None:
    """Return the time of an outcome that a column goes with: the money paid back at a return.

    The column says something where that time stands and nothing, or always the same, where not.
    """
    times = (c for c in looks if c is not look and c.time and 0 < c.share < 1 and c.says(OUTCOMES))
    return next((at for at in times if not look.time and _tells(look, _present(at))), None)


def label_lines(guess: LabelGuess | None, left: Sequence[Look], time_of: str) -> list[Line]:
    """Return the table of a label.

    Parameters
    ----------
    left
        Other columns, of which some may be the label when none was found.
    time_of
        The time at which the label is known, as it stands in a mapping; empty for none.
    """
    if guess is None:
        return _questions(left)
    look = guess.look
    lines: list[Line] = ["", f"[labels.{name_like(look.name)}]"]
    if guess.by_presence:
        condition = quoted(f"{quoted(look.name)} present")
        lines.append(noted(f"when = [{condition}]", "guess_in_rows", share=look.share))
    else:
        positive, unknown = _meant(look)
        lines.append(f"column = {quoted(look.name)}      # {_counts(look)}")
        lines.append(f"positive = [{', '.join(map(quoted, positive))}]")
        if unknown:
            lines.append(f"unlabelled = [{', '.join(map(quoted, unknown))}]")
    if time_of:
        lines.append(f"known_at = {time_of}")
    if guess.by_presence:
        return [*lines, noted('delay = "60d"', "guess_delay_negative")]
    return [*lines, noted('delay = "7d"', "guess_delay")]


def _is_class(look: Look) -> bool:
    # What is mostly empty tells why or how, where there was something to tell.
    told = look.different == 2 or look.share > 1 - _MOST_OUTCOMES
    return 2 <= look.different <= _MOST_CLASSES and told and not look.time and _is_digits(look)


def _is_digits(look: Look) -> bool:
    return not look.marks or all(_CLASS_NUMBER.fullmatch(value) for value, _ in look.common)


def _meant(look: Look) -> tuple[list[str], list[str]]:
    """Return the values of a label that are positive, and those that leave it open."""
    unknown = [value for value, _ in look.common if re.fullmatch(NOT_KNOWN, value.lower())]
    # Where no two others are left they are what the label tells.
    unknown = unknown if look.different - len(unknown) >= 2 else []
    values = [value for value, _ in look.common if value not in unknown]
    positive = [v for v in values if v in YES] or [v for v in values if _is_abuse(v)]
    return positive or [values[-1]], unknown


def _parted(look: Look) -> Look:
    """Return a label as 1, 0 and -1 for open, whatever its values are called."""
    positive, unknown = _meant(look)
    told = [-1 if v in unknown else int(v in positive) for v in look.values.to_pylist()]
    # The code of no value is -1, and so it finds the last one.
    codes = np.array([*told, -1], np.int32)[look.codes]
    return replace(look, codes=codes, different=2)


def _questions(left: Sequence[Look]) -> list[Line]:
    # Of the newest rows nobody may know it yet.
    two = [c for c in left if c.different == 2 and c.share > 1 - _MOST_OUTCOMES]
    found = [f"#   {quoted(c.name)}: {_counts(c)}" for c in two[:_MOST_CANDIDATES]]
    asked: list[Line] = [noted("", "guess_two_values"), *found] if found else []
    for look in left:
        if look.different == 1 and look.says(LABELS):
            told = {"column": quoted(look.name), "value": quoted(look.common[0][0])}
            asked.append(noted("", "guess_one_value", **told))
    return [
        "",
        "# [labels.fraud]",
        noted('# column = "..."', "guess_no_label"),
        *asked,
        "# positive = [1]",
        '# delay = "7d"',
    ]


def _counts(look: Look) -> str:
    return ", ".join(f"{value}: {count:,}" for value, count in look.common)


def _known(label: Look, looks: Sequence[Look]) -> Look | None:
    """Return the time at which a label was known: called so, or there on positive rows alone."""
    times = [c for c in looks if c.time]
    named = [c for c in times if c.says("label")]
    parted = _parted(label)
    told = [c for c in times if 0 < c.share < 1 and _tells(_present(c), parted)]
    return next(iter(named + told), _judged(label, looks))


def _judged(label: Look, looks: Sequence[Look]) -> Look | None:
    """Return the time that stands where a column has a value, and nowhere else: of a decision."""
    if not 0 < label.share < 1:
        return None
    known = label.codes >= 0
    headed = line_heads(looks)
    if headed is not None and np.array_equal(headed[1], known):
        # All that belongs to an order stands on its first row, not what was decided alone.
        return None
    times = (c for c in looks if c.time and np.array_equal(c.codes >= 0, known))
    return next(times, None)


def _says_abuse(look: Look, looks: Sequence[Look]) -> bool:
    """Tell whether some values of a column are what no honest event is, whatever it is called."""
    # Kinds of events may be called so as well; reasons stand where there was something to tell.
    if look.time or look.says(KINDS) or not 2 <= look.different <= _MOST_CLASSES:
        return False
    told = look.share > 1 - _MOST_OUTCOMES or _judged(look, looks) is not None
    some = [_is_abuse(value) for value, _ in look.common]
    return told and any(some) and not all(some)


def _is_abuse(value: str) -> bool:
    words = " ".join(words_of(value))
    return re.search(rf"\b(?:{ABUSES})", words) is not None and "no" not in words.split()


def _present(look: Look) -> Look:
    """Return a column that tells only whether there is a value."""
    return replace(look, codes=(look.codes >= 0).astype(np.int32), different=2, share=1.0)


def _tells(look: Look, label: Look) -> bool:
    """Tell whether the values of a column part the rare class of a label from the other."""
    codes = look.codes
    if look.different > MOST_CATEGORIES:
        # Of many values the most frequent one, or none, may stand for "nothing happened".
        counts = np.bincount(codes + 1)
        codes = (codes + 1 != counts.argmax()).astype(np.int32)
    rare = label.codes == np.bincount(label.codes[label.codes >= 0]).argmin()
    known = label.codes >= 0
    at = codes[known] + 1
    count = np.bincount(at)
    positive = np.bincount(at, weights=rare[known])
    wrong = np.minimum(positive, count - positive).sum()
    return bool(rare.sum() >= LEAST_POSITIVES and wrong <= rare.sum() / 10)


def _comes_of(look: Look, label: Look) -> bool:
    """Tell whether an outcome stands on positive rows alone: a refund that some of them had."""
    if is_entity(look) or not look.says(f"{OUTCOMES}|{AFTER}"):
        return False
    usual = look.common[0][0] if look.common else ""
    empty = [code for code, value in enumerate(look.values.to_pylist()) if value == usual]
    is_zero = look.marks and _NOTHING.fullmatch(usual) is not None
    known = label.codes >= 0
    said = known & (look.codes >= 0) & ~np.isin(look.codes, empty if is_zero else [])
    positive = label.codes == 1
    both = (said & positive).sum()
    least = max(LEAST_POSITIVES, _LEAST_SHARE * positive.sum())
    is_rare = positive.sum() <= _MOST_BASE_RATE * known.sum()
    return bool(is_rare and both >= least and both >= _LEAST_PURITY * said.sum())
