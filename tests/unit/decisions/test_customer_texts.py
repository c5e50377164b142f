"""Every text that a customer can read, held against the outcome that it comes with."""

import re

import pytest

from risk_service.decisions.cause_reasons import GRANT_CODES
from risk_service.decisions.reasons import COMBINED, load_reasons
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome
from risk_service.features.schema import load_schema
from tests.fixtures.customer_texts import ACTION, PLAIN, Shown, shown_texts

SHOWN = tuple(dict.fromkeys(shown_texts()))
INTERNAL = re.compile(r"__|[a-z0-9]+_[a-z0-9_]+|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+|[a-z0-9]+:[0-9a-f]{8}")
CHINESE = re.compile("[\u4e00-\u9fff]")
# What a text must say and must not say, by outcome: Chinese, then English.
VERIFY_ZH = "完成验证|先完成|完成账号"
VERIFY_EN = "complete (a|the) verif|please verify|Please verify"
MUST = {
    Outcome.LIMIT_QUANTITY: ("数量|原价", "quantity|Units|purchase limit"),
    Outcome.CHALLENGE: (f"{VERIFY_ZH}|凭证|核对", f"{VERIFY_EN}|evidence|check (your|it)"),
    Outcome.REVIEW: ("核实|审核", "check|A person will look|a person will look|review"),
    Outcome.DENY: (
        "客服|稍后再试|重新下单|请拆分|请核对|须符合",
        "customer service|try again later|place a new one|split it|lease check|must meet",
    ),
}
MUST_NOT = {
    Outcome.LIMIT_QUANTITY: (f"核实|审核|通知您|{VERIFY_ZH}", f"a check|let you know|{VERIFY_EN}"),
    Outcome.CHALLENGE: ("无法受理|联系客服", "cannot take|customer service"),
    Outcome.REVIEW: (
        f"{VERIFY_ZH}|无法受理|稍后再试|稍候",
        f"{VERIFY_EN}|cannot take|try again|please wait",
    ),
    Outcome.DENY: (
        f"进一步核实|审核|通知您|{VERIFY_ZH}",
        f"further check|let you know|{VERIFY_EN}",
    ),
}


def name(one: Shown) -> str:
    """Return what a test is called."""
    return f"{one.about}-{one.code}-{one.outcome.name}"


def test_every_code_is_held_against_its_outcomes() -> None:
    """No reason of an order, a claim or an action is left out of this catalogue."""
    reasons = load_reasons(load_schema())
    scored = set(reasons.code_of.values()) | {COMBINED}
    assert reasons.by_code.keys() == scored | PLAIN.keys()
    assert set(GRANT_CODES) <= PLAIN.keys()
    told = {(one.about, one.code, one.outcome) for one in SHOWN}
    assert {("order", code, outcome) for code in scored for outcome in list(Outcome)[1:]} <= told
    assert {("action", code, outcome) for code, all_ in ACTION.items() for outcome in all_} <= told
    assert Outcome.ALLOW not in {one.outcome for one in SHOWN}
    assert len(told) > 200


@pytest.mark.parametrize("shown", SHOWN, ids=name)
def test_the_text_fits_the_outcome(shown: Shown) -> None:
    """It says what comes next, and asks for nothing that the outcome does not offer."""
    zh, en = MUST[shown.outcome]
    assert re.search(zh, shown.customer.zh), shown.customer.zh
    assert re.search(en, shown.customer.en), shown.customer.en
    zh, en = MUST_NOT[shown.outcome]
    assert not re.search(zh, shown.customer.zh), shown.customer.zh
    assert not re.search(en, shown.customer.en), shown.customer.en


def sentences_of(one: Shown) -> list[LocalizedText]:
    """Return the customer's text, and the analyst's where it is formed here."""
    return [one.customer] + ([one.analyst] if one.analyst else [])


@pytest.mark.parametrize("shown", SHOWN, ids=name)
def test_the_text_is_whole_and_of_its_language(shown: Shown) -> None:
    """Whole sentences: no place left to fill, no name of ours, no number, no other language."""
    customer = shown.customer
    assert re.fullmatch(r"[A-Z][ -~]*\.", customer.en)
    assert not re.search(r"[A-Z]{2}", customer.en)
    assert CHINESE.search(customer.zh)
    assert customer.zh.endswith("。")
    assert not re.search(r"[A-Za-z]", customer.zh)
    for text in (customer.zh, customer.en):
        assert not re.search(r"[0-9{}]|  |。。|\.\.", text)
        assert not INTERNAL.search(text)
    for told in sentences_of(shown)[1:]:
        assert told.en.isascii()
        assert CHINESE.search(told.zh)
        for text in (told.zh, told.en):
            assert "{" not in text
            assert not INTERNAL.search(text), text


def test_who_is_refused_cannot_tell_a_list_from_a_score() -> None:
    """A deny list and a score that denies read alike, or a refusal would tell who is on a list."""
    denied = {
        one.customer
        for one in SHOWN
        if one.about == "order" and one.outcome is Outcome.DENY and one.code not in PLAIN
        and not one.code.startswith("RULE_")
    }  # fmt: skip
    listed = {one.customer for one in SHOWN if (one.about, one.code) == ("order", "DENY_LISTED")}
    assert denied == listed
