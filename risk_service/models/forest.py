"""Raw scores of all models of a variant in one pass over a group, bit for bit LightGBM's own.

LightGBM takes row by row through all trees of one model; most of that time it waits for
memory. Here the trees of all models lie in flat arrays and a compiled loop takes several rows
through one tree at once. The library stays what says what a model means: it loads every
bundle first, answers whatever this cannot, and is compared with at every load.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.loops import load_loops
from risk_service.models.model_text import ModelText, Tree

Floats = NDArray[np.float64]

# LightGBM takes what lies this near to zero for zero (``kZeroThreshold``, a float there).
NEAR_ZERO = float(np.float32(1e-35))


class Forest:
    """The trees of several models over the same features.

    Parameters
    ----------
    texts
        The models as the strict reader saw them: numerical splits and constant leaves only.
    """

    def __init__(self, texts: Sequence[ModelText]) -> None:
        self._models = len(texts)
        self._loops: Any = load_loops("forest")
        self._trees = None if self._loops is None else _laid_out(texts, self._loops.Trees)

    def raw(self, rows: Floats) -> Floats | None:
        """Return raw scores (log odds), shape (models, n), of C-contiguous rows (n, features).

        None when a value is missing, or without numba: then the library must be asked.
        """
        if self._trees is None:
            return None
        count = len(rows)
        # The loop takes eight rows at once, the last ones too.
        out: Floats = np.empty((self._models, count + -count % 8))
        told = self._loops.raw_scores(rows, tuple(self._trees), out)
        return out[:, :count] if told else None


def _laid_out(texts: Sequence[ModelText], trees_type: Any) -> Any:  # a NamedTuple of the loops
    nodes = _Nodes()
    ends = []
    for text in texts:
        for tree in text.trees:
            nodes.add(tree)
        ends.append(len(nodes.first))
    return trees_type(
        first=np.array(nodes.first, np.uint32),
        depth=np.array(nodes.depth, np.uint32),
        ends=np.array(ends, np.uint32),
        feature=np.array(nodes.feature, np.uint32),
        threshold=np.array(nodes.threshold, np.float64),
        child=np.array(nodes.child, np.uint32),
        value=np.array(nodes.value, np.float64),
        used=np.array(sorted(nodes.used), np.uint32),
    )


class _Nodes:
    """Splits and leaves of trees in the order of their level, the two children side by side."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.depth: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.child: list[int] = []
        self.value: list[float] = []
        self.used: set[int] = set()

    def add(self, tree: Tree) -> None:
        """Lay out a tree."""
        start = len(self.value)
        splits = list(zip(*_columns(tree), strict=True))
        leaves = tree.leaf_value.tolist()
        # Node of the text and its level; a node below 0 is leaf -1 - node.
        waiting = deque([(0 if splits else -1, 0)])
        placed, level = 1, 0
        while waiting:
            node, level = waiting.popleft()
            if node < 0:
                here = len(self.value)
                self._append(feature=0, threshold=np.inf, child=here, value=leaves[-1 - node])
                continue
            feature, threshold, left, right = splits[node]
            self.used.add(feature)
            self._append(feature=feature, threshold=threshold, child=start + placed, value=0.0)
            waiting += ((left, level + 1), (right, level + 1))
            placed += 2
        self.first.append(start)
        self.depth.append(level)

    def _append(self, *, feature: int, threshold: float, child: int, value: float) -> None:
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.child.append(child)
        self.value.append(value)


def _columns(tree: Tree) -> tuple[list[Any], ...]:
    return (
        tree.split_feature.tolist(),
        _as_compared(tree.threshold).tolist(),
        tree.left_child.tolist(),
        tree.right_child.tolist(),
    )


def _as_compared(threshold: Floats) -> Floats:
    """Return thresholds that part values as LightGBM parts them once tiny ones are zero."""
    tiny = np.abs(threshold) <= NEAR_ZERO
    below = np.nextafter(-NEAR_ZERO, -np.inf)
    return np.where(tiny, np.where(threshold >= 0.0, NEAR_ZERO, below), threshold)
