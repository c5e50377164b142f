"""The description of an import: what was read, what became of each row, what came out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from training.datasets.importing.conditions import RowCondition
from training.datasets.importing.mapping import EventMapping
from training.datasets.importing.specs import (
    DistinctSpec,
    LabelSpec,
    NumberSpec,
    TextSpec,
)
from training.datasets.importing.write import LabelCount, Written
from training.datasets.own_events import (
    EVENTS,
    LABELS,
    OwnAmount,
    OwnDescription,
    OwnFile,
    OwnLabel,
    OwnSource,
    sha256_of,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000


def describe(
    mapping: EventMapping, source: OwnSource, written: Written, directory: Path
) -> OwnDescription:
    """Return the description of what stands in a directory.

    Parameters
    ----------
    directory
        Holds the two tables already; their bytes are hashed.
    """
    files = {EVENTS: written.rows, LABELS: written.label_rows}
    numeric = {name: _number_told(spec) for name, spec in mapping.numeric.items()}
    return OwnDescription(
        name=mapping.name or source.file.partition(".")[0],
        rows=written.rows,
        start=_EPOCH + timedelta(microseconds=written.first_us),
        end=_EPOCH + timedelta(microseconds=written.last_us + 1),
        source=source,
        entities={name: _told(spec) for name, spec in mapping.entities.items()},
        amount=_amount(mapping),
        numeric=numeric | _counted(mapping),
        categorical={name: _told(spec) for name, spec in mapping.categorical.items()},
        labels={
            name: _label(mapping.labels[name], count, written.rows)
            for name, count in written.labels.items()
        },
        files={
            name: OwnFile(rows=rows, sha256=sha256_of(directory / name))
            for name, rows in files.items()
        },
    )


def condition_text(condition: RowCondition) -> str:
    """Return a condition as it may be written in a mapping."""
    values = ", ".join(map(repr, condition.values))
    listed = f"[{values}]" if condition.operator in ("in", "not in") else values
    return f"{condition.column} {condition.operator} {listed}".rstrip()


def _told(spec: TextSpec) -> str:
    return spec.description or f"column {' + '.join(spec.column)}"


def _number_told(spec: NumberSpec) -> str:
    what = "column" if spec.since is None else "seconds since"
    return spec.description or f"{what} {' + '.join(spec.columns)}"


def _amount(mapping: EventMapping) -> OwnAmount | None:
    spec = mapping.amount
    return None if spec is None else OwnAmount(currency=spec.currency, exponent=spec.digits)


def _counted(mapping: EventMapping) -> dict[str, str]:
    return {
        name: f"different {measure.distinct}" if isinstance(measure, DistinctSpec) else "rows"
        for name, measure in mapping.counted.items()
    }


def _label(spec: LabelSpec, count: LabelCount, events: int) -> OwnLabel:
    longest_s = -(-count.longest_us // _SECOND_US)
    if spec.later is not None:
        positive = tuple(map(condition_text, spec.later.where))
        known_from, delay_s = "later", spec.later.within
    else:
        positive = spec.positive or tuple(map(condition_text, spec.when))
        told = "conditions" if spec.when else "column"
        known_from = "delay" if spec.known_at is None else told
        delay_s = longest_s if spec.delay is None else spec.delay
    return OwnLabel.model_validate(
        {
            "positive": positive,
            "known_from": known_from,
            "delay_s": delay_s,
            "longest_delay_s": longest_s,
            "positives": count.positives,
            "negatives": count.negatives,
            "unlabelled": events - count.positives - count.negatives,
        }
    )
