"""What is wrong with a condition: its place, and what would be right, in both languages.

A condition is written by somebody who knows the file that the data set was imported from: what
stands in place of a column of that file is told by the mapping.
"""

from collections.abc import Callable
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.shown import marked, shown
from risk_service.domain.text import LocalizedText
from risk_service.rules.faults import RuleFault
from training.backtest.moments import PARTS
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
    for column_of in _COLUMN_OF.values():
        if name not in variables.own and column_of(name) in variables.own:
            return LocalizedText(
                en=f"{name} is a word of the language; write {column_of(name)}",
                zh=f"{name} 是语言保留词，请写 {column_of(name)}",
            )
    if name in variables.vocabulary.labels:
        return _of_label(name)
    of_source = _of_source(line, at, variables)
    if of_source is not None:
        return of_source
    if "no variable" not in wrong.message:
        return wrong.texts[1]
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
    # SQL puts names of columns in marks of their own.
    found = _column_at(variables.directory, line, at + line.startswith(("`", "["), at))
    if found is None:
        return None
    column, key = found
    table, _, name = key.partition(".")
    if table == "labels":
        return _of_label(name.partition(".")[0])
    if key == "event.time":
        return _for_column(column, _TIMES)
    of_table = _COLUMN_OF.get(table)
    names = [table] if of_table is None else [name, of_table(name)]
    usable = next((one for one in names if one in variables.own), None)
    return None if usable is None else _for_column(column, usable)


def _for_column(column: str, name: str) -> LocalizedText:
    return LocalizedText(
        en=f"the column {column} of the file is {name} here",
        zh=f"文件中的列 {column} 在此写作 {name}",
    )


def _of_label(name: str) -> LocalizedText:
    return LocalizedText(
        en=f"{name} is a label, which no event knows of itself; what was known of earlier ones "
        f"is KEY__{name}__positive_30d",
        zh=f"{name} 是标签，事件发生时未知；此前已知的标签可写 KEY__{name}__positive_30d",
    )


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
