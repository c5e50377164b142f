"""Background tasks: a bug in one is told and does not end it for good."""

import asyncio
import logging

import pytest

from risk_service.bootstrap import tasks
from risk_service.bootstrap.tasks import keep_on, start_tasks
from risk_service.domain.errors import StoreUnavailable


@pytest.mark.parametrize("waits", [False, True])
async def test_a_step_that_fails_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, waits: bool
) -> None:
    """Else links and verified levels would not be passed on until a restart."""
    monkeypatch.setattr(tasks, "AFTER_A_FAULT_S", 0.0)
    again = asyncio.Event()
    faults = [ZeroDivisionError(), StoreUnavailable("it is away")]

    def step() -> float:
        if faults:
            raise faults.pop(0)
        again.set()
        return 60.0

    async def waiting_step() -> float:
        await asyncio.sleep(0)
        return step()

    with caplog.at_level(logging.ERROR):
        (task,) = start_tasks(keep_on(waiting_step if waits else step, "links_not_followed"))
        await asyncio.wait_for(again.wait(), 10.0)
    task.cancel()
    await asyncio.wait((task,))
    bug, away = caplog.records
    assert (bug.message, bug.exc_info is None) == ("links_not_followed", False)
    assert (away.message, away.exc_info) == ("links_not_followed", None)
    assert away.error == "it is away"  # type: ignore[attr-defined]  # our own field


async def test_work_that_ends_by_a_fault_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A task that nobody waits for would end without a word; a cancelled one needs none."""

    async def broken() -> None:
        raise ZeroDivisionError

    async def endless() -> None:
        await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        failed, cancelled = start_tasks(broken(), endless())
        await asyncio.wait((failed,))
        cancelled.cancel()
        await asyncio.wait((cancelled,))
    (told,) = caplog.records
    assert (told.message, told.error_type) == ("task_ended", "ZeroDivisionError")  # type: ignore[attr-defined]  # our own field
