"""A promotion action in the form in which lists look at orders: who, where, which seller."""

import math

from risk_service.domain.benefit import Benefit, BenefitType
from risk_service.domain.order import IdentityTraits, Order, OrderLine, Tokens
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel

PROMOTION_OF = {
    BenefitType.COUPON_CLAIMED: PromotionType.COUPON,
    BenefitType.DRAW: PromotionType.LUCKY_DRAW,
    BenefitType.INVITE: PromotionType.INVITE_REWARD,
    BenefitType.GROUP_JOINED: PromotionType.GROUP_BUY,
    BenefitType.BARGAIN_HELP: PromotionType.BARGAIN_HELP,
    BenefitType.POINTS: PromotionType.POINTS,
    BenefitType.SUBSIDY_CLAIM: PromotionType.PLATFORM_SUBSIDY,
}
_NO_TRAITS = IdentityTraits(
    ip_version=0,
    ip_is_private=math.nan,
    phone_prefix_class=0,
    phone_is_virtual=math.nan,
    phone_region="",
    address_region="",
    address_has_door=math.nan,
    phone_region_matches_address=math.nan,
    payer_matches_recipient=math.nan,
    id_checksum_ok=math.nan,
    id_age_years=math.nan,
    name_length=0,
)


def as_order(benefit: Benefit) -> Order:
    """Return the tokens, seller and campaign of an action as an order of one empty line."""
    action, subsidy = benefit.action, benefit.subsidy
    line = OrderLine(
        sku="",
        quantity=1,
        unit_price_minor=0,
        seller_id=subsidy.seller_id if subsidy else "",
        campaign_id=campaign_of(benefit),
        promotion_type=PROMOTION_OF[benefit.benefit_type],
    )
    return Order(
        order_id="",
        ordered_at_us=benefit.at_us,
        account_registered_at_us=None,
        tokens=Tokens(
            account=action.account if action else "",
            device=action.device if action else "",
            payment="",
            ip=action.ip if action else "",
            ip_block=action.ip_block if action else "",
            address_door="",
            address_building="",
            phone="",
            real_name="",
        ),
        traits=_NO_TRAITS,
        lines=(line,),
        discounts=(),
        currency_code=subsidy.currency_code if subsidy else "",
        goods_minor=0,
        discount_minor=0,
        shipping_minor=0,
        payable_minor=0,
        page_open_to_submit_ms=None,
        entry_path=EntryPath.UNSPECIFIED,
        drop_id="",
        verification_level=VerificationLevel.UNSPECIFIED,
    )


def campaign_of(benefit: Benefit) -> str:
    """Return the campaign of an action, empty when it names none."""
    if benefit.action is not None:
        return benefit.action.campaign
    return benefit.subsidy.campaign_id if benefit.subsidy else ""


def is_same_action(before: Benefit | None, benefit: Benefit) -> bool:
    """Tell whether two requests of one action id speak of the same action."""
    return before is not None and (
        before.benefit_type is benefit.benefit_type and _who(before) == _who(benefit)
    )


def summed(benefit: Benefit) -> int:
    """Return what sums count of a customer's action: its points, of any other the action itself."""
    if benefit.benefit_type is not BenefitType.POINTS:
        return 1
    return (benefit.facts.points if benefit.facts else None) or 0


def _who(benefit: Benefit) -> tuple[str, ...]:
    """Return who asks for what; whatever sums count is of it, for an action is summed up once."""
    action, subsidy = benefit.action, benefit.subsidy
    if action is not None:
        return (action.account, action.related, action.campaign, str(summed(benefit)))
    if subsidy is not None:
        amount = f"{subsidy.kind.name} {subsidy.currency_code} {subsidy.amount_minor}"
        return (subsidy.seller_id, subsidy.campaign_id, amount)
    return ()
