"""The files of words that commands speak."""

import string

import pytest

from risk_service.cli.audit_text import AuditWords
from risk_service.cli.explain_words import Words
from risk_service.cli.language import Phrases
from risk_service.cli.person_words import PersonWords
from risk_service.cli.remote_words import RemoteWords
from training.cli.words import CommandWords


@pytest.mark.parametrize("spoken", [AuditWords, Words, RemoteWords, PersonWords, CommandWords])
def test_both_languages_say_as_much(spoken: type[Phrases]) -> None:
    """A place that only one of them has would leave out what the other says."""
    english, chinese = spoken("en"), spoken("zh")
    assert len(english.table) > 20
    for key, (en, zh) in english.table.items():
        assert en, key
        assert zh, key
        places = {one: _places(one) for one in (en, zh)}
        assert places[en] == places[zh], key
        assert chinese(key, *range(1, places[zh] + 1)).count("{") == 0, key
        assert english(key, *range(1, places[en] + 1)).count("{") == 0, key


def test_a_step_is_called_in_english_as_the_work_calls_it() -> None:
    """Figures and lines of progress name the same steps; what has no word stays as it is."""
    english, chinese = CommandWords("en"), CommandWords("zh")
    for name in [key.removeprefix("step_") for key in english.table if key.startswith("step_")]:
        assert english.step(name) == name
    for name in ("fit refund", "folds + windows", "live history: events", "account_daily"):
        assert english.step(name) == name
    assert chinese.step("fit refund") == "拟合 恶意退款"
    assert chinese.step("folds + windows") == "时间折 ＋窗口"
    assert chinese.step("live history: events") == "线上历史：事件"
    assert chinese.step("account_daily") == "account_daily"


def _places(text: str) -> int:
    return sum(name is not None for _, name, _, _ in string.Formatter().parse(text))
