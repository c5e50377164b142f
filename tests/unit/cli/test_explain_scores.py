"""``risk explain`` says why a score asks for nothing, and what holds where nothing is stored."""

import click
import pytest

from risk_service.cli.explain_parts import customer_lines, score_line
from risk_service.cli.explain_words import Words
from risk_service.domain.decision import AbuseScore, Cause, Step
from risk_service.domain.vocabulary import Abuse, Outcome
from tests.fixtures.records import record


def told(marks: dict[str, int], *causes: Cause, language: str = "en", score: int = 950) -> str:
    """Return what is said of a score of scalping."""
    one = AbuseScore(abuse=Abuse.SCALPING, score=score, probability=0.9)
    return click.unstyle(score_line(one, causes, marks, "no_actions", Words(language)))


def test_a_score_above_a_mark_that_asks_for_nothing_says_why() -> None:
    """An order of few units reaches limited quantity, and there is no quantity to cut."""
    line = told({"limit_quantity": 935})
    assert "reached limit quantity, but there is nothing to limit" in line
    assert "已达限购，但无可限购的数量" in told({"limit_quantity": 935}, language="zh")
    assert "asks for nothing  [" in told({"limit_quantity": 935}, score=900)


def test_a_score_that_asks_says_what_for() -> None:
    """Then nothing else is said."""
    cause = Cause(step=Step.SCORE, ref=Abuse.SCALPING, outcome=Outcome.LIMIT_QUANTITY)
    assert "asks for LIMIT_QUANTITY" in told({"limit_quantity": 935}, cause).replace(
        "limit quantity ", ""
    )


@pytest.mark.parametrize(("language", "words"), [("en", "no action"), ("zh", "未提供动作")])
def test_models_that_offer_no_action_are_told_from_records_without_marks(
    language: str, words: str
) -> None:
    """Too few orders to promise a cap leave a model without thresholds; they were not lost."""
    assert words in told({}, language=language)


def test_a_probability_is_told_as_one() -> None:
    """Whoever reads an appeal does not know what p stands for."""
    assert "950  probability 90.0%  asks for nothing" in told({})
    assert "950  概率 90.0%  无要求" in told({}, language="zh")


def test_what_passes_is_not_called_an_order() -> None:
    """Claims and promotion actions pass as well."""
    assert list(customer_lines(record("r-1").decision, Words("en"))) == ["nothing: it passes"]
