"""Expressions of rules: compiled once, statically typed, evaluated on values.

The only module that imports the CEL engine. Two things are the language's own, rewritten
before the engine sees them: ``known(x)`` tells whether ``x`` has a value, and a whole number
beside a NUMBER is one (``attempts >= 3``).

A missing value is left unbound. ``||`` and ``&&`` absorb it where the result does not depend
on it; else the result is a ``Fault``. So is every failure of an evaluation: never an
exception, never a match.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cel_expr_python import cel

from risk_service.domain.errors import ConfigFault
from risk_service.rules.checks import (
    check_divisions,
    check_lists,
    check_patterns,
    check_source,
    check_tree,
    check_words,
    fault,
)
from risk_service.rules.engine_words import understand
from risk_service.rules.faults import EVALUATION_FAILED, MISSING_VALUE, Fault, RuleFault
from risk_service.rules.language import (
    KNOWN,
    KNOWN_PREFIX,
    RATIO,
    Kind,
    Value,
    Variables,
    is_variable_name,
)
from risk_service.rules.numerals import Widening
from risk_service.rules.syntax import Node, read_tree

__all__ = ["Expression", "Fault", "Kind", "Language", "RuleFault", "Value", "Variables"]

_TYPES = {
    Kind.NUMBER: cel.Type.DOUBLE,
    Kind.INTEGER: cel.Type.INT,
    Kind.FLAG: cel.Type.BOOL,
    Kind.TEXT: cel.Type.STRING,
    Kind.TEXTS: cel.Type.List(cel.Type.STRING),
}
# What an expression comes to that is no condition, and how it would be compared.
_RESULTS = {
    "DOUBLE": ("number", "数值", "... >= 3"),
    "INT": ("whole number", "整数", "... >= 3"),
    "STRING": ("text", "文本", "... == 'a'"),
}
_LIST_RESULT = ("list", "列表", "size(...) >= 3")
_LITERAL = re.compile(r"-?\s*[0-9]+(?![0-9a-zA-Z.])")
_UNBOUND = "No value with name"
_DETAIL_MAX = 200


class Expression:
    """A condition that compiled.

    Attributes
    ----------
    source
        The text as it was written.
    variables
        What it reads, in order of first use; without those that only ``known`` asks for.
    asks_known
        What ``known`` asks for.
    tree
        Its syntax, for those who want to know more than the result.
    """

    def __init__(
        self, source: str, compiled: cel.Expression, tree: Node, asked: Sequence[str]
    ) -> None:
        self.source = source
        self.tree = tree
        self.asks_known = tuple(asked)
        self.variables = _names_read(tree)
        self._flags = tuple((name, KNOWN_PREFIX + name) for name in asked)
        self._eval = compiled.eval

    def evaluate(self, values: Mapping[str, Value]) -> bool | Fault:
        """Return whether the condition holds, or why that cannot be told.

        Parameters
        ----------
        values
            By name; what is absent, None or NaN is missing. What is not read is ignored.
        """
        data: dict[str, Any] = {}
        missing: list[str] = []
        for name in self.variables:
            value = values.get(name)
            # NaN is the one value that is not equal to itself.
            if value is None or value != value:
                missing.append(name)
            else:
                data[name] = value
        for name, flag in self._flags:
            value = values.get(name)
            data[flag] = value is not None and value == value
        try:
            # An error is no exception but a value whose content is a text, and texts are
            # true. Only the two objects True and False are results.
            result = self._eval(data=data).value()
        except (RuntimeError, UnicodeError, TypeError, ValueError) as error:
            # Beyond the engine's budget, or a text that is no Unicode.
            return Fault(code=EVALUATION_FAILED, detail=str(error)[:_DETAIL_MAX])
        if result is True or result is False:
            return result
        return _fault(str(result), missing)


class Language:
    """Compiles expressions over a set of variables.

    Parameters
    ----------
    variables
        Kind by name. Names must satisfy ``is_variable_name``.
    vocabulary
        The only texts that a variable may be compared with, where there are such.

    Examples
    --------
    >>> language = Language({"attempts": Kind.NUMBER, "promotions": Kind.TEXTS})
    >>> rule = language.compile("attempts >= 3 && 'COUPON' in promotions")
    >>> rule.evaluate({"attempts": 4.0, "promotions": ["COUPON"]})
    True
    """

    def __init__(
        self, variables: Variables, vocabulary: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        for name in variables:
            if not is_variable_name(name):
                raise ConfigFault(f"variable {name!r}: not a name that rules can use")
        self.variables = dict(variables)
        self._vocabulary = vocabulary or {}
        declared = {name: _TYPES[kind] for name, kind in variables.items()}
        declared.update({KNOWN_PREFIX + name: cel.Type.BOOL for name in variables})
        self._env = cel.NewEnv(variables=declared, functions=[_ratio()])

    def compile(self, source: str) -> Expression:
        """Check an expression and make it ready.

        Raises
        ------
        RuleFault
            The text is no condition over the variables, or it is too large.
        """
        check_source(source)
        tree = self._parse(source)
        check_tree(source, tree, self.variables)
        check_words(source, tree, self._vocabulary)
        widening = Widening(tree, self.variables)
        check_lists(source, widening)
        check_divisions(source, widening)
        self._check_patterns(source, tree)
        text, asked = _with_flags(source, tree)
        text, wider = _with_numbers(text, widening.literals)
        compiled = self._checked(source, text, wider)
        return Expression(source, compiled, tree, asked)

    def _parse(self, source: str) -> Node:
        try:
            return read_tree(self._env.compile(source, disable_check=True).serialize())
        except RuntimeError as error:
            raise understand(source, str(error), lambda *at: _offset(source, *at)) from error

    def _checked(self, source: str, text: str, wider: Sequence[int]) -> cel.Expression:
        def place(line: int, column: int) -> int:
            at = _offset(text, line, column)
            return at - len(_DECIMAL) * sum(inserted < at for inserted in wider)

        try:
            compiled = self._env.compile(text)
        except RuntimeError as error:
            raise understand(source, str(error), place) from error
        if compiled.return_type() != cel.Type.BOOL:
            kind, kind_zh, example = _RESULTS.get(compiled.return_type().name(), _LIST_RESULT)
            told = {"kind": kind, "kind_zh": kind_zh, "example": example}
            raise fault(source, 0, "not_a_condition", len(source), **told)
        return compiled

    def _check_patterns(self, source: str, tree: Node) -> None:
        for pattern in check_patterns(source, tree):
            tried = self._env.compile("''.matches(pattern)", disable_check=True)
            result = tried.eval(data={"pattern": str(pattern.value)}).value()
            if not isinstance(result, bool):
                detail = result.rpartition(": ")[0].rpartition(": ")[2]
                raise fault(source, pattern.at, "bad_pattern", detail=detail)


_DECIMAL = ".0"


def _names_read(tree: Node) -> tuple[str, ...]:
    """Return the variables that a tree reads, without loop variables and ``known``."""
    found: dict[str, None] = {}

    def visit(node: Node, inner: frozenset[str]) -> None:
        if node.kind == "name" and node.name not in inner and not node.name.startswith("@"):
            found[node.name] = None
        if node.kind == "loop":
            visit(node.parts[0], inner)
            inner = inner | {node.name}
        if node.name != KNOWN or node.kind != "call":
            for part in node.parts[node.kind == "loop" :]:
                visit(part, inner)

    visit(tree, frozenset())
    return tuple(found)


def _with_flags(source: str, tree: Node) -> tuple[str, list[str]]:
    """Return the text with flags for ``known(x)``, each at its place, and what was asked."""
    asked: dict[str, None] = {}
    text = source
    for node, _ in tree.walk():
        if node.kind == "call" and node.name == KNOWN:
            name = node.parts[0].name
            start = max(text.rfind(KNOWN, 0, node.at), 0)
            call = re.compile(rf"{KNOWN}\s*\(\s*{re.escape(name)}\s*\)").match(text, start)
            if call is None:
                raise fault(source, start, "known_needs_name")
            flag = (KNOWN_PREFIX + name).ljust(len(call[0]))
            text = text[:start] + flag + text[call.end() :]
            asked[name] = None
    return text, list(asked)


def _with_numbers(text: str, literals: set[int]) -> tuple[str, list[int]]:
    """Return the text with decimals for the literals, and where each was put in."""
    inserted: list[int] = []
    for at in sorted(literals):
        start = at + len(_DECIMAL) * len(inserted)
        literal = _LITERAL.match(text, start)
        if literal:
            text = text[: literal.end()] + _DECIMAL + text[literal.end() :]
            inserted.append(literal.end())
    return text, inserted


def _offset(text: str, line: int, column: int) -> int:
    before = text.split("\n")[: line - 1]
    return sum(len(one) + 1 for one in before) + column - 1


def _fault(detail: str, missing: Sequence[str]) -> Fault:
    if missing and _UNBOUND in detail:
        return Fault(code=MISSING_VALUE, names=tuple(missing))
    return Fault(code=EVALUATION_FAILED, detail=detail[:_DETAIL_MAX])


def _ratio() -> cel.FunctionDecl:
    number = cel.Type.DOUBLE
    return cel.FunctionDecl(
        RATIO,
        [
            cel.Overload("ratio_known", number, [number, number], False, _ratio_known),
            cel.Overload("ratio_or", number, [number, number, number], False, _ratio_or),
        ],
    )


def _ratio_known(part: float, whole: float) -> float:
    # The engine makes an error value of it.
    return part / whole


def _ratio_or(part: float, whole: float, otherwise: float) -> float:
    return part / whole if whole else otherwise
