"""Which rules may hold for which orders of a group; ``rules.group_match`` lays both out.

Says of atoms and clauses what ``rules.screen`` says: a rule is left out where all atoms of one
of its clauses are certainly false.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_service.loops.compiled import Arrays, compiler

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]

# When an atom is certainly false: its value lies within bounds, or is there and does not, or
# is missing, or is there.
WITHIN, BEYOND, MISSING, KNOWN = range(4)

compiled = compiler([Path(__file__)])


class Columns(NamedTuple):
    """What rules read of the model inputs: where, and when it is missing.

    ``unknown`` is the value that stands for missing (NaN: none does). ``needs`` has a bit for
    each entity without which it is missing; ``of_order`` is 1 where no history is needed.
    """

    slot: Ints
    unknown: Floats
    needs: Ints
    of_order: Flags


class Rules(NamedTuple):
    """Clauses of rules and atoms of clauses, by the number after the last of each."""

    clause_end: Ints
    atom_end: Ints
    kind: Ints
    column: Ints
    low: Floats
    high: Floats


class Group(NamedTuple):
    """Orders: model inputs, bits of the entities that each lacks, scores.

    Scores are columns after those of the model inputs. ``scope`` is each order's row of
    ``scopes``, which says what rules concern it.
    """

    matrix: Floats
    lacks: Ints
    scores: Floats
    scope: Ints
    scopes: Flags


@compiled
def candidates(
    group: Arrays, has_history: bool, columns: Arrays, rules: Arrays, out: tuple[Floats, Ints]
) -> int:
    """Return how many pairs of an order and a rule are left.

    Writes the values as rules see them (first of ``out``), NaN where missing, and the pairs
    (second) as order times rules plus rule, in that order.
    """
    return _candidates(Group(*group), has_history, Columns(*columns), Rules(*rules), out)


@compiled
def _candidates(
    group: Group, has_history: bool, columns: Columns, rules: Rules, out: tuple[Floats, Ints]
) -> int:
    values, found = out
    count, n_rules = 0, rules.clause_end.shape[0]
    for order in range(values.shape[0]):
        _read(group, order, has_history, columns, values[order])
        scope, clause = group.scopes[group.scope[order]], 0
        for rule in range(n_rules):
            if scope[rule] and _may_hold(rules, clause, rules.clause_end[rule], values[order]):
                found[count] = order * n_rules + rule
                count += 1
            clause = rules.clause_end[rule]
    return count


@compiled
def _read(group: Group, order: int, has_history: bool, columns: Columns, out: Floats) -> None:
    row, lacks, n_slots = group.matrix[order], group.lacks[order], columns.slot.shape[0]
    for place in range(n_slots):
        value = row[columns.slot[place]]
        if (
            value == columns.unknown[place]
            or columns.needs[place] & lacks
            or not (has_history or columns.of_order[place])
        ):
            value = np.nan
        out[place] = value
    for place in range(group.scores.shape[1]):
        out[n_slots + place] = group.scores[order, place]


@compiled
def _may_hold(rules: Rules, clause: int, end: int, values: Floats) -> bool:
    for each in range(clause, end):
        atom = rules.atom_end[each - 1] if each else 0
        while atom < rules.atom_end[each] and _is_false(rules, atom, values):
            atom += 1
        if atom == rules.atom_end[each]:
            return False
    return True


@compiled
def _is_false(rules: Rules, atom: int, values: Floats) -> bool:
    value, kind = values[rules.column[atom]], rules.kind[atom]
    if kind == WITHIN:
        return bool(rules.low[atom] <= value <= rules.high[atom])
    if kind == BEYOND:
        return bool(value < rules.low[atom] or value > rules.high[atom])
    return bool((value != value) == (kind == MISSING))


def compile_now() -> None:
    """Compile, or load what was kept, before the first group comes."""
    numbers, places, flags = np.zeros(1), np.zeros(1, np.int64), np.zeros(1, np.uint8)
    table, one = np.zeros((1, 1)), np.ones(1, np.int64)
    candidates(
        (table, places, table, places, flags.reshape(1, 1)),
        True,
        (places, numbers, places, flags),
        (one, one, places, places, numbers, numbers),
        (np.zeros((1, 2)), places),
    )
