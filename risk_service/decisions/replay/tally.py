"""Counts over what became of replayed decisions; bounded for a log of any length."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from risk_service.decisions.replay.compared import Differs, Left, Part, Replayed
from risk_service.domain.decision import DecisionRecord

# Records that are decided again together.
GROUP = 256
Replay = Callable[[Sequence[DecisionRecord]], Sequence[Replayed]]

# Differences that are kept whole; further ones are counted.
KEPT = 10_000


class Tally:
    """What became of the decisions so far.

    Attributes
    ----------
    decisions
        How many were decided again.
    alike
        How many of them came out the same in every part.
    differing
        How many came out differently in some part.
    same, differ
        Decisions per part.
    left
        Decisions per part and what it lacked.
    lacking
        Decisions per what any part of them lacked.
    differences
        (decision id, part, how), the first ``KEPT``.
    """

    def __init__(self) -> None:
        self.decisions = self.alike = self.differing = 0
        self.same: Counter[Part] = Counter()
        self.differ: Counter[Part] = Counter()
        self.left: Counter[Part] = Counter()
        self.lacking: Counter[Left] = Counter()
        self.differences: list[tuple[str, Part, Differs]] = []

    def add(self, group: Sequence[Replayed]) -> None:
        """Count decisions."""
        for one in group:
            self.decisions += 1
            self.alike += all(part in one.parts and one.parts[part] is None for part in Part)
            self.differing += any(isinstance(how, Differs) for how in one.parts.values())
            self.lacking.update({how for how in one.parts.values() if isinstance(how, Left)})
            for part, how in one.parts.items():
                if how is None:
                    self.same[part] += 1
                elif isinstance(how, Left):
                    self.left[part] += 1
                else:
                    self.differ[part] += 1
                    if len(self.differences) < KEPT:
                        self.differences.append((one.decision_id, part, how))

    def as_data(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "decisions": self.decisions,
            "alike": self.alike,
            "differing": self.differing,
            "parts": {
                part: {
                    "same": self.same[part],
                    "different": self.differ[part],
                    "not_at_hand": self.left[part],
                }
                for part in Part
            },
            "not_at_hand": [
                {"what": one.lacking, "version": one.version, "decisions": count}
                for one, count in self.lacking.most_common()
            ],
            "differences": [
                {"decision_id": found, "part": part, "recorded": how.recorded, "again": how.again}
                for found, part, how in self.differences
            ],
        }


def tallied(replay: Replay, records: Iterable[DecisionRecord]) -> Tally:
    """Decide records again, group by group, and count what becomes of them."""
    tally, left = Tally(), iter(records)
    while group := list(islice(left, GROUP)):
        tally.add(replay(group))
    return tally
