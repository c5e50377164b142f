"""An hour without reported events, then all of them at once: what the next orders see.

The world is the simulator's, pressed into three hours so that ten minutes hold hundreds of
orders. Events belong to the time they happened, so once the backlog is in, windows must say
what they would have said without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.domain.stamps import Stamps
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import order_event
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.live_stream import Arrival, Passage, arrivals
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate
from training.windows.build import build_windows

WINDOWS = load_windows()
N_WINDOWS = len(WINDOWS.names)
PRESSED = 1_200  # 150 days become three hours
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the orders of ten minutes saw, by order, and the same by the kernels."""

    online: dict[str, NDArray[np.float64]]
    offline: dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> list[Arrival]:
    """Return three hours of orders and events in order of arrival, each at its own time."""
    world = tmp_path_factory.mktemp("backlog") / "world"
    simulate(WorldSettings(seed=8, days=150, orders=4_000), world)
    found = arrivals(world, seed=3)
    start_us = found[0].arrived_us
    pressed = {
        one.event.event_id: _pressed(one, start_us) for one in reversed(found)
    }  # reversed: of an event that came twice the first stays
    taken: dict[int, Arrival] = {}
    for one in sorted(pressed.values(), key=lambda one: one.arrived_us):
        # A stamp is a microsecond: two arrivals in one would push each other on.
        at_us = max(one.arrived_us, next(reversed(taken), 0) + 1)
        taken[at_us] = replace(one, arrived_us=at_us)
    return list(taken.values())


def _pressed(one: Arrival, start_us: int) -> Arrival:
    at_us = start_us + (one.event.at_us - start_us) // PRESSED
    arrived_us = start_us + (one.arrived_us - start_us) // PRESSED
    if one.order is None:
        event = msgspec.structs.replace(one.event, at_us=at_us)
        return Arrival(arrived_us=arrived_us, order=None, event=event)
    order = msgspec.structs.replace(one.order, ordered_at_us=at_us)
    event = order_event(order, one.event.event_id, at_us)
    return Arrival(arrived_us=arrived_us, order=order, event=event)


def seen_after(arrived: Sequence[Arrival], end_us: int, folder: Path) -> Outcome:
    """Feed everything in the order given; return the orders of the ten minutes after ``end_us``."""
    folder.mkdir()
    file, stamps, logged = RecordsFile(folder), Stamps(0), [0]
    compiled = compile_windows(WINDOWS)
    store = EmbeddedWindowStore(compiled, file, stamps, lambda: logged[0], keeper=FlatRecords)

    def settle() -> None:
        logged[0] = stamps.last_us

    passage = Passage(
        compiled=compiled,
        store=store,
        stamps=stamps,
        settle=settle,
        logged_us=lambda: logged[0],
    )
    try:
        for one in arrived:
            passage.take([one], one.arrived_us)
        log = passage.log()
    finally:
        store.close()
        file.close()
    built = pq.read_table(build_windows(log, WINDOWS, folder / "windows.parquet"))
    offline = np.column_stack([built[name].to_numpy() for name in built.column_names[1:]])
    ids = [one.event.event_id for one in passage.counted if one.is_attempt]
    online = np.concatenate(passage.values)[:, :N_WINDOWS]
    asked = {
        one.event.event_id
        for one in arrived
        if one.order is not None and end_us < one.arrived_us <= end_us + 10 * MINUTE_US
    }
    places = [place for place, one_id in enumerate(ids) if one_id in asked]
    return Outcome(
        online={ids[place]: online[place] for place in places},
        offline={ids[place]: offline[place] for place in places},
    )


def test_orders_after_a_backlog_see_what_they_would_have_seen(
    arrived: list[Arrival], tmp_path: Path
) -> None:
    """An hour of events comes at once; the orders of the next ten minutes are right."""
    start_us = arrived[0].arrived_us
    from_us, end_us = start_us + 60 * MINUTE_US, start_us + 120 * MINUTE_US
    held = [one for one in arrived if one.order is None and from_us < one.arrived_us <= end_us]
    assert len(held) > 1_000
    until = [one for one in arrived if one.arrived_us <= end_us + 10 * MINUTE_US]
    ids = {id(one) for one in held}
    before = [one for one in until if one.arrived_us <= end_us and id(one) not in ids]
    after = [one for one in until if one.arrived_us > end_us]
    # All of the hour arrives within milliseconds of its end, before the next order.
    burst = [replace(one, arrived_us=end_us) for one in held]
    late = seen_after([*before, *burst, *after], end_us, tmp_path / "late")
    tidy = seen_after(until, end_us, tmp_path / "tidy")
    assert len(late.online) > 100
    assert list(late.online) == list(tidy.online)
    for order_id, row in late.online.items():
        np.testing.assert_array_equal(row, late.offline[order_id])
        np.testing.assert_array_equal(row, tidy.online[order_id])


def test_without_the_backlog_they_would_not(arrived: list[Arrival], tmp_path: Path) -> None:
    """The comparison can fail: orders that miss the hour's events see other windows."""
    start_us = arrived[0].arrived_us
    from_us, end_us = start_us + 60 * MINUTE_US, start_us + 120 * MINUTE_US
    until = [one for one in arrived if one.arrived_us <= end_us + 10 * MINUTE_US]
    lost = [one for one in until if one.order is not None or not from_us < one.arrived_us <= end_us]
    poor = seen_after(lost, end_us, tmp_path / "poor")
    tidy = seen_after(until, end_us, tmp_path / "tidy")
    differ = [
        order_id
        for order_id, row in tidy.online.items()
        if not np.array_equal(row, poor.online[order_id], equal_nan=True)
    ]
    assert len(differ) > 0.5 * len(tidy.online)
