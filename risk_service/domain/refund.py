"""A claim for a refund, and what it comes to. Money is in minor units of the order's currency."""

from msgspec import Struct

from risk_service.domain.vocabulary import EventReason


class ClaimedLine(Struct, frozen=True, kw_only=True, gc=False):
    """Units of one SKU of the order that the claim is about."""

    sku: str
    quantity: int


class RefundClaim(Struct, frozen=True, kw_only=True, gc=False):
    """A claim as the shop sent it; holds no identifier of a person.

    ``lines`` is empty when the shop does not know what the claim is about; ``weight_ratio``,
    ``threshold_minor`` (of the order's spend-and-save reduction) and ``gift_kept`` are None
    when unknown.
    """

    order_id: str
    claim_id: str
    at_us: int
    amount_minor: int
    reason: EventReason
    lines: tuple[ClaimedLine, ...] = ()
    weight_ratio: float | None = None
    photos_attached: bool = False
    goods_returned: bool = False
    threshold_minor: int | None = None
    gift_kept: bool | None = None


class Recalculation(Struct, frozen=True, kw_only=True, gc=False):
    """What the order is worth once the claimed goods are taken out of it.

    Parameters
    ----------
    rest_goods_minor
        Goods value that remains after this claim and those before; None when unknown.
    below_threshold
        Whether the rest is below the spend-and-save threshold; None when it cannot be told.
    recalculated_minor
        Most that may be given back for this claim; None when the goods or the threshold are
        unknown.
    excess_minor
        What the claim asks for above that; 0 when it asks for no more.
    """

    is_partial: bool
    rest_goods_minor: int | None
    below_threshold: bool | None
    recalculated_minor: int | None
    excess_minor: int
