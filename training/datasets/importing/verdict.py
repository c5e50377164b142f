"""What is judged when all rows were read: is anything left, and has each label two classes."""

from datetime import timedelta

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.convert import Converter
from training.datasets.importing.specs import EPOCH, UNIX, LabelSpec
from training.datasets.importing.time_advice import unix_unit
from training.datasets.importing.times import DAY_US, YEAR_US
from training.datasets.importing.write import LabelCount, Written
from training.words import fault

_MOST_VALUES = 10
# Of the positives so many may be known after the delay before somebody should know.
_MANY_LATE = 0.05
_NO_UNIT = fault("full_stop")


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
            raise DataFault(converter.source, None, fault("no_rows"))
        told = fault("no_row_left", read=read, gone=_gone(converter, refused))
        raise DataFault(converter.source, None, told)
    _refuse_strays(converter)
    time = converter.time.spec
    is_fine_unit = time.unit in ("ns", "us", "ms") and time.origin == EPOCH
    is_unsaid = is_fine_unit or "origin" not in time.model_fields_set
    if time.format == UNIX and is_unsaid and 0 <= converter.latest_us < YEAR_US:
        told = fault("all_in_1970", unit=_other_unit(converter) if is_fine_unit else _NO_UNIT)
        raise ConfigFault(fault("at", where=converter.source, text=told))


def _other_unit(converter: Converter) -> LocalizedText:
    """Ask whether the numbers are of the unit in which they are times of today."""
    unit, first = converter.time.spec.unit, converter.time.first_in_1970
    likely = None if first is None else unix_unit(first[1])
    return _NO_UNIT if likely is None else fault("unit_other", likely=likely, unit=unit)


def _gone(converter: Converter, refused: int) -> LocalizedText:
    """Say where the rows went, and what keeps them."""
    if not converter.filtered:
        return fault("all_refused", refused=refused)
    return fault("where_and_refused", filtered=converter.filtered, refused=refused)


def _refuse_strays(converter: Converter) -> None:
    """Refuse what says 1970 among later times: a zero for "no time", or another unit."""
    stray = converter.time.first_in_1970
    if stray is None or converter.latest_us < YEAR_US:
        return
    row, value = stray
    latest = (EPOCH + timedelta(microseconds=converter.latest_us)).year
    told = fault("stray_1970", column=converter.time.name, value=value, latest=latest)
    raise DataFault(converter.source, row, told)


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
        text = fault(
            "label_one_class",
            label=name,
            found=_one_class(count),
            events=written.rows,
            advice=_advice(converter, name, spec),
        )
        raise DataFault(converter.source, None, text)


def notes(converter: Converter) -> list[LocalizedText]:
    """Return what the reader of the import should know, though nothing is wrong."""
    found = []
    if converter.after_now:
        found.append(fault("note_after_now", events=converter.after_now))
    if not converter.mapping.entities:
        found.append(fault("note_no_entity"))
    zone = converter.time.spec.zone
    if twice := converter.time.twice:
        found.append(fault("note_twice", times=twice, zone=zone))
    if len(converter.currencies) > 1:
        said = ", ".join(sorted(converter.currencies))
        found.append(fault("note_currencies", currencies=said))
    found += [
        fault("note_later_times", name=one.name, times=one.after)
        for one in converter.attributes
        if one.after
    ]
    for label in converter.labels:
        unseen = [value for value in label.spec.positive if not label.has_seen(value)]
        if unseen:
            values = ", ".join(map(repr, unseen))
            found.append(fault("note_unseen", label=label.name, values=values))
        if label.late > _MANY_LATE * label.told:
            days = -(-label.longest_us // DAY_US)
            told = {"label": label.name, "late": label.late, "of": label.told, "days": days}
            found.append(fault("note_late", **told))
    return found


def ties_by_label(written: Written) -> list[LocalizedText]:
    """Return a note for each label in whose order events of the same time stand."""
    return [
        fault("note_ties", label=name, share=count.ties.one_way)
        for name, count in written.labels.items()
        if count.ties.are_by_label
    ]


def _one_class(count: LabelCount) -> LocalizedText:
    if count.positives:
        return fault("only_positive")
    if count.negatives:
        return fault("only_negative")
    return fault("no_label_at_all")


def _advice(converter: Converter, name: str, spec: LabelSpec) -> LocalizedText:
    if spec.later is not None:
        return fault("label_later_advice", label=name)
    if spec.when:
        return fault("label_when_advice", label=name)
    label = next(label for label in converter.labels if label.name == name)
    values = ", ".join(
        f"{value!r} ({count:,})" for value, count in label.seen.most_common(_MOST_VALUES)
    )
    said = values or fault("nothing")
    told = {"positive": list(spec.positive), "column": spec.column}
    return fault("label_column_advice", values=said, **told)
