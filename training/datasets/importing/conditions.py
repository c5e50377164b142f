"""Conditions on source rows, written as a reader would say them: ``Quantity > 0``.

``COLUMN OPERATOR VALUE``, where a column with blanks in its name stands in double quotes and
a value is written as in TOML. Limits: one comparison each; all conditions of a list must hold.
"""

import re
import tomllib
from dataclasses import dataclass

from training.datasets.importing.plain_text import plain
from training.words import WrongValue

Scalar = str | int | float | bool
UNARY = ("missing", "present")
LISTS = ("in", "not in")
TEXTS = ("starts with", "not starts with", "contains", "not contains")
ORDERED = ("<", "<=", ">", ">=")
OPERATORS = ("=", "!=", *ORDERED, *LISTS, *TEXTS, *UNARY)

_OPERATOR = re.compile(
    r"(==|!=|<=|>=|=|<|>"
    r"|(?:is\s+)?(?:missing|present)\b|(?:not\s+)?(?:in|starts\s+with|contains)\b)\s*",
    re.IGNORECASE,
)
_COLUMN = re.compile(r'\s*(?:"([^"]+)"|([^\s"=<>!]+))\s*')


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCondition:
    """One condition: a column, an operator of ``OPERATORS``, what it is compared with."""

    column: str
    operator: str
    values: tuple[Scalar, ...]


def parse_condition(text: str) -> RowCondition:
    """Read one condition.

    Raises
    ------
    ValueError
        It is no condition; the message says what would be one.
    """
    column = _COLUMN.match(text)
    operator = _OPERATOR.match(text, column.end()) if column else None
    if column is None or operator is None:
        names = ", ".join(OPERATORS)
        raise WrongValue.of("no_condition", text=text, operators=names)
    name = " ".join(operator[1].lower().removeprefix("is ").split()).replace("==", "=")
    values = _values(text, name, text[operator.end() :].strip())
    return RowCondition(column=column[1] or column[2], operator=name, values=values)


def _values(text: str, operator: str, written: str) -> tuple[Scalar, ...]:
    if operator in UNARY:
        if written:
            raise WrongValue.of("nothing_follows", text=text, operator=operator)
        return ()
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except ValueError:
        raise WrongValue.of("no_value", text=text, written=written) from None
    values = tuple(value) if isinstance(value, list) else (value,)
    if isinstance(value, list) != (operator in LISTS):
        raise WrongValue.of("lists_only", text=text)
    if not all(isinstance(item, str | int | float) for item in values):
        raise WrongValue.of("plain_values", text=text)
    if operator in TEXTS and not isinstance(value, str):
        raise WrongValue.of("text_wanted", text=text, operator=operator)
    if operator in ORDERED and isinstance(value, bool):
        raise WrongValue.of("no_order", text=text)
    return tuple(plain(item) if isinstance(item, str) else item for item in values)
