"""Reads all records of the log of decisions on orders, beside the service that writes it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.decision_rows import Packed, numbered, record_of
from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.paging import Pages, Tell, rows_of, unreadable
from risk_service.adapters.sqlite.read_only import there
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal

SINGLE = Pages(table="decisions", key="seq", columns="record")
# Up to eight records to a row, some kilobytes each.
GROUPED = Pages(table="decision_rows", key="row", columns="records", rows=250)


def read_records(directory: Path, tell: Tell) -> Iterator[DecisionRecord]:
    """Yield every record in the order of the log, as far as it went at first.

    Parameters
    ----------
    directory
        State directory of a service, running or not.
    tell
        Told how far a table was read.

    Raises
    ------
    ConfigFault
        There is no log of decisions in the directory, or it or a record cannot be read.
    """
    path = there(directory / FILE_NAME)
    for place, record in rows_of(path, SINGLE, tell):
        yield _whole(path, place, record)
    for row, records in rows_of(path, GROUPED, tell):
        for place, record in _of_row(path, row, records):
            yield _whole(path, place, record)


def _of_row(path: Path, row: int, records: bytes) -> Iterator[tuple[int, Packed]]:
    try:
        return numbered(row, records)
    except msgspec.DecodeError as error:
        raise unreadable(path, error) from error


def _whole(path: Path, place: int, packed: Packed) -> DecisionRecord:
    try:
        return record_of(packed)
    except msgspec.DecodeError as error:
        raise ConfigFault(
            refusal("unreadable_record", path=path, place=place, error=error)
        ) from error
