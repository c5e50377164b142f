"""What goes on beside the orders where windows are shared."""

from risk_service.adapters.embedded import SharedWindows
from risk_service.adapters.live.recovery import Windows
from risk_service.bootstrap.beside import keep_on


async def keep_windows(windows: Windows | SharedWindows) -> None:
    """Let what shared windows lack count in them, some events at a time between groups."""
    if isinstance(windows, SharedWindows):
        await keep_on(windows.store.step, "windows_not_healed")
