"""Which columns of a source a mapping names, and in which of its keys."""

from collections.abc import Iterator, Mapping

from training.datasets.importing.mapping import EventMapping
from training.datasets.importing.specs import (
    DistinctSpec,
    LabelSpec,
    TextSpec,
)


def columns_used(mapping: EventMapping) -> Iterator[tuple[str, str]]:
    """Yield (key of the mapping, source column) of every column that the mapping names."""
    yield from (("event.id", column) for column in mapping.event.id or ())
    yield from (("event.time", column) for column in mapping.event.time.column)
    texts: Mapping[str, Mapping[str, TextSpec]] = {
        "entities": mapping.entities,
        "categorical": mapping.categorical,
    }
    for table, specs in texts.items():
        for name, spec in specs.items():
            yield from ((f"{table}.{name}", column) for column in spec.column)
    for name, number in mapping.numeric.items():
        yield from ((f"numeric.{name}", column) for column in number.columns)
    if mapping.amount is not None:
        yield "amount.column", mapping.amount.column
        if mapping.amount.times is not None:
            yield "amount.times", mapping.amount.times
    yield from (("rows.where", condition.column) for condition in mapping.rows.where)
    for name, label in mapping.labels.items():
        yield from _columns_of_label(f"labels.{name}", label)
    for name, measure in mapping.counted.items():
        if isinstance(measure, DistinctSpec):
            yield f"group.{name}", measure.distinct


def _columns_of_label(key: str, label: LabelSpec) -> Iterator[tuple[str, str]]:
    if label.column is not None:
        yield f"{key}.column", label.column
    yield from ((f"{key}.when", condition.column) for condition in label.when)
    if label.known_at is not None:
        yield from ((f"{key}.known_at", column) for column in label.known_at.column)
    if label.later is not None:
        yield from ((f"{key}.later.same", column) for column in label.later.same)
        for condition in label.later.where:
            yield f"{key}.later.where", condition.column
