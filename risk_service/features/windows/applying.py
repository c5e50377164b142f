"""Lets events that are not orders count in windows that may be away."""

import logging
from collections.abc import Sequence

from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from risk_service.feature_ports import WindowStore

log = logging.getLogger(__name__)


def applied_stamps(windows: WindowStore, events: Sequence[Event], now_us: int) -> list[list[int]]:
    """Return the stamps under which each event counts, none where windows are not available.

    Nothing is refused for that: the log gets the events, and windows are made from it.
    """
    if not events:
        return []
    try:
        stamps: list[list[int]] = windows.apply(events, now_us).tolist()
    except StoreUnavailable as error:
        log.warning("windows_unavailable", extra={"error": str(error)})
        return [[] for _ in events]
    return stamps
