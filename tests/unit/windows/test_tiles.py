"""When windows start and events expire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.features.windows.tiles import (
    BY_NAME,
    EVER,
    MAX_AGE_US,
    NEVER_US,
    UNIT_US,
    WINDOWS,
    Window,
    effective_us,
    expiry_us,
    start_us,
    too_old,
)
from tests.fixtures.window_oracle import WINDOWS_S, in_window

times = st.integers(1_500_000_000_000_000, 2_000_000_000_000_000)
windows = st.sampled_from(WINDOWS)


def test_lengths_and_tiles_are_those_of_the_document() -> None:
    """Seven windows with their tiles, and ever; tiles nest and divide their windows."""
    lengths = {w.name: (w.length_us // 10**6, w.tile_us // 10**6) for w in WINDOWS}
    assert lengths == WINDOWS_S
    assert list(BY_NAME) == [*WINDOWS_S, "ever"]
    for wide in WINDOWS:
        assert wide.length_us % wide.tile_us == 0
        assert wide.tile_us % UNIT_US == 0
        assert all(wide.tile_us % w.tile_us == 0 for w in WINDOWS if w.tile_us <= wide.tile_us)


@given(windows, times, times)
def test_in_the_window_until_it_expires(window: Window, tau_us: int, r_us: int) -> None:
    """An effective time >= start(r) says the same as r < expiry, and as the formula."""
    inside = tau_us >= start_us(window, r_us)
    assert inside == (r_us < expiry_us(window, tau_us))
    assert inside == in_window(window.name, tau_us, r_us)


@given(windows, times)
def test_window_holds_its_length_and_at_most_a_tile_more(window: Window, r_us: int) -> None:
    """What is W old is always in, what is W and a tile old never is."""
    start = start_us(window, r_us)
    assert start <= r_us - window.length_us < start + window.tile_us


@given(times, times)
def test_ever_has_no_start_and_no_end(tau_us: int, r_us: int) -> None:
    """Everything is since ever, and stays so."""
    assert tau_us >= start_us(EVER, r_us)
    assert expiry_us(EVER, tau_us) == NEVER_US


@pytest.mark.parametrize(("at_us", "tau_us"), [(5, 5), (10, 10), (11, 10), (10**15, 10)])
def test_event_belongs_to_no_later_time_than_its_arrival(at_us: int, tau_us: int) -> None:
    """A clock that runs ahead cannot put an event into the future."""
    assert effective_us(at_us, 10) == tau_us


def test_too_old_begins_past_90_days() -> None:
    """An event 90 days late still counts, one microsecond more and it is refused."""
    a_us = 2 * MAX_AGE_US
    assert not too_old(a_us - MAX_AGE_US, a_us)
    assert too_old(a_us - MAX_AGE_US - 1, a_us)
