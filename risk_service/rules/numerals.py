"""Which whole-number literals of an expression stand for numbers.

CEL keeps ints and doubles apart: ``attempts >= 3`` would not compile, because the variable
is a double. To an analyst a number is a number. So a literal, or an expression of literals,
that meets a number is widened before the engine checks types; nothing else is.
"""

from collections.abc import Mapping

from risk_service.rules.language import ARITHMETIC, COMPARISONS, RATIO, Kind, Variables
from risk_service.rules.syntax import Node

NUMBER, WHOLE, LITERAL, TEXT, FLAG, UNKNOWN = "number", "whole", "literal", "text", "flag", ""
_LIST = "list:"
_OF_KIND = {
    Kind.NUMBER: NUMBER,
    Kind.INTEGER: WHOLE,
    Kind.FLAG: FLAG,
    Kind.TEXT: TEXT,
    Kind.TEXTS: _LIST + TEXT,
}
_OF_CALL = {"size": WHOLE, "int": WHOLE, "double": NUMBER, RATIO: NUMBER, "string": TEXT}


class Widening:
    """Finds the literals to widen, divisions whose divisor may be 0, and lists of several kinds.

    Attributes
    ----------
    literals
        Places of the literals to widen.
    divisions
        Divisions of numbers by what is no literal; their result would be infinite for 0.
    mixed
        Elements of another kind than their list's first: the engine lets any value meet such
        a list, and what cannot be equal would silently never be.
    """

    def __init__(self, tree: Node, variables: Variables) -> None:
        self.literals: set[int] = set()
        self.divisions: list[Node] = []
        self.mixed: list[Node] = []
        self._type(tree, {name: _OF_KIND[kind] for name, kind in variables.items()})

    def _type(self, node: Node, names: Mapping[str, str]) -> str:
        if node.kind == "constant":
            return _of_constant(node.value)
        if node.kind == "name":
            return names.get(node.name, UNKNOWN)
        if node.kind == "loop":
            return self._loop(node, names)
        types = [self._type(part, names) for part in node.parts]
        if node.kind == "list":
            return self._list(node, types)
        return self._call(node, types) if node.kind == "call" else UNKNOWN

    def _call(self, node: Node, types: list[str]) -> str:
        if node.name in ARITHMETIC and len(types) == 2:
            return self._arithmetic(node, types)
        if node.name in COMPARISONS and len(types) == 2:
            self._meet(node.parts[0], types[0], node.parts[1], types[1])
            return FLAG
        if node.name == "_?_:_":
            return self._meet(node.parts[1], types[1], node.parts[2], types[2])
        if node.name == "@in" and types[1].startswith(_LIST):
            self._meet(node.parts[0], types[0], node.parts[1], types[1].removeprefix(_LIST))
            return FLAG
        if node.name == "_[_]":
            return types[0].removeprefix(_LIST)
        if node.name == "-_":
            return types[0]
        if node.name == RATIO:
            self._widen(*[p for p, t in zip(node.parts, types, strict=True) if t == LITERAL])
        return _OF_CALL.get(node.name, FLAG)

    def _arithmetic(self, node: Node, types: list[str]) -> str:
        if node.name == "_/_" and types[1] != WHOLE and node.parts[1].kind != "constant":
            self.divisions.append(node)
        return self._meet(node.parts[0], types[0], node.parts[1], types[1])

    def _list(self, node: Node, types: list[str]) -> str:
        element = types[0] if types else UNKNOWN
        kinds = [NUMBER if one in (LITERAL, WHOLE) else one for one in types]
        told = [(part, kind) for part, kind in zip(node.parts, kinds, strict=True) if kind]
        self.mixed += [part for part, kind in told if kind != told[0][1]]
        if NUMBER in types:
            self._widen(*[p for p, t in zip(node.parts, types, strict=True) if t == LITERAL])
            element = NUMBER
        return _LIST + element

    def _loop(self, node: Node, names: Mapping[str, str]) -> str:
        elements = self._type(node.parts[0], names).removeprefix(_LIST)
        # The elements themselves are out of reach of what they meet: they stay whole.
        elements = WHOLE if elements == LITERAL else elements
        inner = {**names, node.name: elements}
        for part in node.parts[1:]:
            self._type(part, inner)
        return UNKNOWN

    def _meet(self, left: Node, left_type: str, right: Node, right_type: str) -> str:
        if left_type == right_type:
            return left_type
        pair = {left_type, right_type}
        if pair == {LITERAL, NUMBER}:
            self._widen(left if left_type == LITERAL else right)
            return NUMBER
        if pair == {LITERAL, WHOLE}:
            return WHOLE
        if pair == {_LIST + LITERAL, _LIST + NUMBER}:
            self._widen(left if left_type == _LIST + LITERAL else right)
            return _LIST + NUMBER
        return UNKNOWN

    def _widen(self, *nodes: Node) -> None:
        for node in nodes:
            if node.kind == "constant":
                if type(node.value) is int:
                    self.literals.add(node.at)
            elif node.name == "_?_:_":
                self._widen(*node.parts[1:])
            elif node.kind == "list" or node.name in ARITHMETIC or node.name == "-_":
                self._widen(*node.parts)


def _of_constant(value: object) -> str:
    if isinstance(value, bool):
        return FLAG
    if isinstance(value, int):
        return LITERAL
    if isinstance(value, float):
        return NUMBER
    return TEXT if isinstance(value, str) else UNKNOWN
