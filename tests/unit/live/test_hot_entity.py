"""One entity that everybody meets costs no more than any other, and is counted as right."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.keeper import MakeKeeper
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

GROUP = 500


@contextmanager
def opened(tmp_path: Path, keeper: MakeKeeper) -> Iterator[EmbeddedWindowStore]:
    """Open a store whose log has everything at once."""
    file, stamps = RecordsFile(tmp_path), Stamps(0)
    store = EmbeddedWindowStore(
        compile_windows(load_windows()),
        file,
        stamps,
        lambda: stamps.last_us,
        keeper=keeper,
    )
    yield store
    store.close()
    file.close()


# What serves takes the million; the plain one costs six times as much for each.
@pytest.mark.parametrize(("keeper", "events"), [(FlatRecords, 1_000_000), (RecordCache, 100_000)])
def test_very_many_late_events_of_one_account(
    tmp_path: Path, keeper: MakeKeeper, events: int
) -> None:
    """Payments over 20 days in no order: all count, and the record stays small."""
    with opened(tmp_path, keeper) as store:
        assert counted_in_20_days(store, events) == events


def counted_in_20_days(store: EmbeddedWindowStore, events: int) -> float:
    """Let so many events of one account come; return how many count, in a small record."""
    kinds, names = store.compiled.window_set.kinds, store.compiled.window_set.names
    first = order_event(order(), "dec_1", NOW_US)
    fields = tuple("a" if place == 0 else "" for place in range(len(first.fields)))
    for start in range(0, events, GROUP):
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
    seen = store.observe([Event("dec_2", 0, NOW_US, fields, first.columns)], NOW_US + events)
    values = dict(zip(names, seen.values[0].tolist(), strict=True))
    assert values["account__attempts_30d"] == 0
    store.settle()
    (packed,) = store.cache.take_dirty().pack(0, 1, store.applied_us)
    assert Record.unpack(store.compiled.plans[0], packed.record).row_count < 500
    assert len(packed.record) < 16_000
    return values["account__paid_30d"]
