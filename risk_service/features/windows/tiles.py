"""Windows and their tiles: when a window starts and when an event leaves it.

All times are int64 microseconds since 1970 UTC. A window of length W starts W ago,
rounded down to its tile, and has no other edge. Tiles nest: 10 s, 1 min, 1 h, 1 d.
"""

from dataclasses import dataclass

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
# The finest tile: every window's start is a multiple of it.
UNIT_US = 10 * SECOND_US
# What an event's time may lag behind its arrival; older ones are refused as TOO_OLD.
MAX_AGE_US = 90 * DAY_US
# Before and after every int64 time.
ALWAYS_US = -(2**63)
NEVER_US = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span that ends at the read; ``length_us`` 0 means since ever.

    ``text_en`` and ``text_zh`` complete a feature's description.
    """

    name: str
    length_us: int
    tile_us: int
    text_en: str
    text_zh: str


WINDOWS = (
    Window(name="1m", length_us=MINUTE_US, tile_us=UNIT_US, text_en="1 min", text_zh="1 分钟"),
    Window(
        name="10m", length_us=10 * MINUTE_US, tile_us=UNIT_US, text_en="10 min", text_zh="10 分钟"
    ),
    Window(name="1h", length_us=HOUR_US, tile_us=MINUTE_US, text_en="1 h", text_zh="1 小时"),
    Window(name="24h", length_us=DAY_US, tile_us=HOUR_US, text_en="24 h", text_zh="24 小时"),
    Window(name="7d", length_us=7 * DAY_US, tile_us=HOUR_US, text_en="7 d", text_zh="7 天"),
    Window(name="30d", length_us=30 * DAY_US, tile_us=DAY_US, text_en="30 d", text_zh="30 天"),
    Window(name="90d", length_us=90 * DAY_US, tile_us=DAY_US, text_en="90 d", text_zh="90 天"),
)
EVER = Window(name="ever", length_us=0, tile_us=0, text_en="since ever", text_zh="有史以来")
BY_NAME = {window.name: window for window in (*WINDOWS, EVER)}


def start_us(window: Window, at_us: int) -> int:
    """Return the start of the window of a read at ``at_us``: later events are in it."""
    if window is EVER:
        return ALWAYS_US
    tile_us = window.tile_us
    return tile_us * (at_us // tile_us - window.length_us // tile_us)


def expiry_us(window: Window, tau_us: int) -> int:
    """Return the first read time at which an event of time ``tau_us`` is out of the window."""
    if window is EVER:
        return NEVER_US
    tile_us = window.tile_us
    return tile_us * (tau_us // tile_us + window.length_us // tile_us + 1)


def effective_us(at_us: int, a_us: int) -> int:
    """Return the time an event belongs to: when it happened, never later than its arrival."""
    return min(at_us, a_us)


def too_old(tau_us: int, a_us: int) -> bool:
    """Return whether an event of time ``tau_us`` that arrives at ``a_us`` must be refused."""
    return tau_us < a_us - MAX_AGE_US
