"""CSV files of list entries: read with the line of every fault, written so that they read again.

Columns (a header line names them): entity, value; name, region, city, district, detail, postcode
for recipients and addresses; reason, source, promotion_types, campaigns, expires. Several promotion
types or campaigns are separated by ``|``.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from risk_service.client.admin import ENTITIES, PROMOTIONS
from risk_service.domain.errors import DataFault
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText

COLUMNS = (
    "entity", "value", "name", "region", "city", "district", "detail", "postcode", "reason",
    "source", "promotion_types", "campaigns", "expires",
)  # fmt: skip
EXPORTED = ("entity", "value", "reason", "source", "promotion_types", "campaigns", "expires")
ADDRESS = ("region", "city", "district", "detail", "postcode")
FAULTS_SHOWN = 100
BETWEEN = "|"
# A line of a file: its columns, or what is wrong with it as a line.
Row = dict[str, str] | DataFault


class WrongColumn(ValueError):
    """A value of an entry is not of its kind."""

    def __init__(self, text: LocalizedText) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for every line that does not say it itself."""

    entity: str = ""
    reason: str = ""
    source: str = ""
    promotion_types: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    expires: str = ""


def check_file(path: Path, defaults: Defaults) -> tuple[int, list[DataFault]]:
    """Return how many entries a file has and what is wrong with them, the first hundred.

    Raises
    ------
    DataFault
        The file as a whole cannot be read.
    """
    count, faults = 0, []
    for line, row in _rows(path):
        count += 1
        try:
            _entry(path, line, row, defaults)
        except DataFault as fault:
            faults.append(fault)
            if len(faults) == FAULTS_SHOWN:
                break
    if not count:
        raise DataFault(str(path), None, refusal("csv_empty"))
    return count, faults


def read_file(path: Path, defaults: Defaults) -> Iterator[dict[str, Any]]:
    """Yield the entries of a file that was checked, as the service takes them.

    A line at fault is an entry about nobody, which the service refuses: so it tells what is wrong
    with the others, and writes none of them.
    """
    for line, row in _rows(path):
        try:
            yield _entry(path, line, row, defaults)
        except DataFault:
            yield {"row": line}


def entry_of(values: Mapping[str, str], row: int = 0) -> dict[str, Any]:
    """Return one entry as the service takes it.

    Raises
    ------
    WrongColumn
        A value is not of its kind; names the column.
    """
    entity = values.get("entity", "").strip().lower()
    if entity not in ENTITIES:
        raise WrongColumn(refusal("csv_entity", known=", ".join(ENTITIES), value=repr(entity)))
    address = {name: values.get(name, "").strip() for name in ADDRESS}
    return {
        "row": row,
        "listed": {
            "entity": entity,
            "value": values.get("value", ""),
            "name": values.get("name", ""),
            "address": address if any(address.values()) else None,
        },
        "reason": values.get("reason", ""),
        "source": values.get("source", ""),
        "promotion_types": _promotions(values.get("promotion_types", "")),
        "campaigns": _several(values.get("campaigns", "")),
        "expires_at": parse_time(values.get("expires", "")),
    }


def parse_time(text: str) -> datetime | None:
    """Return a time in UTC, or None for an empty text.

    Raises
    ------
    WrongColumn
        The text is no time of RFC 3339, or does not name its zone.
    """
    text = text.strip()
    if not text:
        return None
    words = refusal("csv_expires", value=repr(text))
    try:
        moment = datetime.fromisoformat(text)
        # The last day of 9999 west of Greenwich lies beyond every date in UTC.
        in_utc = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise WrongColumn(words) from None
    if moment.tzinfo is None:
        raise WrongColumn(words)
    return in_utc


def write_entries(file: TextIO, entries: Iterable[Mapping[str, Any]]) -> int:
    """Write entries and return how many; their values are tokens, which can be imported again."""
    writer = csv.writer(file)
    writer.writerow(EXPORTED)
    count = 0
    for entry in entries:
        writer.writerow(
            [
                entry["entity"],
                entry["value"],
                entry["reason"],
                entry["source"],
                BETWEEN.join(entry["promotion_types"]),
                BETWEEN.join(entry["campaigns"]),
                entry["expires_at"] or "",
            ]
        )
        count += 1
    return count


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the line at which each record ends, and its columns or its fault."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _records(path, file)
    except OSError as error:
        raise DataFault(str(path), None, refusal("csv_unreadable", error=error.strerror)) from error
    except UnicodeDecodeError as error:
        words = refusal("csv_utf8", byte=error.start)
        raise DataFault(str(path), None, words) from error


def _records(path: Path, file: TextIO) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(file, strict=True)
    begun = 1
    try:
        header = _header(path, next(reader, []))
        for record in reader:
            # A line without anything on it is no record.
            if record:
                yield reader.line_num, _by_column(path, reader.line_num, header, record)
            begun = reader.line_num + 1
    except csv.Error as error:
        # A quote that is not closed takes the rest of the file: where it began is of use.
        yield begun, DataFault(str(path), begun, refusal("csv_broken", error=error))


def _by_column(path: Path, line: int, header: Sequence[str], record: Sequence[str]) -> Row:
    if len(record) != len(header):
        words = refusal("csv_columns", found=len(record), header=len(header))
        return DataFault(str(path), line, words)
    return dict(zip(header, record, strict=True))


def _header(path: Path, names: Sequence[str]) -> list[str]:
    header = [name.strip().lower() for name in names]
    known = ", ".join(COLUMNS)
    if not header:
        raise DataFault(str(path), None, refusal("csv_no_header", known=known))
    for name in header:
        if name not in COLUMNS:
            raise DataFault(str(path), 1, refusal("csv_column", name=repr(name), known=known))
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise DataFault(str(path), 1, refusal("csv_twice", name=twice))
    return header


def _entry(path: Path, line: int, row: Row, defaults: Defaults) -> dict[str, Any]:
    if isinstance(row, DataFault):
        raise row
    values = dict(row)
    for name in ("entity", "reason", "source", "expires"):
        values[name] = values.get(name, "").strip() or getattr(defaults, name)
    for name in ("promotion_types", "campaigns"):
        if not values.get(name, "").strip():
            values[name] = BETWEEN.join(getattr(defaults, name))
    try:
        return entry_of(values, line)
    except WrongColumn as error:
        raise DataFault(str(path), line, error.text) from error


def _promotions(text: str) -> list[str]:
    names = [name.lower() for name in _several(text)]
    for name in names:
        if name not in PROMOTIONS:
            known = ", ".join(PROMOTIONS)
            raise WrongColumn(refusal("csv_promotions", known=known, value=repr(name)))
    return names


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(BETWEEN) if part.strip()]
