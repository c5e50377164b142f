"""What goes on beside the orders where windows are shared."""

import asyncio

from risk_service.adapters.embedded import SharedWindows
from risk_service.adapters.live.recovery import Windows


async def keep_windows(windows: Windows | SharedWindows) -> None:
    """Let what shared windows lack count in them, some events at a time between groups."""
    while isinstance(windows, SharedWindows):
        pause_s = windows.store.step()
        await asyncio.sleep(pause_s)
