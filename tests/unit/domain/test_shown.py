"""Texts and JSON of others as a terminal may show them."""

import json
import unicodedata

import pytest

from risk_service.domain.shown import shown, shown_json

# Control sequences, marks that turn writing, one beyond 16 bits, half of such a pair.
HOSTILE = ["\x9b2J", "\u202egnp.exe", "\U000e0041", "\x7f", "\u2028", "\ufeff", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
def test_json_means_the_same_and_shows_every_character(text: str) -> None:
    """Names and texts alike: escaped as JSON has it, so that programs read what was written."""
    data = {"名字" + text: ["写 " + text + '\n\t"\\', 3.5, None]}
    told = shown_json(json.dumps(data, ensure_ascii=False, indent=2))
    assert json.loads(told) == data
    assert "名字" in told
    assert not [one for one in told if unicodedata.category(one)[0] == "C" and one != "\n"]
    assert not {"\u2028", "\u2029"} & set(told)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_shows_every_character(text: str) -> None:
    """Line ends stay, and what is shown once is shown the same again."""
    told = shown(f"团伙 {text}\n")
    assert told.startswith("团伙 ")
    assert told.endswith("\n")
    assert text not in told
    assert shown(told) == told
