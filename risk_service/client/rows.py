"""Values of plain rows, ready for messages.

Limits: checks what a message can hold, nothing that the service checks. What it cannot hold
raises ``ValueError`` that names the column, before anything is sent; the value of a text,
which may be somebody's name, is not told.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INT64 = range(-(2**63), 2**63)
UINT32 = range(2**32)
ENUM = range(-(2**31), 2**31)

Row = Mapping[str, Any]
Made = TypeVar("Made")


def text(row: Row, column: str) -> str:
    """Return the text, or "" for what the row does not have: the message's own absence."""
    value = row.get(column)
    if is_missing(value):
        return ""
    told = str(value)
    try:
        told.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{column} is not text that can be sent: {error.reason}") from None
    return told


def number(row: Row, column: str, fits: range = INT64, *, rounded: bool = False) -> int:
    """Return the integer, or 0 for what the row does not have.

    A fraction is refused unless it is rounded down: money is in minor units, and rounding would
    hide the mistake; of a measured time it is nothing.
    """
    value: Any = row.get(column)
    if is_missing(value):
        return 0
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        whole = None
    # int() reads no fraction out of a text.
    if whole is None or not (rounded or isinstance(value, str) or whole == value):
        raise ValueError(f"{column} must be a whole number, got {value!r}")
    if whole not in fits:
        raise ValueError(f"{column} must be {fits[0]} to {fits[-1]}, got {whole}")
    return whole


def fraction(row: Row, column: str) -> float:
    """Return the number that the row has, which need not be whole."""
    try:
        return float(row[column])
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{column} must be a number, got {row[column]!r}") from None


def time(row: Row, column: str) -> Timestamp | None:
    """Return the time, or None for what the row does not have."""
    value: Any = row.get(column)
    if is_missing(value):
        return None
    try:
        return timestamp(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{column} must be a datetime or microseconds since 1970 UTC, got {value!r}"
        ) from None


def timestamp(moment: datetime | int) -> Timestamp:
    """Return a protobuf time for a datetime (naive: UTC) or microseconds since 1970 UTC."""
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        moment_us = (aware - EPOCH) // MICROSECOND
    else:
        moment_us = int(moment)
    seconds, micros = divmod(moment_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1_000)


def each(name: str, given: Any, make: Callable[[Row], Made]) -> list[Made]:
    """Return what is made of each row of a list, which may be missing.

    Raises
    ------
    ValueError
        Something is no row, or has a value that cannot be sent; tells the place of the row.
    """
    if given is None or isinstance(given, float):  # NaN, where pandas has no list
        return []
    if not hasattr(given, "__iter__"):
        raise ValueError(f"{name} must be a list of mappings, got {given!r}")
    made = []
    for place, row in enumerate(given):
        if not hasattr(row, "get"):
            raise ValueError(f"{name}[{place}] must be a mapping, got {row!r}")
        try:
            made.append(make(row))
        except ValueError as error:
            raise ValueError(f"{name}[{place}].{error}") from None
    return made


def is_missing(value: object) -> bool:
    """Tell None, and NaN and pandas' NaT, which alone differ from themselves, and pandas' NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # NA does not say whether it differs
        return True
