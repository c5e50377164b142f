"""Which rules cannot hold, told without the engine.

Most rules are conjunctions of comparisons, and for most orders one of those is plainly
false. Seeing that in Python costs a tenth of an evaluation, and then the engine is asked only
about the few rules that are left. This changes no result: like the engine's ``&&`` and
``||``, it takes a missing value for unknown, and it only ever says "false" where the engine
would, whatever the other parts are.

A rule becomes clauses, all of which must hold; a clause is a choice of atoms, and is false
when all its atoms are. What has no such form is left out, so the engine decides it.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from risk_service.rules.language import KNOWN, Kind, Variables
from risk_service.rules.syntax import Node

# Variable, test that is true only when the atom is certainly false, what it compares with.
Atom = tuple[str, Callable[[Any, Any], bool], Any]
Clause = tuple[Atom, ...]
CLAUSES_MAX = 16

_MIRRORED = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_"}
_OPPOSITE = {
    "_<_": "_>=_",
    "_<=_": "_>_",
    "_>_": "_<=_",
    "_>=_": "_<_",
    "_==_": "_!=_",
    "_!=_": "_==_",
}


def differs(value: Any, bound: Any) -> bool:  # values of any kind
    """Tell whether a value is there and another one."""
    # NaN, which is how missing reads, differs from itself.
    return bool(value == value and value != bound)


def _outside(value: Any, bound: Any) -> bool:  # as above
    return bool(value == value and value not in bound)


def _inside(value: Any, bound: Any) -> bool:  # as above
    return bool(value == value and value in bound)


def _lacks(value: Any, bound: Any) -> bool:  # as above
    return bool(value == value and bound not in value)


def _holds(value: Any, bound: Any) -> bool:  # as above
    return bool(value == value and bound in value)


def is_missing(value: Any, _: Any) -> bool:  # as above
    """Tell whether there is no value."""
    return bool(value != value)


def is_known(value: Any, _: Any) -> bool:  # as above
    """Tell whether there is a value."""
    return bool(value == value)


def _never(_: Any, __: Any) -> bool:  # as above
    return False


_NEVER_FALSE: Atom = ("", _never, None)
# What makes a comparison certainly false; of two numbers, or with NaN, Python says as CEL.
_IMPOSSIBLE: dict[str, Callable[[Any, Any], bool]] = {
    "_<_": operator.ge,
    "_<=_": operator.gt,
    "_>_": operator.le,
    "_>=_": operator.lt,
    "_==_": differs,
    "_!=_": operator.eq,
}


def clauses(tree: Node, variables: Variables) -> tuple[Clause, ...]:
    """Return clauses all of which hold when the expression does; none when none can be told."""
    found = _Reader(variables).read(tree, holds=True)
    # The shortest first: most rules fail by a single comparison.
    return tuple(sorted(found, key=len))


def quickest(rule: tuple[Clause, ...]) -> Atom:
    """Return the one atom that is tried before all others: a comparison, if there is one.

    Where no clause is a single atom, it is one that is never false.
    """
    alone = [clause[0] for clause in rule if len(clause) == 1]
    compared = [atom for atom in alone if atom[1] is not is_missing]
    return (compared or alone or [_NEVER_FALSE])[0]


def impossible(rule: tuple[Clause, ...], values: Mapping[str, Any]) -> bool:
    """Tell whether some clause is certainly false."""
    try:
        for clause in rule:
            for name, test, bound in clause:
                if not test(values[name], bound):
                    break
            else:
                return True
    except TypeError:
        # A value of another kind than declared: the engine says what that comes to.
        return False
    return False


class _Reader:
    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def read(self, node: Node, *, holds: bool) -> list[Clause]:
        """Return clauses of the node, or of its negation."""
        if node.kind == "call" and node.name == "!_":
            return self.read(node.parts[0], holds=not holds)
        if node.kind == "call" and node.name in ("_&&_", "_||_"):
            left = self.read(node.parts[0], holds=holds)
            right = self.read(node.parts[1], holds=holds)
            return left + right if (node.name == "_&&_") == holds else _either(left, right)
        atom = self._atom(node, holds=holds)
        return [(atom,)] if atom else []

    def _atom(self, node: Node, *, holds: bool) -> Atom | None:
        if node.kind == "name" and self._variables.get(node.name) is Kind.FLAG:
            return (node.name, operator.is_, not holds)
        if node.kind != "call":
            return None
        if node.name == KNOWN:
            return (node.parts[0].name, is_missing if holds else is_known, None)
        if node.name == "@in":
            return self._membership(node, holds=holds)
        return self._comparison(node, holds=holds) if node.name in _IMPOSSIBLE else None

    def _comparison(self, node: Node, *, holds: bool) -> Atom | None:
        left, right = node.parts
        name = node.name
        if left.kind == "constant":
            left, right, name = right, left, _MIRRORED.get(name, name)
        kind = self._variables.get(left.name) if left.kind == "name" else None
        bound = _bound(right)
        if kind is Kind.NUMBER and isinstance(bound, float):
            pass
        elif kind is not Kind.TEXT or not isinstance(bound, str) or name not in ("_==_", "_!=_"):
            return None
        return (left.name, _IMPOSSIBLE[name if holds else _OPPOSITE[name]], bound)

    def _membership(self, node: Node, *, holds: bool) -> Atom | None:
        item, many = node.parts
        if item.kind == "name" and many.kind == "list":
            kind = self._variables.get(item.name)
            wanted = float if kind is Kind.NUMBER else str if kind is Kind.TEXT else None
            bounds = [_bound(part) for part in many.parts]
            if wanted and all(isinstance(bound, wanted) for bound in bounds):
                return (item.name, _outside if holds else _inside, frozenset(bounds))
        if many.kind == "name" and self._variables.get(many.name) is Kind.TEXTS:
            bound = _bound(item)
            if isinstance(bound, str):
                return (many.name, _lacks if holds else _holds, bound)
        return None


def _bound(node: Node) -> object:
    """Return a constant; whole numbers beside a number are numbers."""
    if node.kind != "constant" or isinstance(node.value, bool):
        return None
    return float(node.value) if isinstance(node.value, int) else node.value


def _either(left: list[Clause], right: list[Clause]) -> list[Clause]:
    """Return the clauses of a choice: every pair of one clause from each side."""
    if len(left) * len(right) > CLAUSES_MAX:
        return []
    return [first + second for first in left for second in right]
