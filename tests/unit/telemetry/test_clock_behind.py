"""A clock that was set back: time stands still, and the log says why nothing runs out."""

import time

import pytest

from risk_service.adapters.clock import SAID_AGAIN_S, Behind, ReplayClock, SystemClock
from risk_service.domain.stamps import CLOCK_END_US

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Return the machine's clocks, in nanoseconds, to be set."""
    clocks = {"time": 1_700_000_000 * 10**9, "monotonic": 0}
    monkeypatch.setattr(time, "time_ns", lambda: clocks["time"])
    monkeypatch.setattr(time, "monotonic", lambda: clocks["monotonic"] / 1e9)
    return clocks


def test_set_back_it_stands_still_and_says_so(
    machine: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    """By hours: once, and again after a while. By seconds, as clocks are kept right: not at all."""
    clock = SystemClock()
    first_us = clock.now_us()
    machine["time"] -= 30 * 10**9
    assert clock.now_us() == first_us
    assert caplog.records == []
    machine["time"] -= 3 * HOUR_NS
    assert {clock.now_us() for _ in range(5)} == {first_us}
    assert [(one.msg, one.__dict__["behind_s"]) for one in caplog.records] == [
        ("clock_behind", 10_830)
    ]
    machine["monotonic"] += int(SAID_AGAIN_S) * 10**9
    clock.now_us()
    assert len(caplog.records) == 2
    machine["time"] += 4 * HOUR_NS
    assert clock.now_us() > first_us
    assert len(caplog.records) == 2


def test_a_clock_that_is_ahead_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A ledger that was written hours ago is no clock that lies behind."""
    behind = Behind()
    for behind_us in (0, -HOUR_NS // 1000):
        behind.note(behind_us)
    assert caplog.records == []


def test_replay_follows_no_time_that_windows_cannot_count() -> None:
    """An event from behind the last time of a clock counts as now, and moves nothing."""
    clock = ReplayClock(1)
    for seen_us, now_us in (
        (5, 5),
        (CLOCK_END_US, 5),
        (3, 5),
        (CLOCK_END_US - 1, CLOCK_END_US - 1),
    ):
        clock.order_seen(seen_us)
        assert clock.now_us() == now_us
