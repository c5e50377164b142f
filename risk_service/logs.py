"""Log lines of the service: what they may hold, and how often the same one is written.

Logs are JSON lines, or short text, of an event name and fields from an allow-list: no
identifier of a person can be written by accident. Of an exception a line shows its type
and the places in the code, never its message or values. Nobody waits for whoever reads
the lines: those that find no room are left out and counted.
"""

import json
import logging
import select
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

REPEATED_AFTER_S = 1.0
# Kinds of lines that are remembered; beyond, all are forgotten and written once more.
KINDS_MAX = 1_000
# A pipe that takes anything takes 4,096 bytes at once; a line is to stay below.
FIELD_CHARACTERS_MAX = 500
PLACES_MAX = 12

# What a log line may say beside its time, level and event. Ids are the shop's or our own.
LOG_FIELDS = (
    "address", "behind_s", "bundle_sha256", "calls", "check", "code", "count", "decision_id",
    "error", "error_type", "events", "feature_schema", "file", "grace_s", "left_out", "limits",
    "lists", "loops", "method", "missing", "orders", "policy", "ready_s", "repeated", "request_id",
    "reservation_id", "rules", "share", "signal", "state", "variant", "version",
)  # fmt: skip


class AllowListFormatter(logging.Formatter):
    """Writes an event and its allowed fields; everything else is left out.

    Parameters
    ----------
    as_json
        JSON lines for machines, or short text for people.
    """

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        # The message of a foreign library may hold anything: only its name is written.
        ours = record.name.startswith("risk_service")
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.msg if ours else "library_message",
            "logger": record.name,
        }
        fields |= {key: _said(getattr(record, key)) for key in LOG_FIELDS if hasattr(record, key)}
        if record.exc_info and record.exc_info[0]:
            fields["error_type"] = record.exc_info[0].__name__
            fields["places"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-PLACES_MAX:]
            ]
        if self._as_json:
            return json.dumps(fields, ensure_ascii=False, default=str)
        return " ".join(
            [f"{fields.pop('time')} {fields.pop('level')} {fields.pop('event')}"]
            + [f"{key}={value}" for key, value in fields.items() if key != "logger"]
        )


def _said(value: object) -> object:
    """Return what a line says of a field: words of others on one line, and not too many."""
    if not isinstance(value, str):
        return value
    if not value.isprintable():
        value = " ".join("".join([c if c.isprintable() else " " for c in value]).split())
    return value[:FIELD_CHARACTERS_MAX]


class OnceASecond(logging.StreamHandler[TextIO]):
    """Writes equal warnings and errors once a second and counts those between in the next.

    A full disk is the same line for every order: thousands a second, often onto that disk.
    A line that would have to wait, as for a reader who has stopped, is left out: orders would
    wait with it.

    Attributes
    ----------
    left_out
        Lines that found no room, or that could not be written.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._written: dict[tuple[object, ...], tuple[float, int]] = {}
        self._room = _room_of(stream)
        self.left_out = 0
        self._told = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line unless its like was written within the last second."""
        if record.levelno >= logging.WARNING and self._is_repeated(record):
            return
        # A reader who is gone gives room as well: writing fails at once then.
        if self._room is not None and not self._room.poll(0):
            self.left_out += 1
            return
        if self.left_out > self._told:
            record.left_out = self.left_out - self._told
        before = self.left_out
        super().emit(record)
        if self.left_out == before:
            self._told = before

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Count a line that could not be written; there is nowhere to say more."""
        self.left_out += 1

    def _is_repeated(self, record: logging.LogRecord) -> bool:
        """Tell whether to leave a line out; to one that is written, add how many were."""
        kind = _kind(record)
        written_at, left_out = self._written.get(kind, (float("-inf"), 0))
        if 0 <= record.created - written_at < REPEATED_AFTER_S:
            self._written[kind] = (written_at, left_out + 1)
            return True
        if left_out:
            record.repeated = left_out
        if len(self._written) >= KINDS_MAX:
            self._written.clear()
        self._written[kind] = (record.created, 0)
        return False


def _room_of(stream: TextIO | None) -> "select.poll | None":
    """Return what tells whether a stream takes a line at once, None where nothing can."""
    try:
        descriptor = stream.fileno() if stream is not None else None
    except (AttributeError, OSError, ValueError):  # no stream of the system's
        return None
    if descriptor is None:
        return None
    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    return room


# How many a line is about; lines that differ in nothing else say the same.
_SIZES = ("calls", "count", "events", "orders")
_SAID = [field for field in LOG_FIELDS if field not in _SIZES]


def _kind(record: logging.LogRecord) -> tuple[object, ...]:
    """Return what equal lines have in common: all that they say, and where it was raised."""
    said = [str(getattr(record, field, "")) for field in _SAID]
    raised: list[object] = []
    if record.exc_info and record.exc_info[2]:
        last = list(traceback.walk_tb(record.exc_info[2]))[-1]
        raised = [record.exc_info[0], last[0].f_code.co_filename, last[1]]
    return (record.name, str(record.msg), *said, *raised)


def configure_logging(*, as_json: bool) -> None:
    """Send the log of the whole process to stderr."""
    handler = OnceASecond(sys.stderr)
    handler.setFormatter(AllowListFormatter(as_json=as_json))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)


def lines_left_out() -> int:
    """Return how many lines of the process found no room, or could not be written."""
    handlers = logging.getLogger().handlers
    return sum([one.left_out for one in handlers if isinstance(one, OnceASecond)])
