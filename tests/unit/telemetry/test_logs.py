"""Log lines: an event and allowed fields, whatever is handed in."""

import io
import json
import logging
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from risk_service.logs import AllowListFormatter, OnceASecond


def line(name: str, message: str, *, as_json: bool = True, **extra: object) -> str:
    """Return what is written for one record; a key ``error`` in it raises first."""
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, (), None)
    record.__dict__.update(extra)
    return AllowListFormatter(as_json=as_json).format(record)


@pytest.mark.parametrize("as_json", [True, False])
def test_fields_outside_the_list_are_left_out(as_json: bool) -> None:
    """A phone number that somebody passes along is not written."""
    text = line("risk_service.rpc", "event", as_json=as_json, phone="13800138000", orders=3)
    assert "13800138000" not in text
    assert "3" in text


def test_messages_of_libraries_are_not_repeated() -> None:
    """A library's message may hold anything, so only its name is written."""
    written = json.loads(line("grpc._cython", "payload 13800138000"))
    assert (written["event"], written["logger"]) == ("library_message", "grpc._cython")


def test_exceptions_show_type_and_places_only() -> None:
    """An exception's message and values stay out of the log."""
    try:
        raise KeyError("13800138000")
    except KeyError as error:
        record = logging.LogRecord(
            "risk_service",
            logging.ERROR,
            __file__,
            1,
            "bug",
            (),
            (KeyError, error, error.__traceback__),
        )
    text = AllowListFormatter(as_json=True).format(record)
    assert "13800138000" not in text
    assert json.loads(text)["error_type"] == "KeyError"
    assert "test_logs.py" in text


def written(*records: tuple[float, str, dict[str, object]]) -> list[str]:
    """Return the lines of errors at times, with their fields."""
    stream = io.StringIO()
    handler = OnceASecond(stream)
    handler.setFormatter(AllowListFormatter(as_json=False))
    for created, message, extra in records:
        record = logging.LogRecord("risk_service", logging.ERROR, __file__, 1, message, (), None)
        record.__dict__.update(extra, created=created)
        handler.handle(record)
    return [line.partition(" ERROR ")[2] for line in stream.getvalue().splitlines()]


def test_an_error_of_every_order_is_written_once_a_second() -> None:
    """The first at once; the next one a second later says how many there were between."""
    full = ("store_unavailable", {"error": "the disk is full"})
    lines = written(*[(100 + number / 1000, *full) for number in range(1002)])
    assert lines == [
        "store_unavailable error=the disk is full",
        "store_unavailable error=the disk is full repeated=999",
    ]


def test_a_line_about_groups_of_any_size_is_written_once_a_second() -> None:
    """Groups of orders differ in size, and the store that is away is the same."""
    said = [{"error": "away", "orders": number} for number in range(1, 60)]
    lines = written(*[(100.0 + one["orders"] / 58, "features_unavailable", one) for one in said])  # type: ignore[operator]  # a number
    assert lines == [
        "features_unavailable error=away orders=1",
        "features_unavailable error=away orders=59 repeated=57",
    ]


def test_errors_that_say_different_things_are_all_written() -> None:
    """Of another reservation, or of another cause, is another line."""
    ids = [{"reservation_id": "r1"}, {"reservation_id": "r2"}, {"error": "x"}]
    assert len(written(*[(100.0, "reservation_charged_late", one) for one in ids])) == 3


def test_a_clock_that_goes_back_keeps_no_line_back() -> None:
    """Else a line could be left out for as long as the clock was ahead."""
    assert len(written((5_000.0, "full", {}), (100.0, "full", {}))) == 2


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Return the end of a pipe that is read, and the stream that writes into it."""
    reading, writing = os.pipe()
    with open(writing, "w", buffering=1, encoding="utf-8") as stream:
        yield reading, stream
    os.close(reading)


def filled(stream: TextIO) -> int:
    """Fill a pipe to the last byte and return how many it took."""
    os.set_blocking(stream.fileno(), False)
    size = 0
    try:
        while True:
            size += os.write(stream.fileno(), b"x" * 4096)
    except BlockingIOError:
        return size
    finally:
        os.set_blocking(stream.fileno(), True)


def say(handler: OnceASecond, event: str) -> None:
    """Log an event."""
    handler.handle(logging.LogRecord("risk_service", logging.INFO, "", 1, event, (), None))


def test_nobody_waits_for_whoever_reads_the_log(pipe: tuple[int, TextIO]) -> None:
    """What finds no room is left out; the next line that does says how many were."""
    reading, stream = pipe
    handler = OnceASecond(stream)
    handler.setFormatter(AllowListFormatter(as_json=False))
    size = filled(stream)
    for event in ("one", "two"):
        say(handler, event)
    assert handler.left_out == 2
    os.read(reading, size)
    for event in ("three", "four"):
        say(handler, event)
    told = [line.partition(" INFO ")[2] for line in os.read(reading, size).decode().splitlines()]
    assert told == ["three left_out=2", "four"]


def test_a_log_that_nobody_reads_any_more_fails_no_order(pipe: tuple[int, TextIO]) -> None:
    """A line that cannot be written is counted, and no more is made of it."""
    _, stream = pipe
    handler = OnceASecond(stream)
    with open("/dev/full", "w", buffering=1, encoding="utf-8") as full:
        os.dup2(full.fileno(), stream.fileno())
        say(handler, "one")
        assert handler.left_out == 1
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
            os.dup2(nowhere.fileno(), full.fileno())


def test_a_line_is_one_line_that_a_pipe_takes_at_once() -> None:
    """Words of a server may hold a statement of many lines; a pipe takes 4,096 bytes at once."""
    words = "canceling statement\nCONTEXT:  SQL\x1b[1m statement\t" + "好" * 10_000
    text = line("risk_service", "limits_unavailable", as_json=False, error=words)
    assert "error=canceling statement CONTEXT: SQL [1m statement 好" in text
    assert len(text.encode()) < 4096
