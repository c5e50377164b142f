"""Whether rows of the same time stand in the order of a label, which nobody knew by then.

An event sees those of its own time that stand before it in the file. In a file of days that was
joined from one of frauds and one of the rest, or sorted by what became of a row, a fraud is then
told by how many events of its shop came before it on that day. Limits: sees an order by the
label, not one by something that goes with it.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
# So many of the few must share their time with others, and of all pairs so many stand one way.
LEAST_EVENTS, MOST_ONE_WAY = 20, 0.75


@dataclass(slots=True)
class Ties:
    """Counts pairs of a negative and a positive event of one time, batch by batch.

    ``negatives`` and ``positives`` have an event of the other kind at their time; ``pairs`` are
    all of these two and two, and in ``rising`` the negative one stands before the positive one.
    """

    negatives: int = 0
    positives: int = 0
    pairs: int = 0
    rising: int = 0
    _at_us: int | None = None
    # Of the time that the next batch may go on with: negatives, positives, rising pairs.
    _open: Int64s = field(default_factory=lambda: np.zeros(3, np.int64))

    def add(self, at_us: Int64s, positive: NDArray[np.bool_]) -> None:
        """Count labelled events, in the order in which they stand, times ascending."""
        if not len(at_us):
            return
        start = np.flatnonzero(np.append(True, at_us[1:] != at_us[:-1]))
        one, other = positive.astype(np.int64), (~positive).astype(np.int64)
        before = np.cumsum(other) - other
        below = before - np.repeat(before[start], np.diff(np.append(start, len(at_us))))
        times = np.stack([np.add.reduceat(of, start) for of in (other, one, one * below)])
        if at_us[0] == self._at_us:
            times[:, 0] += self._open
            times[2, 0] += self._open[0] * (times[1, 0] - self._open[1])
        else:
            self._close(self._open[:, None])
        self._close(times[:, :-1])
        self._at_us, self._open = int(at_us[-1]), times[:, -1]

    def end(self) -> "Ties":
        """Count the last time as well; there is nothing to add then."""
        self._close(self._open[:, None])
        return self

    def _close(self, times: Int64s) -> None:
        negatives, positives, rising = times[:, (times[0] > 0) & (times[1] > 0)]
        self.negatives += int(negatives.sum())
        self.positives += int(positives.sum())
        self.pairs += int((negatives * positives).sum())
        self.rising += int(rising.sum())

    @property
    def one_way(self) -> float:
        """Share of the pairs that stand the way that most of them do; a half by chance."""
        return max(self.rising, self.pairs - self.rising) / max(self.pairs, 1)

    @property
    def are_by_label(self) -> bool:
        """Tell whether the label made the order."""
        enough = min(self.negatives, self.positives) >= LEAST_EVENTS
        return enough and self.one_way > MOST_ONE_WAY
