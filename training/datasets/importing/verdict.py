"""What is judged when all rows were read: is anything left, and has each label two classes."""

from datetime import timedelta

from risk_service.domain.errors import ConfigFault, DataFault
from training.datasets.importing.convert import Converter
from training.datasets.importing.specs import EPOCH, UNIX, LabelSpec
from training.datasets.importing.times import YEAR_US
from training.datasets.importing.write import LabelCount, Written

_MOST_VALUES = 10


def check_rows(converter: Converter, staged: int, refused: int) -> None:
    """Refuse a source of which no row is left, or whose times have the wrong unit.

    Raises
    ------
    DataFault
        No row is left, or some Unix times fall in 1970 and others do not.
    ConfigFault
        Every Unix time falls in 1970.
    """
    if not staged:
        read = converter.filtered + refused
        if not read:
            raise DataFault(converter.source, None, "has no rows")
        raise DataFault(
            converter.source, None, f"no row is left of {read}: {_gone(converter, refused)}"
        )
    _refuse_strays(converter)
    time = converter.time.spec
    is_fine_unit = time.unit in ("ns", "us", "ms") and time.origin == EPOCH
    is_unsaid = is_fine_unit or "origin" not in time.model_fields_set
    if time.format == UNIX and is_unsaid and 0 <= converter.latest_us < YEAR_US:
        unit = f'; is the unit "s" and not "{time.unit}"?' if is_fine_unit else "."
        message = (
            f"every event falls in 1970{unit} If the numbers count from another day, name it:"
            ' origin = "2024-01-01"; and the unit, s min h d week or month'
        )
        raise ConfigFault(f"event.time: {message}")


def _gone(converter: Converter, refused: int) -> str:
    """Say where the rows went, and what keeps them."""
    if not converter.filtered:
        return f"{refused} were refused"
    return (
        f"{converter.filtered} do not meet [rows] where, and {refused} were refused; rows that"
        " meet every condition of [rows] where are kept"
    )


def _refuse_strays(converter: Converter) -> None:
    """Refuse what says 1970 among later times: a zero for "no time", or another unit."""
    stray = converter.time.first_in_1970
    if stray is None or converter.latest_us < YEAR_US:
        return
    row, value = stray
    latest = (EPOCH + timedelta(microseconds=converter.latest_us)).year
    message = (
        f"column {converter.time.name}: {value!r} falls in 1970, and other events in {latest};"
        " is it of another unit, or no time at all? [rows] where can leave such rows out"
    )
    raise DataFault(converter.source, row, message)


def check_labels(converter: Converter, written: Written) -> None:
    """Refuse a label of which there is one class only, and list the values that were seen.

    Raises
    ------
    DataFault
        Every labelled event is positive, or none is.
    """
    for name, count in written.labels.items():
        if count.positives and count.negatives:
            continue
        spec = converter.mapping.labels[name]
        message = f"label {name}: {_one_class(count)} of {written.rows} events"
        raise DataFault(converter.source, None, message + _advice(converter, name, spec))


def notes(converter: Converter) -> list[str]:
    """Return what the reader of the import should know, though nothing is wrong."""
    found = []
    if converter.after_now:
        found.append(f"{converter.after_now} events lie after the time of the import")
    if not converter.mapping.entities:
        found.append("no entity is declared, so nobody has a history; only categories have one")
    zone = converter.time.spec.zone
    if twice := converter.time.twice:
        found.append(f"{twice} times stand twice in {zone} (clocks went back); earlier one taken")
    if len(converter.currencies) > 1:
        said = ", ".join(sorted(converter.currencies))
        found.append(
            f"amounts say {said}, and were taken as one currency; [rows] where takes those of one"
        )
    found += [
        f"numeric {one.name}: {one.after} times lie after their event; leave it out unless they"
        " are known by then"
        for one in converter.attributes
        if one.after
    ]
    for label in converter.labels:
        unseen = [value for value in label.spec.positive if not label.has_seen(value)]
        if unseen:
            found.append(f"label {label.name}: no cell says {', '.join(map(repr, unseen))}")
    return found


def _one_class(count: LabelCount) -> str:
    if count.positives:
        return "one class only: every labelled event is positive, no negative one"
    if count.negatives:
        return "one class only: every labelled event is negative, no positive one"
    return "no label at all: none is positive and none negative"


def _advice(converter: Converter, name: str, spec: LabelSpec) -> str:
    if spec.later is not None:
        return (
            f"; of the rows for which labels.{name}.later.within had gone by when the file ends,"
            " none is followed by one that meets later.where, or every one is; a shorter within"
            " leaves more"
        )
    if spec.when:
        return f"; no row meets labels.{name}.when, or every row does, once delay has gone by"
    label = next(label for label in converter.labels if label.name == name)
    values = ", ".join(
        f"{value!r} ({count:,})" for value, count in label.seen.most_common(_MOST_VALUES)
    )
    return (
        f"; positive is {list(spec.positive)}, and column {spec.column} says {values or 'nothing'}"
    )
