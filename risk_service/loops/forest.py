"""Walks the trees of several models for a group of rows; ``models.forest`` lays them out.

A walk is a chain of loads that wait for each other, so eight are under way at once: those of
eight rows through one tree, or of the same row through four. Where a few rows are left, the
last one takes the free places, which is faster than one row after the other. Every walk takes
as many steps as its tree is deep, since a leaf leads to itself: no step has to ask whether it
is the last. Numbers of nodes are unsigned, which spares a test for indices below 0 at each load.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_service.loops.compiled import Arrays, compiler

Floats = NDArray[np.float64]
Places = NDArray[np.uint32]

# So many rows or more go through a tree together; of fewer each goes alone.
TOGETHER_FROM = 4

compiled = compiler([Path(__file__)])


class Trees(NamedTuple):
    """All trees of all models, one after the other.

    ``first`` and ``depth`` run over the trees, ``ends`` over the models: the number of the
    tree after its last. The others run over the nodes. A value of ``feature`` above
    ``threshold`` leads to the node after ``child``, any other to ``child`` itself.
    ``used`` names the features that are read.
    """

    first: Places
    depth: Places
    ends: Places
    feature: Places
    threshold: Floats
    child: Places
    value: Floats
    used: Places


@compiled
def raw_scores(rows: Floats, trees: Arrays, out: Floats) -> bool:
    """Write the sums of the leaves reached, shape (models, rows), added up tree by tree.

    ``out`` has room for a multiple of eight rows; what it holds beyond the last means nothing.
    False, and nothing is written, when a value that is read is missing (NaN).
    """
    return _raw_scores(rows, Trees(*trees), out)


@compiled
def _raw_scores(rows: Floats, trees: Trees, out: Floats) -> bool:
    used = trees.used
    for row in range(rows.shape[0]):
        for place in range(used.shape[0]):
            if np.isnan(rows[row, used[place]]):
                return False
    for start in range(0, rows.shape[0], 8):
        left = rows.shape[0] - start
        if left >= TOGETHER_FROM:
            _eight_rows(rows[start : start + 8], trees, out[:, start : start + 8])
            continue
        for row in range(start, start + left):
            _one_row(rows[row], trees, out[:, row])
    return True


@compiled
def _eight_rows(rows: Floats, trees: Trees, out: Floats) -> None:
    feature, threshold, child, value = trees.feature, trees.threshold, trees.child, trees.value
    last = rows.shape[0] - 1
    r0, r1, r2, r3 = rows[0], rows[1], rows[2], rows[3]
    r4, r5, r6, r7 = rows[min(4, last)], rows[min(5, last)], rows[min(6, last)], rows[last]
    tree = np.uint32(0)
    for model in range(out.shape[0]):
        total = out[model]
        total[:] = 0.0
        while tree < trees.ends[model]:
            a = b = c = d = e = f = g = h = trees.first[tree]
            for _ in range(trees.depth[tree]):
                a = child[a] + np.uint32(r0[feature[a]] > threshold[a])
                b = child[b] + np.uint32(r1[feature[b]] > threshold[b])
                c = child[c] + np.uint32(r2[feature[c]] > threshold[c])
                d = child[d] + np.uint32(r3[feature[d]] > threshold[d])
                e = child[e] + np.uint32(r4[feature[e]] > threshold[e])
                f = child[f] + np.uint32(r5[feature[f]] > threshold[f])
                g = child[g] + np.uint32(r6[feature[g]] > threshold[g])
                h = child[h] + np.uint32(r7[feature[h]] > threshold[h])
            total[0] += value[a]
            total[1] += value[b]
            total[2] += value[c]
            total[3] += value[d]
            total[4] += value[e]
            total[5] += value[f]
            total[6] += value[g]
            total[7] += value[h]
            tree += np.uint32(1)


@compiled
def _one_row(row: Floats, trees: Trees, out: Floats) -> None:
    first, depth, feature = trees.first, trees.depth, trees.feature
    threshold, child, value = trees.threshold, trees.child, trees.value
    tree, one = np.uint32(0), np.uint32(1)
    for model in range(out.shape[0]):
        total, end = 0.0, trees.ends[model]
        while tree + np.uint32(4) <= end:
            second, third, fourth = tree + one, tree + np.uint32(2), tree + np.uint32(3)
            a, b, c, d = first[tree], first[second], first[third], first[fourth]
            deepest = max(depth[tree], depth[second], depth[third], depth[fourth])
            for _ in range(deepest):
                a = child[a] + np.uint32(row[feature[a]] > threshold[a])
                b = child[b] + np.uint32(row[feature[b]] > threshold[b])
                c = child[c] + np.uint32(row[feature[c]] > threshold[c])
                d = child[d] + np.uint32(row[feature[d]] > threshold[d])
            total += value[a]
            total += value[b]
            total += value[c]
            total += value[d]
            tree += np.uint32(4)
        while tree < end:
            a = first[tree]
            for _ in range(depth[tree]):
                a = child[a] + np.uint32(row[feature[a]] > threshold[a])
            total += value[a]
            tree += one
        out[model] = total


def compile_now() -> None:
    """Compile, or load what was kept, before the first group comes."""
    places, numbers = np.zeros(1, np.uint32), np.zeros(1)
    one_leaf = Trees(
        first=places,
        depth=places,
        ends=np.ones(1, np.uint32),
        feature=places,
        threshold=numbers,
        child=places,
        value=numbers,
        used=places,
    )
    raw_scores(np.zeros((1, 1)), tuple(one_leaf), np.zeros((1, 8)))
