"""Rules held against a group of orders at once: one compiled pass says which may hold.

The pass reads the values of all orders from the matrix of model inputs and leaves out every
rule that ``screen`` would leave out by its numbers. Only for the pairs of an order and a rule
that are left are values put by name, the rest of the screen asked and then the engine: the
hits are those of ``RuleSet.match`` on ``OrderReader.group``, which does the same without numba.
"""

import math
import operator
from collections.abc import Callable, Sequence
from itertools import chain, groupby
from typing import Any

import numpy as np
from msgspec import Struct

from risk_service.domain.hits import RuleHit
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Mode, PromotionType
from risk_service.features.schema import FeatureSchema
from risk_service.loops import load_loops
from risk_service.rules import screen
from risk_service.rules.order_values import (
    SCORES,
    WITHOUT_HISTORY,
    Floats,
    OrderFacts,
    OrderReader,
    OrderValues,
)
from risk_service.rules.rule_set import PLANS_MAX, RuleSet
from risk_service.rules.screen import Atom, Clause
from risk_service.rules.variables import Subject

# As ``loops.screen`` names them: kind, lowest and highest value at which an atom is false.
_WITHIN, _BEYOND, _MISSING, _KNOWN = range(4)
_Range = tuple[int, float, float]
NO_SCORES = (math.nan,) * len(SCORES)


class GroupFacts(Struct, frozen=True, kw_only=True, gc=False):
    """A group as rules meet it; sequences run over the orders.

    Parameters
    ----------
    matrix
        Model inputs, shape (orders, features of the schema).
    scores
        As in ``OrderFacts``: empty for each order when the models did not run.
    facts
        Returns what else is known of the order at a place: asked only where a rule may hold.
    """

    orders: Sequence[Order]
    promotions: Sequence[frozenset[PromotionType]]
    matrix: Floats
    mode: Mode
    scores: Sequence[tuple[int, ...]]
    facts: Callable[[int], OrderFacts]
    at_us: int


