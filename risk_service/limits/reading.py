"""One table of the file to one policy; a fault knows its line and what would be right."""

import math
import re
from dataclasses import replace
from datetime import datetime
from functools import partial

from risk_service.domain.grant import Measure
from risk_service.domain.reservation import ReleaseReason
from risk_service.limits.count_per import CountPer
from risk_service.limits.entry import Entry
from risk_service.limits.fault_words import one_of, said
from risk_service.limits.policy import MONEY, OF_GOODS, OnExceed, Policy, State
from risk_service.limits.reading_scope import filter_of, missing_of, subject_of
from risk_service.limits.reading_tiers import LEVELS, bounds_of, tiers_of
from risk_service.limits.window_text import window_of
from risk_service.limits.windows import EXACT_CAP_MAX, Window

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
FOREVER_US = 2**62
SECOND_US = 1_000_000
KEYS = (
    "id", "name", "description", "owner", "approver", "state", "priority", "valid_from",
    "valid_to", "subject", "count_per", "include", "exclude", "measure", "currency", "window",
    "tiles", "cap", "minimum", "step", "tier", "on_exceed", "require_verification",
    "missing_dimension", "release_on",
)  # fmt: skip
RELEASES = {
    "payment_timeout": ReleaseReason.PAYMENT_TIMEOUT,
    "cancel_before_ship": ReleaseReason.CANCELLED_BEFORE_SHIP,
    "refund": ReleaseReason.REFUND,
    "return": ReleaseReason.RETURN,
    "fraud_reversal": ReleaseReason.FRAUD_REVERSAL,
}


def policy_of(entry: Entry, version: str) -> Policy:
    """Return the policy of an entry.

    Raises
    ------
    Fault
        The first thing that is wrong with it.
    """
    identity = _identity(entry)
    _require_known_keys(entry)
    state = entry.choice("state", {str(one): one for one in State})
    measure = entry.choice("measure", {one.name.lower(): one for one in Measure})
    bounds = bounds_of(entry.table, entry.fault)
    tiers = tiers_of(entry, bounds)
    from_us, to_us = _validity(entry)
    key_sets, needed = subject_of(entry)
    policy = Policy(
        id=identity,
        version=version,
        name_zh=_name(entry, "zh"),
        name_en=_name(entry, "en"),
        description=entry.text("description", 2_000),
        owner=entry.text("owner", 128),
        approver=_approver(entry, state),
        state=state,
        priority=_whole(entry, "priority", 0, 1_000_000, default=100),
        valid_from_us=from_us,
        valid_to_us=to_us,
        key_sets=key_sets,
        needed=needed,
        count_per=entry.choice("count_per", {str(one): one for one in CountPer}, "everything"),
        include=filter_of(entry, "include"),
        exclude=filter_of(entry, "exclude"),
        measure=measure,
        currency=_currency(entry, measure),
        window=_window(entry, measure, max([bounds.cap, *[tier.bounds.cap for tier in tiers]])),
        bounds=bounds,
        tiers=tiers,
        on_exceed=entry.choice("on_exceed", {str(one): one for one in OnExceed}),
        level=entry.choice("require_verification", LEVELS, "L0"),
        missing={},
        release_on=_releases(entry),
        line=entry.lines.of(entry.place),
    )
    if policy.line_fields and measure not in OF_GOODS:
        raise entry.fault("measure", "no_goods", measure=measure.name.lower())
    return replace(policy, missing=missing_of(entry, key_sets, policy.line_fields))


def _identity(entry: Entry) -> str:
    identity = entry.table.get("id")
    if not isinstance(identity, str) or not ID.fullmatch(identity):
        raise entry.fault("id", "id")
    return identity


def _require_known_keys(entry: Entry) -> None:
    for key in entry.table:
        if key not in KEYS:
            raise entry.fault(key, "unknown_key", key=key, advice=one_of(key, KEYS))


def _name(entry: Entry, language: str) -> str:
    names = entry.table.get("name")
    name = names.get(language) if isinstance(names, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        raise entry.fault("name", "name")
    return name


def _approver(entry: Entry, state: State) -> str:
    approver = entry.table.get("approver", "")
    if state in (State.DRAFT, State.RETIRED, State.SHADOW) and not approver:
        return ""
    if not isinstance(approver, str) or not approver:
        raise entry.fault("approver", "approver")
    if approver == entry.table.get("owner"):
        raise entry.fault("approver", "approved_by_owner")
    return approver


def _whole(entry: Entry, key: str, low: int, high: int, *, default: int) -> int:
    value = entry.table.get(key, default)
    if type(value) is not int or not low <= value <= high:
        raise entry.fault(key, "whole", key=key, low=low, high=high, value=said(value))
    return value


def _validity(entry: Entry) -> tuple[int, int]:
    from_us = _time(entry, "valid_from", 0)
    to_us = _time(entry, "valid_to", FOREVER_US)
    if to_us <= from_us:
        raise entry.fault("valid_to", "validity")
    return from_us, to_us


def _time(entry: Entry, key: str, default_us: int) -> int:
    value = entry.table.get(key)
    if value is None:
        return default_us
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise entry.fault(key, "time", key=key)
    return math.floor(value.timestamp()) * SECOND_US + value.microsecond


def _window(entry: Entry, measure: Measure, most: int) -> Window:
    """Return the window of a policy whose caps are so much at most."""
    exact = not _tiles(entry) and measure not in MONEY and most <= EXACT_CAP_MAX
    return window_of(entry.table.get("window"), exact=exact, fault=partial(entry.fault, "window"))


def _tiles(entry: Entry) -> bool:
    value = entry.table.get("tiles", False)
    if not isinstance(value, bool):
        raise entry.fault("tiles", "tiles", value=said(value))
    window = entry.table.get("window")
    if value and not (isinstance(window, dict) and "rolling" in window):
        raise entry.fault("tiles", "tiles_only")
    return value


def _currency(entry: Entry, measure: Measure) -> str:
    value = entry.table.get("currency", "")
    if measure in MONEY and not (isinstance(value, str) and re.fullmatch("[A-Z]{3}", value)):
        raise entry.fault("currency", "currency")
    if measure not in MONEY and value != "":
        raise entry.fault("currency", "currency_only")
    return str(value)


def _releases(entry: Entry) -> frozenset[ReleaseReason]:
    names = entry.table.get("release_on", ["payment_timeout", "cancel_before_ship"])
    if not isinstance(names, list):
        raise entry.fault("release_on", "releases")
    for name in names:
        if not isinstance(name, str) or name not in RELEASES:
            advice = one_of(name, RELEASES)
            raise entry.fault("release_on", "releases_nothing", value=said(name), advice=advice)
    return frozenset(RELEASES[name] for name in names)
