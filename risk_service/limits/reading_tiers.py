"""Reads how much may be had: the bounds of a policy and those of its tiers."""

from collections.abc import Mapping
from typing import Any

from risk_service.domain.vocabulary import VerificationLevel
from risk_service.limits.entry import Entry, FaultAt
from risk_service.limits.fault_words import one_of, said, words
from risk_service.limits.policy import TRAITS, Bounds, Tier
from risk_service.limits.reading_scope import is_texts

CAP_MAX = 10**12
TIERS_MAX = 20
LEVELS = {f"L{n}": VerificationLevel[f"L{n}"] for n in range(4)}


def tiers_of(entry: Entry, base: Bounds) -> tuple[Tier, ...]:
    """Return the tiers of a policy; what one does not say it has from the policy."""
    tables = entry.table.get("tier", [])
    whole = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if not whole or len(tables) > TIERS_MAX:
        raise entry.fault("tier", "tiers", most=TIERS_MAX)
    defaults = {"minimum": base.minimum, "step": base.step}
    return tuple(_tier(entry, place, defaults | table) for place, table in enumerate(tables))


def _tier(entry: Entry, place: int, table: Mapping[str, Any]) -> Tier:
    fault = entry.tier_faults(place)
    known = ("when", "cap", "minimum", "step")
    for key in table:
        if key not in known:
            raise fault(key, "unknown_key", key=key, advice=one_of(key, known))
    when = table.get("when")
    if not isinstance(when, dict) or not when:
        raise fault("when", "when")
    traits: dict[str, frozenset[str]] = {}
    for name, value in when.items():
        if name == "verification":
            continue
        if name not in TRAITS:
            advice = one_of(name, ("verification", *TRAITS))
            raise fault("when", "no_trait", name=name, advice=advice)
        values = value if isinstance(value, list) else [value]
        if not is_texts(values):
            raise fault("when", "trait", name=name)
        traits[name] = frozenset(values)
    level = when.get("verification", "L0")
    if not isinstance(level, str) or level not in LEVELS:
        levels = words("one_of", known=", ".join(LEVELS))
        told = said(level)
        raise fault("when", "unknown_word", key="verification", value=told, advice=levels)
    least = LEVELS[level] if "verification" in when else VerificationLevel.UNSPECIFIED
    return Tier(bounds=bounds_of(table, fault), level=least, traits=traits)


def bounds_of(table: Mapping[str, Any], fault: FaultAt) -> Bounds:
    """Return cap, minimum and step of a table."""
    values: dict[str, int] = {}
    for key, low, default in (("cap", 0, None), ("minimum", 0, 0), ("step", 1, 1)):
        value = table.get(key, default)
        if type(value) is not int or not low <= value <= CAP_MAX:
            raise fault(key, "whole", key=key, low=low, high=CAP_MAX, value=said(value))
        values[key] = value
    if values["minimum"] > values["cap"]:
        raise fault("minimum", "minimum")
    return Bounds(**values)
