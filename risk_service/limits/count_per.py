"""Of what a purchase limit keeps a count for each value, and how a line's value is read."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from risk_service.domain.grant import DemandLine


class CountPer(StrEnum):
    """Of what each value has a count of its own."""

    EVERYTHING = "everything"
    SKU = "sku"
    SPU = "spu"
    CATEGORY = "category"
    SELLER = "seller"
    CAMPAIGN = "campaign"
    PROMOTION_TYPE = "promotion_type"


def _everything(_line: DemandLine) -> str:
    return ""


def _promotion_type(line: DemandLine) -> str:
    return line.promotion_type.name


# As the account's, these ids lose the space around them: a blank more is no SKU of its own.
def sku_of(line: DemandLine) -> str:
    """Return a line's SKU, as it counts."""
    return line.sku.strip()


def seller_of(line: DemandLine) -> str:
    """Return a line's seller, as it counts."""
    return line.seller_id.strip()


def campaign_of(line: DemandLine) -> str:
    """Return a line's campaign, as it counts."""
    return line.campaign_id.strip()


def spu_of(line: DemandLine) -> str:
    """Return a line's product, as it counts."""
    return line.spu.strip()


def category_of(line: DemandLine) -> str:
    """Return a line's category, as it counts."""
    return line.category.strip()


READERS: Mapping[CountPer, Callable[[DemandLine], str]] = {
    CountPer.EVERYTHING: _everything,
    CountPer.SKU: sku_of,
    CountPer.SPU: spu_of,
    CountPer.CATEGORY: category_of,
    CountPer.SELLER: seller_of,
    CountPer.CAMPAIGN: campaign_of,
    CountPer.PROMOTION_TYPE: _promotion_type,
}
