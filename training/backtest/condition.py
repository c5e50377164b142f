"""A condition over own events: its text, compiled over the variables that it names.

A data set has tens of thousands of variables; only those of the event and those named in the
text are declared to the language.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from risk_service.domain.errors import ConfigFault
from risk_service.domain.text import LocalizedText
from risk_service.rules.expression import Expression, Kind, Language, RuleFault
from risk_service.rules.settled import settled
from training.backtest.faults import hint_for, told
from training.backtest.variables import OwnVariables, Variable
from training.datasets.own_events import NAME_PATTERN
from training.words import as_it_is, fault

# Texts in quotes are no names.
_NAMES = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An expression that compiled, and what it reads: in order, each by its name."""

    text: str
    expression: Expression
    variables: Mapping[str, Variable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Events that are counted apart: those of whose own columns a condition is true."""

    name: str
    condition: Condition


def compile_condition(text: str, variables: OwnVariables) -> Condition:
    """Compile an expression over the variables of a data set.

    Raises
    ------
    ConfigFault
        Shows the place in the text, what is wrong there and what would be right.
    """
    named = {name: found for name in names_in(text) if (found := variables.find(name)) is not None}
    return _compiled(text, variables.of_event() | named, variables)


def compile_definition(text: str, variables: OwnVariables) -> Definition:
    """Compile ``NAME=CONDITION``; the condition may read the event's own columns.

    Raises
    ------
    ConfigFault
        The name cannot be used, or the condition is wrong.
    """
    name, equals, condition = text.partition("=")
    name = name.strip()
    if not equals or not re.fullmatch(NAME_PATTERN, name):
        raise ConfigFault(fault("define_form", text=text))
    if name in variables.vocabulary.labels:
        raise ConfigFault(fault("define_label", name=name))
    for used in names_in(condition):
        if used not in variables.own and variables.find(used) is not None:
            raise ConfigFault(fault("define_history", name=name, used=used))
    compiled = _compiled(
        condition.strip(), variables.of_event(), variables, whose=as_it_is(f"--define {name}")
    )
    return Definition(name=name, condition=compiled)


def names_in(text: str) -> Iterator[str]:
    """Yield the names in an expression, each once."""
    found = dict.fromkeys(match[0] for match in _NAMES.finditer(text))
    yield from (name for name in found if name[0] not in "'\"")


def _compiled(
    text: str,
    declared: Mapping[str, Variable],
    variables: OwnVariables,
    whose: LocalizedText | None = None,
) -> Condition:
    kinds: dict[str, Kind] = {name: one.kind for name, one in declared.items()}
    try:
        expression = Language(kinds).compile(text)
        for wrong in settled(text, expression.tree):
            raise wrong
    except RuleFault as wrong:
        hint = hint_for(text, wrong, variables)
        raise ConfigFault(told(text, wrong, hint, whose)) from wrong
    read = dict.fromkeys((*expression.variables, *expression.asks_known))
    return Condition(
        text=text, expression=expression, variables={name: declared[name] for name in read}
    )
