"""Reads the log of decisions from its beginning to its end, beside the service that writes it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from risk_service.adapters.sqlite.decision_rows import Packed, numbered, record_of
from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.paging import Pages, Tell, rows_of, unreadable
from risk_service.adapters.sqlite.read_only import there
from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.errors import ConfigFault
from risk_service.domain.positional import Positional, reader
from risk_service.domain.refusals import refusal

SINGLE = Pages(table="decisions", key="seq", columns="record")
# Up to eight records to a row, some kilobytes each.
GROUPED = Pages(table="decision_rows", key="row", columns="records", rows=250)
ASSESSMENTS = Pages(table="assessments", key="seq", columns="subject, record")

Part = TypeVar("Part")


class _DecisionPart(Positional, frozen=True, gc=False):
    """What a record begins with."""

    decision: Decision


class _AssessedPart(Struct, frozen=True, gc=False):
    """What a record of a claim or an action has as well."""

    decision: Decision


_decision_of, _assessed_of = reader(_DecisionPart), reader(_AssessedPart)


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
        yield _read(path, place, record_of, record)
    for row, records in rows_of(path, GROUPED, tell):
        for place, record in _of_row(path, row, records):
            yield _read(path, place, record_of, record)


def read_decisions(directory: Path, tell: Tell) -> Iterator[tuple[str, Decision]]:
    """Yield subjects and decisions: those on orders, without a subject, then all others.

    Parameters and errors are those of ``read_records``.
    """
    path = there(directory / FILE_NAME)
    for place, record in rows_of(path, SINGLE, tell):
        yield "", _read(path, place, _decision_of, record).decision
    for row, records in rows_of(path, GROUPED, tell):
        for place, record in _of_row(path, row, records):
            yield "", _read(path, place, _decision_of, record).decision
    for place, subject, record in rows_of(path, ASSESSMENTS, tell):
        yield subject, _read(path, place, _assessed_of, record).decision


def _of_row(path: Path, row: int, records: bytes) -> Iterator[tuple[int, Packed]]:
    try:
        return numbered(row, records)
    except msgspec.DecodeError as error:
        raise unreadable(path, error) from error


def _read(path: Path, place: int, read: Callable[[Packed], Part], packed: Packed) -> Part:
    try:
        return read(packed)
    except msgspec.DecodeError as error:
        raise ConfigFault(
            refusal("unreadable_record", path=path, place=place, error=error)
        ) from error
