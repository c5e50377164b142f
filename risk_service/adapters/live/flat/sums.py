"""The loop that adds up records of linked accounts: what ``ClusterFeatures.rows`` says.

Equal to its last bit: numbers are added in the order in which numpy's ``reduceat`` adds them.
"""

from typing import NamedTuple

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.group import ask_for_block, read
from risk_service.adapters.live.flat.memory import Floats, Ints
from risk_service.adapters.live.flat.program import Program
from risk_service.loops.compiled import Arrays

# An order's span: its first cell, the end of the cluster's members among them, then first and
# end of its neighbours in the list of their cells. The first is ``NOBODY`` without an account.
FIRST, MEMBERS, NEAR, NEAR_END, SPAN = range(5)
NOBODY = -1
# A total: whether over the cluster (else over neighbours), how, into which column, of which.
IS_CLUSTER, HOW, OUT, COLUMN = range(4)
SUM, MEAN, MAX, COUNT = range(4)
# numpy adds this many in a row, and more of them in as many strands.
STRANDS = 8


class Sums(NamedTuple):
    """What is added up: key groups of the sources, (column, fact) pairs, totals row by row."""

    groups: Ints
    facts: Ints
    totals: Ints


class Asked(NamedTuple):
    """A group of orders: ``spans`` and ``facts`` by order, ``blocks`` by cell and source.

    A cell is another account of an order; block 0 says that it has no record there. ``near``
    holds cells of neighbours. ``own`` are the orders' windows, ``read`` has a row per cell to
    read windows into, ``line`` room for one account more than an order sees.
    """

    spans: Ints
    facts: Floats
    blocks: Ints
    near: Ints
    own: Floats
    read: Floats
    line: Floats


@compiled
def add_up(
    words: Ints, program: Arrays, sums: Arrays, asked: Arrays, out: Floats, r_us: int
) -> None:
    """Write the cluster features of each order; blocks are read at ``r_us``."""
    _add_up(words, Program(*program), Sums(*sums), Asked(*asked), out, r_us)


@compiled
def _add_up(
    words: Ints, program: Program, sums: Sums, asked: Asked, out: Floats, r_us: int
) -> None:
    for block in asked.blocks.flat:
        ask_for_block(words, int(block))
    for cell in range(len(asked.blocks)):
        for source in range(len(sums.groups)):
            plan, o = program.plans[sums.groups[source]], asked.blocks[cell, source]
            if o:
                read(words, program, plan, (o, r_us), asked.read[cell])
            else:
                first = plan[at.FIRST_OUT]
                asked.read[cell, first : first + plan[at.OUTS]] = np.nan
    for order in range(len(out)):
        for place in range(len(sums.facts)):
            out[order, sums.facts[place, 0]] = asked.facts[order, sums.facts[place, 1]]
        for place in range(len(sums.totals)):
            total = sums.totals[place]
            count = _gather(asked, order, total[IS_CLUSTER], total[COLUMN])
            out[order, total[OUT]] = _total(asked.line, count, total[HOW])


@compiled
def _gather(asked: Asked, order: int, is_cluster: int, column: int) -> int:
    """Put a column's values of an order's accounts in line; return how many there are."""
    span, line, count = asked.spans[order], asked.line, 0
    if span[FIRST] == NOBODY:
        return 0
    if is_cluster:
        line[0] = asked.own[order, column]
        count = 1
        for cell in range(span[FIRST], span[MEMBERS]):
            line[count] = asked.read[cell, column]
            count += 1
        return count
    for place in range(span[NEAR], span[NEAR_END]):
        line[count] = asked.read[asked.near[place], column]
        count += 1
    return count


@compiled
def _total(line: Floats, count: int, how: int) -> float:
    """Add up the values that are there; NaN where none is."""
    there, above = 0, 0
    most: float = -np.inf
    for place in range(count):
        value = line[place]
        if np.isnan(value):
            line[place] = 0.0
            continue
        there += 1
        above += value > 0
        most = max(most, value)
    if not there:
        return np.nan
    if how == COUNT:
        return float(above)
    if how == MAX:
        return most
    total: float = line[0]
    if count > 1:
        total += _sum_of_rest(line, count)
    return total / there if how == MEAN else total


@compiled
def _sum_of_rest(line: Floats, count: int) -> float:
    """Return the sum of all but the first, added in numpy's order; at most 129 of them."""
    rest = count - 1
    total: float = 0.0
    strands = rest - rest % STRANDS
    if strands:
        s0, s1, s2, s3 = line[1], line[2], line[3], line[4]
        s4, s5, s6, s7 = line[5], line[6], line[7], line[8]
        for place in range(1 + STRANDS, 1 + strands, STRANDS):
            s0, s1, s2, s3 = (
                s0 + line[place], s1 + line[place + 1],
                s2 + line[place + 2], s3 + line[place + 3],
            )  # fmt: skip
            s4, s5, s6, s7 = (
                s4 + line[place + 4], s5 + line[place + 5],
                s6 + line[place + 6], s7 + line[place + 7],
            )  # fmt: skip
        total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for place in range(1 + strands, count):
        total += line[place]
    return total
