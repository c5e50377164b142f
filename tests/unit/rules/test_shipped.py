"""The rules that ship: each does what its examples say, and the catalogue is covered."""

import pytest

from risk_service.domain.vocabulary import Outcome, PromotionType
from risk_service.rules.examples import run_examples
from risk_service.rules.rule_set import shipped_languages, shipped_rules
from risk_service.rules.screen import clauses
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject

RULES = tuple(shipped_rules().rules.values())
CATALOGUE = {
    "coupon",
    "spend_and_save",
    "flash_sale",
    "group_buy",
    "invite",
    "bargain_help",
    "gift",
    "points",
    "lucky_draw",
    "platform_subsidy",
    "new_customer",
    "returns",
}


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_examples_hold(rule: object) -> None:
    """Every example of every shipped rule gives what it says."""
    wrong = [one for one in run_examples([rule]) if not one.passed]  # type: ignore[list-item]
    assert not wrong, [(one.example.about, one.found, one.missing) for one in wrong]


def test_the_catalogue_is_covered() -> None:
    """There is a file for each promotion of the catalogue, and rules for every subject."""
    assert len(RULES) >= 25
    assert {rule.file.removesuffix(".toml") for rule in RULES} >= CATALOGUE
    assert {rule.subject for rule in RULES} == set(Subject)


def test_each_promotion_type_has_rules() -> None:
    """No promotion type is left to the rules for every order alone."""
    everywhere = {
        rule.id
        for rule in RULES
        if not rule.scope.promotions and rule.subject is not Subject.ACTION
    }
    for promotion in set(PromotionType) - {PromotionType.UNSPECIFIED, PromotionType.NONE}:
        found = {
            rule.id
            for subject in Subject
            for rule in shipped_rules().in_scope(frozenset({promotion}), subject)
        }
        assert found - everywhere - {"promotion_below_cost", "promotion_discount_too_deep"}, (
            promotion
        )


def test_nobody_is_denied_by_a_guess() -> None:
    """Only actions are denied by shipped rules: no order and no refund claim is."""
    denied = {rule.subject for rule in RULES if rule.outcome is Outcome.DENY}
    assert denied == {Subject.ACTION}


def test_rules_differ_in_reason_and_say_whom_they_hurt() -> None:
    """Each rule has a reason code of its own and names an honest customer it may hit."""
    assert len({rule.reason for rule in RULES}) == len(RULES)
    assert all(rule.honest.zh and rule.honest.en for rule in RULES)


def test_unknown_orders_are_not_matched() -> None:
    """An order of which nothing is known matches no rule; what cannot be told is said."""
    for rule in RULES:
        result = rule.expression.evaluate(Values())
        assert not result, rule.id


def test_the_screen_sees_every_shipped_rule() -> None:
    """No shipped rule costs an evaluation on every order."""
    for rule in RULES:
        variables = shipped_languages()[rule.subject].variables
        assert clauses(rule.expression.tree, variables), rule.id
