"""Counts over what became of replayed decisions; bounded for a log of any length."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from risk_service.decisions.replay.compared import Differs, Left, Part, Replayed

# Differences that are kept whole; further ones are counted.
KEPT = 10_000


class Tally:
    """What became of the decisions so far.

    Attributes
    ----------
    decisions
        How many were decided again.
    differing
        How many of them came out differently in some part.
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
        self.decisions = self.differing = 0
        self.same: Counter[Part] = Counter()
        self.differ: Counter[Part] = Counter()
        self.left: Counter[Part] = Counter()
        self.lacking: Counter[Left] = Counter()
        self.differences: list[tuple[str, Part, Differs]] = []

    def add(self, group: Sequence[Replayed]) -> None:
        """Count decisions."""
        for one in group:
            self.decisions += 1
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
