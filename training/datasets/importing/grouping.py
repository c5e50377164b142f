"""The query that joins the rows of one event id to one event.

Without a word in ``[group]`` an event has the earliest time, the sum of the amounts, the first
value that is there of everything else, and a label is positive when it is on any row.
"""

from training.datasets.importing.convert import distinct_column, known_column, value_column
from training.datasets.importing.mapping import EventMapping
from training.datasets.own_events import categorical_column, entity_column, numeric_column

_FORMULAS = {
    "first": "arg_min({0}, row)",
    "last": "arg_max({0}, row)",
    "sum": "sum({0})",
    "min": "min({0})",
    "max": "max({0})",
    "mean": "avg({0})",
}


def grouped_query(mapping: EventMapping, table: str) -> str:
    """Return the query over the staged rows of ``table``; names in it are checked words."""
    parts = ["event_id", "min(row) AS row", "min(at_us) AS at_us"]
    parts += [f"{_formula(mapping, *column)} AS {column[0]}" for column in _columns(mapping)]
    for name, measure in mapping.counted.items():
        counted = "*" if measure == "count" else f"DISTINCT {distinct_column(name)}"
        parts.append(f"count({counted})::DOUBLE AS {numeric_column(name)}")
    for name in mapping.labels:
        parts += _label(value_column(name), known_column(name))
    return f"SELECT {', '.join(parts)} FROM {table} GROUP BY event_id"  # noqa: S608 - see above


def differing_query(names: list[str], table: str) -> str:
    """Return the query that counts events whose rows differ in a column, for each column."""
    inner = ", ".join(f"min({name}) <> max({name}) AS {name}" for name in names)
    outer = ", ".join(f"count_if({name})" for name in names)
    rows = f"SELECT {inner} FROM {table} GROUP BY event_id"  # noqa: S608 - see above
    return f"SELECT {outer} FROM ({rows})"  # noqa: S608 - see above


def _columns(mapping: EventMapping) -> list[tuple[str, str, str]]:
    columns = [(entity_column(name), name, "first") for name in mapping.entities]
    if mapping.amount is not None:
        columns.append(("amount_minor", "amount", "sum"))
    columns += [(numeric_column(name), name, "first") for name in mapping.numeric]
    return columns + [(categorical_column(name), name, "first") for name in mapping.categorical]


def _formula(mapping: EventMapping, column: str, name: str, default: str) -> str:
    measure = (mapping.group or {}).get(name, default)
    is_text = column.startswith((entity_column(""), categorical_column("")))
    if is_text and measure not in ("first", "last"):
        # The name is a number's as well, and the measure was meant for that.
        measure = default
    formula = _FORMULAS[str(measure)].format(column)
    return f"round({formula})::BIGINT" if column == "amount_minor" else formula


def _label(value: str, known: str) -> list[str]:
    first = f"min({known}) FILTER ({value} = 1)"
    when = f"CASE WHEN max({value}) = 1 THEN {first} ELSE max({known}) END"
    return [f"max({value}) AS {value}", f"{when} AS {known}"]
