"""The meaning of the language of rules, pinned case by case."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from risk_service.rules.expression import Fault, Kind, Language, RuleFault

CORPUS = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text("utf-8"))
LANGUAGE = Language(
    {
        "a": Kind.NUMBER,
        "b": Kind.NUMBER,
        "n": Kind.INTEGER,
        "m": Kind.INTEGER,
        "f": Kind.FLAG,
        "g": Kind.FLAG,
        "t": Kind.TEXT,
        "ts": Kind.TEXTS,
        "account__attempts_24h": Kind.NUMBER,
    }
)


def _names(cases: list[dict[str, Any]]) -> list[str]:
    return [f"{number}" for number in range(len(cases))]


@pytest.mark.parametrize("case", CORPUS["case"], ids=_names(CORPUS["case"]))
def test_means(case: dict[str, Any]) -> None:
    """Each expression of the corpus has the result that the corpus says."""
    result = LANGUAGE.compile(case["source"]).evaluate(case["values"])
    found = result.code if isinstance(result, Fault) else result
    assert found == case["result"], (case["source"], result)


@pytest.mark.parametrize("case", CORPUS["refused"], ids=_names(CORPUS["refused"]))
def test_refuses(case: dict[str, Any]) -> None:
    """Each refusal points at its place, says what is wrong and what would be right."""
    with pytest.raises(RuleFault) as refused:
        LANGUAGE.compile(case["source"])
    found = refused.value
    assert [found.line, found.column, found.length] == case["at"], case["source"]
    assert case["message"] in found.message
    assert case["hint"] in found.hint
    assert all(text.zh for text in found.texts if text.en)
