"""Windows by the names that a rule writes: ``1h``, ``30d``, ``45m``, ``ever``.

Seven lengths are those of the live service and start at a whole tile, as they do live
(risk_service/features/windows/tiles.py). Every other length, and all of them when asked for,
starts exactly so long ago: at ``t - W``, the event at that very time included.
"""

import re
from enum import StrEnum
from functools import cache

from risk_service.features.windows.tiles import DAY_US, EVER, HOUR_US, MINUTE_US, SECOND_US, Window
from risk_service.features.windows.tiles import WINDOWS as LIVE_WINDOWS

PATTERN = r"ever|[1-9]\d{0,5}[smhdw]"
NAMES = (*(window.name for window in LIVE_WINDOWS), EVER.name)
LONGEST_DAYS = 3_660
_UNIT_US = {
    "s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US, "w": 7 * DAY_US
}  # fmt: skip
_LIVE = {window.length_us: window for window in LIVE_WINDOWS}


class Edges(StrEnum):
    """Where windows start: at a tile as in the live service, or exactly so long ago."""

    LIVE = "live"
    EXACT = "exact"


@cache
def window_of(name: str, edges: Edges) -> Window | None:
    """Return the window of a name, or None when it is no length or longer than ten years."""
    if name == EVER.name:
        return EVER
    if not re.fullmatch(PATTERN, name):
        return None
    length_us = int(name[:-1]) * _UNIT_US[name[-1]]
    if length_us > LONGEST_DAYS * DAY_US:
        return None
    if edges is Edges.LIVE and length_us in _LIVE:
        return _LIVE[length_us]
    return Window(name=name, length_us=length_us, tile_us=1, text_en=name, text_zh=name)
