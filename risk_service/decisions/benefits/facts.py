"""What rules of the subject "action" may ask, by name; what is missing is left out."""

from collections.abc import Mapping, Sequence

from risk_service.decisions.benefits.as_order import PROMOTION_OF, campaign_of
from risk_service.decisions.benefits.subsidies import DAY_US, HOUR_US, Claimed
from risk_service.decisions.benefits.windows import SeenAction
from risk_service.decisions.refunds.facts import level_value, present
from risk_service.domain.assessment import BenefitEntry, Value
from risk_service.domain.benefit import Benefit, BenefitType, CustomerFacts, SubsidyClaim
from risk_service.domain.vocabulary import VerificationLevel


def common_facts(benefit: Benefit) -> dict[str, Value]:
    """Return what every action has."""
    campaign = campaign_of(benefit)
    return {
        "action_type": benefit.benefit_type.name,
        "promotion_types": (PROMOTION_OF[benefit.benefit_type].name,),
        "campaign_ids": (campaign,) if campaign else (),
    }


def customer_facts(facts: CustomerFacts, level: VerificationLevel, now_us: int) -> dict[str, Value]:
    """Return what the shop says about a customer's action.

    Parameters
    ----------
    level
        The higher of what the shop says and what was verified here.
    """
    group = facts.group
    known: dict[str, Value | int | None] = {
        "verified_level": level_value(level),
        "account_age_hours": _age_hours(facts.account_registered_at_us, now_us),
        "related_age_hours": _age_hours(facts.related_registered_at_us, now_us),
        "reward_minor": facts.benefit_minor,
        "points": facts.points,
        "coupon_threshold_minor": facts.coupon_threshold_minor,
        "draws_30d": facts.draws_30d,
        "wins_30d": facts.wins_30d,
        "points_refunded_30d": facts.points_refunded_30d,
    }
    if group is not None:
        known |= {
            # 0 is what the contract has for "not told": a group is somebody, on some device.
            "group_size": group.size or None,
            "group_devices": group.devices or None,
            "group_ips": group.ips or None,
            "group_overlap_share": group.overlap_share,
        }
    return present(known)


def seen_facts(benefit: Benefit, seen: SeenAction) -> dict[str, Value]:
    """Return what windows and clusters say of the two accounts."""
    action = benefit.action
    if action is None or not action.related:
        return {}
    known: dict[str, Value | int | None] = {
        "self_referral": action.related == action.account,
        "related_in_cluster": seen.in_cluster,
    }
    if seen.shared is not None:
        for field in ("device", "payment", "address"):
            known[f"related_same_{field}"] = field in seen.shared
    paid = seen.related.get("account__paid_30d")
    if paid is not None:
        refunded = seen.related.get("account__refunded_90d", 0.0)
        known["related_first_order_paid"] = paid > 0 and not refunded
    return present(known)


def counted_facts(
    benefit: Benefit,
    entries: Mapping[str, Sequence[BenefitEntry]],
    seen: SeenAction,
    now_us: int,
) -> dict[str, Value]:
    """Return exact counts of the customer's own actions, with this one."""
    own = entries.get("own", ())
    recent = [one for one in own if one.at_us > now_us - DAY_US]
    known: dict[str, Value | int | None] = {}
    if benefit.benefit_type is BenefitType.POINTS:
        known["points_24h"] = sum(one.amount for one in recent)
    if benefit.benefit_type is BenefitType.BARGAIN_HELP:
        helpers = {one.amount for one in entries.get("helpers", ())}
        known["helps_24h"] = len(recent)
        known["subnet_helpers_24h"] = len(helpers) if helpers else None
        known["helped_orders"] = seen.features.get("account__attempts_30d")
    if benefit.benefit_type is BenefitType.DRAW:
        known["draws_30d"] = len(own)
    return present(known)


def subsidy_facts(claim: SubsidyClaim, sums: Claimed) -> dict[str, Value]:
    """Return what is known of a seller's claim and of those before it."""
    return present(
        {
            "seller_ids": (claim.seller_id,),
            "currency": claim.currency_code,
            "claim_minor": float(claim.amount_minor),
            "claim_kind": claim.kind.name,
            "claims_24h": sums.count_24h,
            "claimed_24h_minor": sums.sum_24h,
            "claimed_7d_minor": sums.sum_7d,
            "claimed_30d_minor": sums.sum_30d,
            "just_below_30d": sums.just_below_30d,
            "seller_rating": claim.seller_rating,
            "seller_violations_90d": claim.seller_violations_90d,
            "transaction_proof": claim.transaction_proof_attached,
            "shipping_documents": claim.shipping_documents_attached,
        }
    )


def _age_hours(since_us: int | None, now_us: int) -> float | None:
    return None if since_us is None else max(0, now_us - since_us) / HOUR_US
