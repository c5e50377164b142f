"""A large subsidy claim meets a person, whole or split, in any order of its parts."""

from datetime import timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.decisions.benefits.policy import BenefitPolicy, load_benefit_policy
from risk_service.decisions.benefits.subsidies import DAY_US, claimed
from risk_service.domain.assessment import BenefitEntry
from risk_service.domain.benefit import SubsidyClaim, SubsidyKind
from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.records import NOW_US

POLICY = load_benefit_policy()
LINE_MINOR = 1_000_000


def subsidy(
    amount: int, kind: SubsidyKind = SubsidyKind.SALES, currency: str = "CNY"
) -> SubsidyClaim:
    """Return a claim of one seller."""
    return SubsidyClaim(
        seller_id="s", campaign_id="", kind=kind, currency_code=currency, amount_minor=amount
    )


def asked(amounts: list[int], spacing: timedelta = timedelta(hours=1)) -> list[set[str]]:
    """Return the codes that each of some claims gets, one after the other."""
    entries: list[BenefitEntry] = []
    found = []
    for place, amount in enumerate(amounts):
        now_us = NOW_US + place * round(spacing.total_seconds() * 1e6)
        entries.append(BenefitEntry(owner="s", at_us=now_us, amount=amount))
        sums = claimed(entries, now_us, days=POLICY.sum_days, just_below=POLICY.just_below)
        found.append({one.reason.code for one in POLICY.subsidy_findings(subsidy(amount), sums)})
    return found


def test_the_line_itself_passes_and_one_cent_more_does_not() -> None:
    """CNY 10,000.00 is within the line, 10,000.01 is looked at."""
    assert asked([LINE_MINOR]) == [set()]
    assert asked([LINE_MINOR + 1]) == [{"SUBSIDY_SINGLE"}]


def test_repeated_claims_just_below_the_line_are_looked_at_though_weeks_apart() -> None:
    """Three claims of 9,900.00 in 30 days: the third, though each window of 7 days holds one."""
    found = asked([990_000] * 3, timedelta(days=10))
    assert found == [set(), set(), {"SUBSIDY_JUST_BELOW"}]


def test_sums_forget_what_is_older_than_their_window() -> None:
    """6,000.00 a fortnight apart is no split claim."""
    assert asked([600_000, 600_000], timedelta(days=14)) == [set(), set()]


def test_an_advertising_rebate_has_a_line_of_its_own() -> None:
    """Above CNY 50,000.00 it is looked at, at 50,000.00 not."""
    for amount, codes in ((5_000_000, set()), (5_000_001, {"SUBSIDY_ADVERTISING"})):
        sums = claimed([], NOW_US, days=7, just_below=POLICY.just_below)
        found = POLICY.subsidy_findings(subsidy(amount, SubsidyKind.ADVERTISING), sums)
        assert {one.reason.code for one in found} == codes


def test_another_currency_is_looked_at() -> None:
    """A line drawn in CNY lets no claim in another currency pass."""
    sums = claimed([], NOW_US, days=7, just_below=POLICY.just_below)
    (found,) = POLICY.subsidy_findings(subsidy(1, currency="JPY"), sums)
    assert found.cause.outcome is Outcome.REVIEW


@given(
    total=st.integers(LINE_MINOR + 1, 3 * LINE_MINOR),
    cuts=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_no_split_of_a_large_claim_passes_in_any_order(
    total: int, cuts: list[float], order: object
) -> None:
    """Whatever the parts and their order within the window, some part is looked at."""
    weights = sum(cuts)
    parts = [max(1, int(total * cut / weights)) for cut in cuts]
    parts[-1] += max(0, total - sum(parts))
    order.shuffle(parts)  # type: ignore[attr-defined]  # a random.Random
    spacing = timedelta(days=POLICY.sum_days) / (len(parts) + 1)
    assert any(asked(parts, spacing))


def test_a_claim_cannot_be_dated_out_of_a_window() -> None:
    """Entries carry the service's clock: 7 days later to the microsecond they are gone."""
    old = BenefitEntry(owner="s", at_us=NOW_US, amount=5)
    inside = claimed([old], NOW_US + 7 * DAY_US - 1, days=7, just_below=range(1))
    outside = claimed([old], NOW_US + 7 * DAY_US, days=7, just_below=range(1))
    assert (inside.sum_7d, outside.sum_7d) == (5, 0)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("sum_days = 7", "sum_days = 31", "sum_days"),
        ("single_minor = 1_000_000", "single_minor = 0", "single_minor"),
        (
            'required = ["TRANSACTION_PROOF", "SHIPPING_DOCUMENTS"]',
            'required = ["LUCK"]',
            "required",
        ),
        ("[text.SUBSIDY_SUM]", "[text.SUBSIDY_SUMS]", "SUBSIDY_SUM"),
    ],
)
def test_a_wrong_policy_names_what_is_wrong(before: str, after: str, told: str) -> None:
    """Thresholds are data: a file that cannot be right is refused, with the key."""
    text = _policy_text()
    assert before in text
    with pytest.raises(ConfigFault, match=told):
        BenefitPolicy(text.replace(before, after))


def _policy_text() -> str:
    return files("risk_service.decisions.benefits").joinpath("benefits.toml").read_text("utf-8")
