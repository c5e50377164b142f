"""One entity that everybody meets costs no more than any other, and is counted as right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import order_event
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.records import NOW_US, order

EVENTS = 100_000
GROUP = 500


@pytest.fixture(params=[FlatRecords, RecordCache])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedWindowStore]:
    """Return a store whose log has everything at once."""
    file, stamps = RecordsFile(tmp_path), Stamps(0)
    store = EmbeddedWindowStore(
        compile_windows(load_windows()),
        file,
        stamps,
        lambda: stamps.last_us,
        keeper=request.param,
    )
    yield store
    store.close()
    file.close()


def test_hundred_thousand_late_events_of_one_account(store: EmbeddedWindowStore) -> None:
    """10^5 payments over 20 days in no order: all count, and the record stays small."""
    kinds, names = store.compiled.window_set.kinds, store.compiled.window_set.names
    first = order_event(order(), "dec_1", NOW_US)
    fields = tuple("a" if place == 0 else "" for place in range(len(first.fields)))
    for start in range(0, EVENTS, GROUP):
        group = [
            Event(
                event_id=f"e-{n}",
                kind=kinds.index("PAID"),
                at_us=NOW_US - n * 7919 * 1_000_000 % (20 * DAY_US),
                fields=fields,
                columns=first.columns,
            )
            for n in range(start, start + GROUP)
        ]
        store.apply(group, NOW_US + start)
    seen = store.observe([Event("dec_2", 0, NOW_US, fields, first.columns)], NOW_US + EVENTS)
    values = dict(zip(names, seen.values[0].tolist(), strict=True))
    assert values["account__paid_30d"] == EVENTS
    assert values["account__attempts_30d"] == 0
    store.settle()
    (packed,) = store.cache.take_dirty().pack(0, 1, store.applied_us)
    assert Record.unpack(store.compiled.plans[0], packed.record).row_count < 500
    assert len(packed.record) < 16_000
