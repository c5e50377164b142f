"""Reads the window of a policy: a word, or a table of one kind."""

import re
from collections.abc import Callable, Mapping
from datetime import time
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_value import as_toml
from risk_service.limits.entry import Fault
from risk_service.limits.fault_words import said, words
from risk_service.limits.windows import (
    SECOND_US,
    Calendar,
    Campaign,
    Lifetime,
    PerOrder,
    Rolling,
    Session,
    Window,
)

WORDS: Mapping[str, Callable[[], Window]] = {
    "per_order": PerOrder,
    "session": Session,
    "campaign": Campaign,
    "lifetime": Lifetime,
}
UNITS = ("hour", "day", "week", "month")
EXAMPLE = (
    'window = "per_order" | "session" | "campaign" | "lifetime" | { rolling = "7d" } | '
    '{ calendar = "day", time_zone = "Asia/Shanghai", day_start = "00:00" }'
)
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DAY_START = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
SPAN_MAX_US = 400 * 86_400 * SECOND_US


class FaultOfWindow(Protocol):
    """Makes a fault in the line of a window."""

    def __call__(self, code: str, /, **values: object) -> Fault:
        """Return the fault."""


def window_of(value: object, *, exact: bool, fault: FaultOfWindow) -> Window:
    """Return the window that a value of the file says.

    Parameters
    ----------
    exact
        Whether a rolling window has a cell per order; else it has tiles.
    """
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]()
    if isinstance(value, dict) and set(value) == {"rolling"}:
        return _rolling(value["rolling"], exact=exact, fault=fault)
    if isinstance(value, dict) and "calendar" in value:
        return _calendar(value, fault)
    advice = words("one_of", known=EXAMPLE)
    raise fault("unknown_word", key="window", value=_said(value), advice=advice)


def span_us_of(text: object) -> int:
    """Return the span that a text such as ``7d`` says, 0 when it says none."""
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * _SECONDS[match[2]] * SECOND_US if match else 0


def _rolling(text: object, *, exact: bool, fault: FaultOfWindow) -> Rolling:
    span_us = span_us_of(text)
    if not 0 < span_us <= SPAN_MAX_US:
        raise fault("rolling", value=_said(text))
    return Rolling(f"rolling {text}", span_us, exact=exact)


def _calendar(table: Mapping[str, object], fault: FaultOfWindow) -> Calendar:
    for key in table:
        if key not in ("calendar", "time_zone", "day_start"):
            raise fault("unknown_in_calendar", key=key, example=EXAMPLE)
    unit = table["calendar"]
    if unit not in UNITS or not isinstance(unit, str):
        advice = words("one_of", known=", ".join(UNITS))
        raise fault("unknown_word", key="calendar", value=_said(unit), advice=advice)
    zone = table.get("time_zone")
    if not isinstance(zone, str):
        raise fault("time_zone")
    start = table.get("day_start", "00:00")
    match = _DAY_START.fullmatch(start) if isinstance(start, str) else None
    if match is None:
        raise fault("day_start", value=_said(start))
    if zone not in _zones():
        raise fault("no_zone", zone=zone)
    return Calendar(unit, ZoneInfo(zone), time(int(match[1]), int(match[2])))


def _said(value: object) -> str | LocalizedText:
    return said(None) if value is None else as_toml(value)


@cache
def _zones() -> frozenset[str]:
    """Return the zones that mean the same on every machine."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}
