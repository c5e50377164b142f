"""What goes on beside the orders where windows are shared."""

import asyncio
import logging

from risk_service.adapters.embedded import SharedWindows
from risk_service.adapters.live.recovery import Windows

AFTER_A_BUG_S = 1.0

log = logging.getLogger(__name__)


async def keep_windows(windows: Windows | SharedWindows) -> None:
    """Let what shared windows lack count in them, some events at a time between groups."""
    while isinstance(windows, SharedWindows):
        try:
            pause_s = windows.store.step()
        except Exception:
            # Without this task windows that are missing once would be missing until a restart.
            log.exception("windows_not_healed")
            pause_s = AFTER_A_BUG_S
        await asyncio.sleep(pause_s)
