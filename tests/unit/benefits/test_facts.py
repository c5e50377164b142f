"""What rules for promotion actions are told: each fact by its name, nothing of what is unknown."""

from typing import Any

import pytest

from risk_service.decisions.benefits.actions import BenefitAttempt
from risk_service.decisions.benefits.facts import (
    common_facts,
    counted_facts,
    customer_facts,
    seen_facts,
    subsidy_facts,
)
from risk_service.decisions.benefits.limits import NEW_ACCOUNT_US, Asked, demand_of
from risk_service.decisions.benefits.subsidies import DAY_US, HOUR_US, Claimed
from risk_service.decisions.benefits.windows import SeenAction
from risk_service.domain.action import Action, RawAction
from risk_service.domain.assessment import BenefitEntry
from risk_service.domain.benefit import (
    Benefit,
    BenefitType,
    CustomerFacts,
    GroupFacts,
    RawBenefit,
    SubsidyClaim,
    SubsidyKind,
)
from risk_service.domain.vocabulary import VerificationLevel
from risk_service.rules.variables import Subject, variables_of
from tests.fixtures.actions import records
from tests.fixtures.claim_desk import ClaimDesk
from tests.fixtures.records import NOW_US

LEVEL = VerificationLevel.L1
# What the shop knows when it knows everything, and what rules read of it.
GROUP = GroupFacts(size=5, devices=4, ips=3, overlap_share=0.5)
FACTS = CustomerFacts(
    account_registered_at_us=NOW_US - 3 * HOUR_US,
    related_registered_at_us=NOW_US - HOUR_US // 2,
    benefit_minor=700,
    points=80,
    coupon_threshold_minor=9_900,
    draws_30d=6,
    wins_30d=2,
    points_refunded_30d=11,
    group=GROUP,
)
TOLD = {
    "verified_level": 1.0, "account_age_hours": 3.0, "related_age_hours": 0.5,
    "reward_minor": 700.0, "points": 80.0, "coupon_threshold_minor": 9_900.0, "draws_30d": 6.0,
    "wins_30d": 2.0, "points_refunded_30d": 11.0, "group_size": 5.0, "group_devices": 4.0,
    "group_ips": 3.0, "group_overlap_share": 0.5,
}  # fmt: skip
CLAIM = SubsidyClaim(
    seller_id="s", campaign_id="c", kind=SubsidyKind.SHIPPING, currency_code="EUR",
    amount_minor=900, seller_rating=4.5, seller_violations_90d=2,
    transaction_proof_attached=True, shipping_documents_attached=False,
)  # fmt: skip
SUMS = Claimed(count_24h=1, sum_24h=2, sum_7d=3, sum_30d=4, in_policy_days=5, just_below_30d=6)


def benefit(kind: BenefitType = BenefitType.INVITE, related: str = "b") -> Benefit:
    """Return an action of the account a."""
    action = Action(
        action_id="x", action_type=kind.name, at_us=NOW_US, account="a", device="", ip="",
        ip_block="", campaign="c", related=related,
    )  # fmt: skip
    return Benefit(action_id="x", benefit_type=kind, at_us=NOW_US, action=action, facts=FACTS)


def seen(**more: Any) -> SeenAction:
    """Return what windows and clusters say of two accounts that never met."""
    nothing = {"event": None, "features": {}, "related": {}, "shared": None, "in_cluster": None}
    return SeenAction(**(nothing | more), stamp_us=NOW_US)


def of_customer(facts: CustomerFacts, level: VerificationLevel = LEVEL) -> dict[str, Any]:
    """Return the facts that the shop tells."""
    return customer_facts(facts, level, NOW_US)


def test_what_the_shop_knows_is_told_by_its_name() -> None:
    """Every fact is there once; ages are hours, and never before the registration."""
    assert of_customer(FACTS) == TOLD
    later = CustomerFacts(account_registered_at_us=NOW_US + HOUR_US)
    assert of_customer(later) == {"verified_level": 1.0, "account_age_hours": 0.0}


def test_what_the_shop_does_not_know_is_no_fact() -> None:
    """Nothing is told of an unknown customer, nor of a group that counts nobody."""
    assert of_customer(CustomerFacts(), VerificationLevel.UNSPECIFIED) == {}
    empty = CustomerFacts(group=GroupFacts(size=0, devices=0, ips=0))
    assert of_customer(empty) == {"verified_level": 1.0}


@pytest.mark.parametrize(
    ("paid", "refunded", "told"), [(1.0, 0.0, True), (0.0, 0.0, False), (1.0, 1.0, False)]
)
def test_a_first_order_that_went_back_is_none(paid: float, refunded: float, told: bool) -> None:
    """An invited account has bought once it paid, and nothing of it was refunded."""
    related = {"account__paid_30d": paid, "account__refunded_90d": refunded}
    assert seen_facts(benefit(), seen(related=related))["related_first_order_paid"] is told


