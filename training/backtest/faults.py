"""What is wrong with a condition: its place, and what would be right, in both languages.

A condition is written by somebody who knows the file that the data set was imported from: what
stands in place of a column of that file is told by the mapping.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.shown import marked, shown
from risk_service.domain.text import LocalizedText
from risk_service.rules.faults import RuleFault
from training.backtest.moments import PARTS
from training.backtest.names import SEPARATOR
from training.backtest.variables import OwnVariables
from training.backtest.which import meant_one_of
from training.datasets.importing.mapping import read_mapping
from training.datasets.importing.mapping_columns import columns_used
from training.datasets.own_events import (
    MAPPING,
    categorical_column,
    entity_column,
    numeric_column,
)
from training.words import as_it_is, fault, in_lines

_COLUMN_OF = {
    "entities": entity_column,
    "categorical": categorical_column,
    "numeric": numeric_column,
}
_WORDS_OF_TIME = {"time", "date", "day", "timestamp", "event_at", "event_time", "now", "today"}
_TIMES = ", ".join(part.name for part in PARTS)


def told(
    text: str, wrong: RuleFault, hint: LocalizedText, whose: LocalizedText | None = None
) -> LocalizedText:
    """Return a fault with the line of the text and marks below the place."""
    line, marks = marked(_line(text, wrong), wrong.column, wrong.length)
    head = fault(
        "at_place",
        whose=whose or fault("the_rule"),
        line=wrong.line,
        column=wrong.column,
        text=wrong.texts[0],
    )
    lines = [head, as_it_is(line), as_it_is(marks), *([hint] if hint.en else [])]
    found = in_lines(lines)
    return LocalizedText(zh=shown(found.zh), en=shown(found.en))


def hint_for(text: str, wrong: RuleFault, variables: OwnVariables) -> LocalizedText:
    """Return what would be right: above all by the names that the data set has."""
    line, at = _line(text, wrong), wrong.column - 1
    name = line[at : at + wrong.length]
    if f"{name} cannot take" in wrong.message:
        # An operator of the language, called like a column or not.
        return wrong.texts[1]
    is_function = "no function" in wrong.message
    for column_of in () if is_function else _COLUMN_OF.values():
        if name not in variables.own and column_of(name) in variables.own:
            return fault("word_of_language", name=name, instead=column_of(name))
    if name in variables.vocabulary.labels:
        return fault("label_of_event", name=name)
    of_source = _of_source(line, at, variables) or _of_sign_before(line, at, variables)
    if of_source is not None:
        return of_source
    return _of_unknown(name, variables) if "no variable" in wrong.message else wrong.texts[1]


def _of_unknown(name: str, variables: OwnVariables) -> LocalizedText:
    if name.lower() in _WORDS_OF_TIME:
        return fault("parts_of_time", parts=_TIMES)
    _, _, rest = name.partition(SEPARATOR)
    events, _, _ = rest.rpartition(SEPARATOR)
    vocabulary = replace(variables.vocabulary, definitions=(events,))
    if events and vocabulary.parse(name) is not None:
        return fault("not_defined", name=events)
    return advice(name, variables.near)


def advice(name: str, near: Callable[[str], list[str]]) -> LocalizedText:
    """Return what may have been meant by an unknown name."""
    found = near(name)
    return meant_one_of(found) if found else fault("variables_listed")


def _line(text: str, wrong: RuleFault) -> str:
    lines = text.split("\n")
    return lines[wrong.line - 1] if wrong.line <= len(lines) else ""


def _of_source(line: str, at: int, variables: OwnVariables) -> LocalizedText | None:
    """Return what a rule says for the source column in which a place of a line lies."""
    # SQL puts names of columns in marks of their own, or in quotes.
    found = _column_at(variables.directory, line, at + line.startswith(("`", "[", '"', "'"), at))
    if found is None:
        return None
    column, key = found
    table, _, name = key.partition(".")
    if table == "labels":
        return fault("label_of_event", name=name.partition(".")[0])
    if key == "event.time":
        return fault("for_column", column=column, name=_TIMES)
    of_table = _COLUMN_OF.get(table)
    names = [table] if of_table is None else [name, of_table(name)]
    usable = next((one for one in names if one in variables.own), None)
    return None if usable is None else fault("for_column", column=column, name=usable)


def _of_sign_before(line: str, at: int, variables: OwnVariables) -> LocalizedText | None:
    """Return the same of a sign before the place, which only what follows makes a fault.

    A question mark at the end of a column's name is an operator here, until its other side is read.
    """
    before = len(line[:at].rstrip()) - 1
    return _of_source(line, before, variables) if line[before : before + 1] == "?" else None


def _column_at(directory: Path, line: str, at: int) -> tuple[str, str] | None:
    """Return the longest source column in which a place lies, and its key in the mapping."""
    path = directory / MAPPING
    try:
        mapping = read_mapping(path).mapping if path.exists() else None
    except ConfigFault:
        # It is asked for advice alone: the fault that there is must be told.
        mapping = None
    if mapping is None:
        return None
    found = [(column, key) for key, column in columns_used(mapping) if _covers(line, column, at)]
    return max(found, key=lambda one: len(one[0]), default=None)


def _covers(line: str, column: str, at: int) -> bool:
    start = line.rfind(column, 0, at + len(column))
    return 0 <= start <= at < start + len(column)
