"""Regions as rules and limits must write them, and what is meant by one that no order has."""

from risk_service.domain.text import LocalizedText
from risk_service.identity.regions import REGION_BY_SPELLING, region_of
from risk_service.identity.text import clean

REGIONS = tuple(dict.fromkeys(REGION_BY_SPELLING.values()))


def meant_region(name: str) -> LocalizedText:
    """Return what to write in place of a region that no order has."""
    meant = region_of(clean(name))
    listed = ", ".join(REGIONS)
    return LocalizedText(
        en=f"write {meant}" if meant else f"one of {listed}",
        zh=f"请写 {meant}" if meant else f"可选：{listed}",
    )