def test_what_two_accounts_share_is_told_field_by_field() -> None:
    """Unlike accounts that never met: there nothing is known of devices and payments."""
    met = seen(shared=frozenset({"device"}), in_cluster=True)
    assert seen_facts(benefit(), met) == {
        "self_referral": False, "related_in_cluster": True, "related_same_device": True,
        "related_same_payment": False, "related_same_address": False,
    }  # fmt: skip
    assert seen_facts(benefit(related="a"), seen()) == {"self_referral": True}
    assert seen_facts(benefit(related=""), met) == {}


def test_counts_of_a_day_begin_a_day_ago() -> None:
    """What is exactly a day old counts no more; draws count as far as the log was read."""
    own = [BenefitEntry(owner="o", at_us=NOW_US - ago, amount=7) for ago in (DAY_US, DAY_US - 1, 0)]
    helpers = [BenefitEntry(owner="h", at_us=NOW_US, amount=who) for who in (1, 2, 1)]
    found = {"own": own, "helpers": helpers}

    def counted(kind: BenefitType, entries: dict[str, Any] = found) -> dict[str, Any]:
        past = seen(features={"account__attempts_30d": 4.0})
        return counted_facts(benefit(kind), entries, past, NOW_US)

    assert counted(BenefitType.POINTS) == {"points_24h": 14.0}
    assert counted(BenefitType.DRAW) == {"draws_30d": 3.0}
    helped = {"helps_24h": 2.0, "helped_orders": 4.0}
    assert counted(BenefitType.BARGAIN_HELP) == {**helped, "subnet_helpers_24h": 2.0}
    assert counted(BenefitType.BARGAIN_HELP, {"own": own}) == helped
    assert counted(BenefitType.COUPON_CLAIMED) == {}


def test_a_claim_is_told_with_the_sums_of_those_before_it() -> None:
    """Each sum stands under its own window."""
    assert subsidy_facts(CLAIM, SUMS) == {
        "seller_ids": ("s",), "currency": "EUR", "claim_minor": 900.0, "claim_kind": "SHIPPING",
        "claims_24h": 1.0, "claimed_24h_minor": 2.0, "claimed_7d_minor": 3.0,
        "claimed_30d_minor": 4.0, "just_below_30d": 6.0, "seller_rating": 4.5,
        "seller_violations_90d": 2.0, "transaction_proof": True, "shipping_documents": False,
    }  # fmt: skip


def test_every_fact_is_a_variable_of_rules_for_actions() -> None:
    """A name that no rule may ask for would be told to nobody."""
    told = {*common_facts(benefit()), *TOLD, *subsidy_facts(CLAIM, SUMS)}
    told |= {*seen_facts(benefit(), seen(shared=frozenset(), related={"account__paid_30d": 0.0}))}
    for kind in BenefitType:
        told |= {*counted_facts(benefit(kind), {}, seen(), NOW_US)}
    assert told <= {*variables_of(Subject.ACTION)}


@pytest.mark.parametrize(
    ("age_us", "told"), [(None, ""), (NEW_ACCOUNT_US - 1, "true"), (NEW_ACCOUNT_US, "false")]
)
def test_limits_know_a_new_account_by_its_age(age_us: int | None, told: str) -> None:
    """It is new for its first seven days; of an unknown age nothing is said."""
    since = None if age_us is None else NOW_US - age_us
    one = Benefit(
        action_id="x", benefit_type=BenefitType.DRAW, at_us=NOW_US, action=benefit().action,
        facts=CustomerFacts(account_registered_at_us=since),
    )  # fmt: skip
    asked = Asked(
        benefit=one, fingerprint=b"f", level=LEVEL, real_name="", cluster=(), passed=False
    )
    assert demand_of(asked, NOW_US).traits["is_new_account"] == told


def test_helpers_of_one_network_are_told_apart_by_account(desk: ClaimDesk) -> None:
    """Who helps twice is one; another campaign or network has helpers of its own."""

    def helping(number: int, account: str, ip: str = "1.2.3.4", campaign: str = "c") -> Any:
        raw = RawAction(
            action_id=f"h{number}", action_type="BARGAIN_HELP", at_us=NOW_US, account_id=account,
            device_id="", ip=ip, campaign_id=campaign, related_account_id="host",
        )  # fmt: skip
        asked = RawBenefit(
            action_id=raw.action_id, benefit_type=BenefitType.BARGAIN_HELP, at_us=NOW_US,
            action=raw, facts=CustomerFacts(),
        )  # fmt: skip
        attempt = BenefitAttempt(request_id=f"r{number}", fingerprint=b"h", subject=asked)
        (record,) = records(desk, attempt)
        return record.values["subnet_helpers_24h"]

    assert [helping(1, "a"), helping(2, "b", "1.2.3.200"), helping(3, "a")] == [1.0, 2.0, 2.0]
    assert [helping(4, "d", campaign="other"), helping(5, "e", "9.9.9.9")] == [1.0, 1.0]
