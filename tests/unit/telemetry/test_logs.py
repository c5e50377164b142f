"""Log lines: an event and allowed fields, whatever is handed in."""

import json
import logging

import pytest

from risk_service.telemetry import AllowListFormatter


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
