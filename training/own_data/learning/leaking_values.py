"""Values of the event's own columns that nearly only positives have: what may be a leak.

A column that is filled in after the event (a case number, a reason, money paid back) parts the
positives from the rest where it has a value, though it may have none on most of them: its AUC
is then low, and yet nobody knew it in time. Limits: looks at single values, at being there at
all, and at differing from the most frequent value; histories are not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measures.leaks import SUSPICIOUS_AUC
from training.own_data.events import MISSING, Coded, Floats, OwnEvents
from training.report.words import Note

Bools = NDArray[np.bool_]
Labels = NDArray[np.int8]
# Of all positives at least so many have the value, and nearly everybody with it is positive.
LEAST_SHARE, LEAST_PURITY, LEAST_POSITIVES = 0.1, 0.98, 20
# Where most are positive, a value of positives alone is chance.
MOST_BASE_RATE = 0.3
MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Events with one value of a column: how many there are, and how many of them positive."""

    column: str
    value: str
    events: int
    positives: int
    share: float

    def note(self) -> Note:
        """Return it as a warning."""
        return Note(
            f"{self.column} {self.value}: {self.positives:,} of {self.events:,} labelled training "
            f"events are positive, {self.share:.0%} of all positives; check that it was known when "
            "the event happened",
            f"{self.column} {self.value}：{self.events:,} 个有标签的训练事件中 {self.positives:,} "
            f"个为正样本，占全部正样本的 {self.share:.0%}；请确认事件发生时已知该信息",
        )


def telling_values(
    events: OwnEvents, rows: NDArray[np.int64], label: Labels
) -> tuple[Telling, ...]:
    """Return the values that nearly only positives have, those of most positives first.

    Parameters
    ----------
    rows
        The labelled training rows, as places in all events.
    label
        Their labels, 0 or 1.
    """
    if not len(label) or label.mean() > MOST_BASE_RATE:
        return ()
    texts = (*events.entities.items(), *events.categories.items())
    found = [one for name, coded in texts for one in _of_texts(name, coded, rows, label)]
    numbers = dict(events.numbers) | ({} if events.amount is None else {"amount": events.amount})
    found += [one for name, of in numbers.items() for one in _of_numbers(name, of[rows], label)]
    return tuple(sorted(found, key=lambda one: -one.positives)[:MOST_TOLD])


def _of_texts(name: str, coded: Coded, rows: NDArray[np.int64], label: Labels) -> Iterator[Telling]:
    codes = coded.codes[rows]
    yield from _of_masks(name, codes != MISSING, label)
    events = np.bincount(codes + 1, minlength=len(coded.levels) + 1)[1:]
    positives = np.bincount(codes + 1, weights=label, minlength=len(coded.levels) + 1)[1:]
    enough = positives >= max(LEAST_POSITIVES, LEAST_SHARE * label.sum())
    for level in np.flatnonzero(enough & (positives >= LEAST_PURITY * events)).tolist():
        told = f"= {coded.levels[level].as_py()!r}"
        yield _telling(name, told, (int(events[level]), int(positives[level])), label)


def _of_numbers(name: str, values: Floats, label: Labels) -> Iterator[Telling]:
    known = ~np.isnan(values)
    yield from _of_masks(name, known, label)
    found, counts = np.unique(values[known], return_counts=True)
    # A number that half of the events have stands for "nothing".
    if len(found) > 1 and 2 * counts.max() >= len(values):
        usual = found[counts.argmax()]
        differs = known & (values != usual)
        yield from _of_mask(name, f"!= {usual:g}", differs, label)


def _of_masks(name: str, present: Bools, label: Labels) -> Iterator[Telling]:
    yield from _of_mask(name, "present", present, label)
    yield from _of_mask(name, "missing", ~present, label)


def _of_mask(name: str, value: str, mask: Bools, label: Labels) -> Iterator[Telling]:
    events, positives = int(mask.sum()), int(label[mask].sum())
    least = max(LEAST_POSITIVES, LEAST_SHARE * label.sum())
    if positives < least:
        return
    # What all positives have and few others tells as much: who looked at an order.
    honest = (events - positives) / max(len(label) - int(label.sum()), 1)
    auc = (1 + positives / int(label.sum()) - honest) / 2
    if positives >= LEAST_PURITY * events or auc > SUSPICIOUS_AUC:
        yield _telling(name, value, (events, positives), label)


def _telling(name: str, value: str, counts: tuple[int, int], label: Labels) -> Telling:
    events, positives = counts
    share = positives / int(label.sum())
    return Telling(column=name, value=value, events=events, positives=positives, share=share)
