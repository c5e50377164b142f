"""Background tasks on the event loop: none of them ends without a word."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from risk_service.domain.errors import RiskError

AFTER_A_FAULT_S = 1.0

log = logging.getLogger(__name__)

Work = Coroutine[Any, Any, None]
# Returns after how many seconds it is to be done again.
Step = Callable[[], float | Awaitable[float]]


def start_tasks(*works: Work) -> tuple[asyncio.Task[None], ...]:
    """Start tasks that go on until they are cancelled; the log says so if one fails before."""
    tasks = tuple([asyncio.create_task(one) for one in works])
    for task in tasks:
        task.add_done_callback(_tell_end)
    return tasks


async def keep_on(step: Step, failed: str) -> None:
    """Call again and again, each time after as many seconds as the last call has said.

    Parameters
    ----------
    failed
        What the log calls a step that failed; the next one is tried all the same, since what is
        not done once would not be until a restart.
    """
    while True:
        try:
            pause_s = step()
            if isinstance(pause_s, Awaitable):
                pause_s = await pause_s
        except RiskError as error:
            # Expected, such as a store that is away: no trace is needed.
            log.error(failed, extra={"error": str(error)})  # noqa: TRY400 - the message says it all
            pause_s = AFTER_A_FAULT_S
        except Exception:
            log.exception(failed)
            pause_s = AFTER_A_FAULT_S
        await asyncio.sleep(pause_s)


def _tell_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_ended", exc_info=error, extra={"error_type": type(error).__name__})