class GroupMatch:
    """The order rules of a set, ready for groups.

    Parameters
    ----------
    schema
        Names the columns of the matrix.
    """

    def __init__(self, schema: FeatureSchema, rules: RuleSet) -> None:
        self._rules = rules
        self._reader = OrderReader(schema, rules)
        self._loops: Any = load_loops("screen")
        self._scopes: dict[frozenset[PromotionType], int] = {}
        if self._loops is not None:
            self._loops.compile_now()
            self._columns = self._loops.Columns(*self._reader.columns())
            self._program = self._laid_out()
            self._table = self._no_scopes()

    def hits(self, group: GroupFacts) -> list[tuple[RuleHit, ...]]:
        """Return what the rules in scope say of each order, as ``RuleSet.match`` does."""
        if self._loops is None:
            return self._one_by_one(group)
        found: list[tuple[RuleHit, ...]] = [()] * len(group.orders)
        names, match = self._reader.names, self._rules.match_some
        pairs, values = self._candidates(group)
        n_rules = len(self._program.clause_end)
        for place, left in groupby(pairs, lambda pair: pair // n_rules):
            row = values[place, : len(names)].tolist()
            known = OrderValues(
                zip(names, row, strict=True), group.orders[place], group.facts(place)
            )
            found[place] = match([pair % n_rules for pair in left], group.at_us, known)
        return found

    def _candidates(self, group: GroupFacts) -> tuple[list[int], Floats]:
        count, n_rules = len(group.orders), len(self._program.clause_end)
        scores = group.scores if all(group.scores) else [NO_SCORES] * count
        flat = np.fromiter(chain.from_iterable(scores), np.float64, count * len(SCORES))
        values = np.empty((count, len(self._columns.slot) + len(SCORES)))
        found = np.empty(count * n_rules, np.int64)
        if len(self._scopes) >= PLANS_MAX:
            self._scopes.clear()
        # Looked up first: a new kind of order makes the table anew.
        scope = np.array([self._scope(kinds) for kinds in group.promotions], np.int64)
        orders = self._loops.Group(
            matrix=group.matrix,
            lacks=np.array(self._reader.lacking(group.orders), np.int64),
            scores=flat.reshape(count, len(SCORES)),
            scope=scope,
            scopes=self._table,
        )
        left = self._loops.candidates(
            tuple(orders),
            group.mode not in WITHOUT_HISTORY,
            tuple(self._columns),
            tuple(self._program),
            (values, found),
        )
        return found[:left].tolist(), values

    def _scope(self, promotions: frozenset[PromotionType]) -> int:
        """Return the row of the table that says what rules concern such orders."""
        row = self._scopes.get(promotions)
        if row is None:
            row = self._scopes[promotions] = len(self._scopes)
            concerned = self._rules.concerned(promotions)
            self._table = np.vstack((self._table[:row], np.array([concerned], np.uint8)))
        return row

    def _no_scopes(self) -> Any:  # an array whose type vstack keeps
        return np.empty((0, len(self._program.clause_end)), np.uint8)

    def _one_by_one(self, group: GroupFacts) -> list[tuple[RuleHit, ...]]:
        facts = [group.facts(place) for place in range(len(group.orders))]
        values = self._reader.group(group.orders, group.matrix, group.mode, facts)
        return [
            self._rules.match(kinds, group.at_us, known)
            for kinds, known in zip(group.promotions, values, strict=True)
        ]

    def _laid_out(self) -> Any:  # a NamedTuple of the loops
        columns = {name: at for at, name in enumerate((*self._reader.names, *SCORES))}
        clause_end, atom_end, atoms = [], [], []
        for rule in self._rules.clauses(Subject.ORDER):
            for clause in rule:
                ranges = _ranges(clause, columns)
                if ranges:
                    atoms += ranges
                    atom_end.append(len(atoms))
            clause_end.append(len(atom_end))
        kind, column, low, high = zip(*atoms, strict=True) if atoms else ((), (), (), ())
        return self._loops.Rules(
            clause_end=np.array(clause_end, np.int64),
            atom_end=np.array(atom_end, np.int64),
            kind=np.array(kind, np.int64),
            column=np.array(column, np.int64),
            low=np.array(low, np.float64),
            high=np.array(high, np.float64),
        )


def _ranges(clause: Clause, columns: dict[str, int]) -> list[tuple[int, int, float, float]]:
    """Return the atoms of a clause by their numbers; none where one is about anything else."""
    found = []
    for atom in clause:
        told = _range(atom) if atom[0] in columns else None
        if told is None:
            return []
        kind, low, high = told
        found.append((kind, columns[atom[0]], low, high))
    return found


def _range(atom: Atom) -> _Range | None:
    """Return the values of a number at which the atom is certainly false."""
    _, test, bound = atom
    if test is screen.is_missing:
        return _MISSING, 0.0, 0.0
    if test is screen.is_known:
        return _KNOWN, 0.0, 0.0
    tell = _RANGES.get(test)
    return None if tell is None else tell(bound)


def _above(bound: float) -> _Range:
    """Return the values above a bound; none lies above infinity."""
    return (_WITHIN, math.nextafter(bound, math.inf) if bound < math.inf else math.nan, math.inf)


def _below(bound: float) -> _Range:
    return (_WITHIN, -math.inf, math.nextafter(bound, -math.inf) if bound > -math.inf else math.nan)


_RANGES: dict[Callable[[Any, Any], bool], Callable[[float], _Range]] = {
    operator.ge: lambda bound: (_WITHIN, bound, math.inf),
    operator.gt: _above,
    operator.le: lambda bound: (_WITHIN, -math.inf, bound),
    operator.lt: _below,
    operator.eq: lambda bound: (_WITHIN, bound, bound),
    screen.differs: lambda bound: (_BEYOND, bound, bound),
}
