"""Reads how much may be had: the bounds of a policy and those of its tiers."""

from collections.abc import Callable, Mapping
from typing import Any

from risk_service.domain.vocabulary import VerificationLevel
from risk_service.limits.entry import Entry, Fault, one_of, said
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
        raise entry.fault("tier", f"tiers are written as [[policy.tier]], at most {TIERS_MAX}")
    defaults = {"minimum": base.minimum, "step": base.step}
    return tuple(_tier(entry, place, defaults | table) for place, table in enumerate(tables))


def _tier(entry: Entry, place: int, table: Mapping[str, Any]) -> Tier:
    def fault(key: str, words: str) -> Fault:
        return entry.tier_fault(place, key, words)

    known = ("when", "cap", "minimum", "step")
    for key in table:
        if key not in known:
            raise fault(key, f"`{key}` is not known; {one_of(key, known)}")
    when = table.get("when")
    if not isinstance(when, dict) or not when:
        raise fault("when", 'a tier says for whom it is: when = { verification = "L2" }')
    traits: dict[str, frozenset[str]] = {}
    for name, value in when.items():
        if name == "verification":
            continue
        if name not in TRAITS:
            raise fault("when", f"`{name}` is no trait; {one_of(name, ('verification', *TRAITS))}")
        values = value if isinstance(value, list) else [value]
        if not is_texts(values):
            raise fault("when", f'`{name}` must be a text or list of texts: {name} = "true"')
        traits[name] = frozenset(values)
    level = when.get("verification", "L0")
    if not isinstance(level, str) or level not in LEVELS:
        raise fault("when", f"`verification` is {said(level)}; one of: {', '.join(LEVELS)}")
    least = LEVELS[level] if "verification" in when else VerificationLevel.UNSPECIFIED
    return Tier(bounds=bounds_of(table, fault), level=least, traits=traits)


def bounds_of(table: Mapping[str, Any], fault: Callable[[str, str], Fault]) -> Bounds:
    """Return cap, minimum and step of a table."""
    values: dict[str, int] = {}
    for key, low, default in (("cap", 0, None), ("minimum", 0, 0), ("step", 1, 1)):
        value = table.get(key, default)
        if type(value) is not int or not low <= value <= CAP_MAX:
            words = f"`{key}` must be a whole number, {low} to {CAP_MAX}, is {said(value)}"
            raise fault(key, words)
        values[key] = value
    if values["minimum"] > values["cap"]:
        raise fault("minimum", "`minimum` is above `cap`: nobody could buy")
    return Bounds(**values)
