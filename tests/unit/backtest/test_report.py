"""What a backtest shows can be read by an analyst, in both languages."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from risk_service.cli.main import risk
from risk_service.domain.errors import ConfigFault
from training.cli.backtest_report import _events, print_variables
from training.cli.words import CommandWords


def shown(table: object, width: int = 200) -> str:
    """Return what a console prints."""
    text = io.StringIO()
    Console(file=text, width=width).print(table)
    return text.getvalue()


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.12983770287141072, "0.129838"), (1642.5, "1642.5"), (3, "3"), ("C", "C"), (1e-9, "1e-09")],
)
def test_fractions_are_shown_with_digits_that_one_can_read(value: object, told: str) -> None:
    """Seventeen digits tell nobody more than six; what would round to nothing stays."""
    event = {"event_id": "e1", "time": "2024-01-31", "state": "abuse", "values": {"rate": value}}
    assert f"rate {told} " in shown(_events({"listed": [event], "total": 1}, CommandWords("en")))


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
    print_variables(Console(file=text, width=200), found, CommandWords("en"))
    assert "Of the event itself 事件自身" in text.getvalue()
    assert "hour of the day 小时" in text.getvalue()
    assert text.getvalue().count("column ip") == 1


@pytest.mark.parametrize(
    ("options", "chinese"),
    [
        (("amount > 1", "--zone", "Asia/Beijing"), "不是时区"),
        (("amount > 1", "--from", "2011-13-01"), "不是日期"),
        (("nosuchrule",), "没有规则 'nosuchrule'"),
    ],
)
def test_wrong_options_are_told_in_both_languages(
    shop: Path, options: tuple[str, ...], chinese: str
) -> None:
    """In the one that is asked for, as those of all commands."""
    result = CliRunner().invoke(risk, ["backtest", *options, "--data", str(shop)])
    assert isinstance(result.exception, ConfigFault)
    assert chinese not in str(result.exception)
    again = ["backtest", *options, "--data", str(shop), "--lang", "zh"]
    assert chinese in CliRunner().invoke(risk, again).stderr


def test_one_event_is_one() -> None:
    """`First 1 of 1 flagged events` reads as a program's."""
    event = {"event_id": "e1", "time": "2024-01-31", "state": "abuse", "values": {}}
    told = shown(_events({"listed": [event], "total": 1}, CommandWords("en")))
    assert "First 1 of 1 flagged event 命中事件" in told
    assert "abuse 滥用" in told


def test_values_are_whole_on_a_narrow_terminal() -> None:
    """Beside id, time and state they had nine columns of eighty, and broke within words."""
    event = {
        "event_id": "257f01620b5b1c7d",
        "time": "2025-10-09T10:13:08.199722Z",
        "state": "honest",
        "values": {"account__attempts_24h": 17, "promotion_types": ["FLASH_SALE"]},
    }
    told = shown(_events({"listed": [event], "total": 1}, CommandWords("en")), 80).splitlines()
    assert told[1].strip() == "2025-10-09 10:13:08  honest 正常  257f01620b5b1c7d"
    assert told[2].strip() == "account__attempts_24h 17, promotion_types ['FLASH_SALE']"


def test_columns_have_chinese_names(shop: Path) -> None:
    """Those of lists had English names only."""
    told = CliRunner().invoke(risk, ["backtest", "amount > 0", "--data", str(shop)]).stdout
    for word in ("事件数", "拆分", "首次", "正常"):
        assert word in told


def test_a_report_in_chinese_has_no_english_words(shop: Path) -> None:
    """Both languages stand beside each other only where none was asked for."""
    given = ["backtest", "amount > 0", "--data", str(shop), "--lang", "zh"]
    told = CliRunner().invoke(risk, given, catch_exceptions=False).stdout
    assert "个事件中命中" in told
    for word in ("flagged", "events", "honest", "precision", "split"):
        assert word not in told
    variables = CliRunner().invoke(risk, ["backtest", "--variables", *given[2:]]).stdout
    assert "小时" in variables
    assert "meaning" not in variables
