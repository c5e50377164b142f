"""What a backtest shows can be read by an analyst, in both languages."""

import io

import pytest
from rich.console import Console

from training.cli.backtest_report import _events, print_variables


def shown(table: object) -> str:
    """Return what a console prints."""
    text = io.StringIO()
    Console(file=text, width=200).print(table)
    return text.getvalue()


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.12983770287141072, "0.129838"), (1642.5, "1642.5"), (3, "3"), ("C", "C"), (1e-9, "1e-09")],
)
def test_fractions_are_shown_with_digits_that_one_can_read(value: object, told: str) -> None:
    """Seventeen digits tell nobody more than six; what would round to nothing stays."""
    event = {"event_id": "e1", "time": "2024-01-31", "state": "abuse", "values": {"rate": value}}
    assert f"rate {told} " in shown(_events({"listed": [event], "total": 1}))


def test_variables_are_explained_in_both_languages() -> None:
    """What a variable means stands there in Chinese too, unless it is a name of the shop's own."""
    event = {"kind": "number", "missing": 0.0}
    found = {
        "event": {
            "hour": event | {"en": "hour of the day", "zh": "小时"},
            "ip": event | {"en": "column ip", "zh": "column ip"},
        },
        "keys": {},
        "history": {},
    }
    text = io.StringIO()
    print_variables(Console(file=text, width=200), found)
    assert "Of the event itself 事件自身" in text.getvalue()
    assert "hour of the day 小时" in text.getvalue()
    assert text.getvalue().count("column ip") == 1
