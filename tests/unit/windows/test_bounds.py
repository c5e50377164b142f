"""What a record costs is bounded by its windows, not by the events of its entity."""

import random

import pytest

from risk_service.features.windows.event import Event
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.record import FIRST_LIMIT, Record
from risk_service.features.windows.tiles import DAY_US, HOUR_US, WINDOWS
from tests.unit.windows.worlds import SECOND_US, START_US, declared, everything, feature

COMPILED = compile_windows(everything())
# Tiles that the windows of one entity can tell apart: each width up to the next wider one.
NEEDED_ROWS = 61 + 61 + 169 + 91
MOST_ROWS = 2 * NEEDED_ROWS + FIRST_LIMIT + sum(m.cap for m in COMPILED.plans[0].layout.maps)
COLUMNS = (1, 1)


class HotEntity:
    """One record that takes many events, with the counts of a plain list beside it."""

    def __init__(self) -> None:
        self.record = Record(COMPILED.plans[0])
        self.most_rows = 0

    def take(self, a_us: int, tau_us: int, mail: int) -> None:
        """Apply an attempt by one of many customers."""
        event = Event("", 0, tau_us, ("card", "shop", f"m{mail}"), COLUMNS)
        self.record.apply(a_us, tau_us, 1, COLUMNS, COMPILED.hashes(event))
        self.most_rows = max(self.most_rows, self.record.row_count)


def counts(record: Record, r_us: int) -> list[float]:
    """Return the counts of attempts, by window."""
    values = dict(zip(record.plan.names, record.read(r_us), strict=True))
    return [values[f"card_count_attempt_{window.name}"] for window in WINDOWS]


def test_rows_stay_bounded_over_100_days_of_100_000_events() -> None:
    """A hot entity keeps some hundred rows, however many events it takes, and counts right."""
    rng = random.Random(1)
    hot = HotEntity()
    taus = []
    step_us = 100 * DAY_US // 100_000
    for number in range(100_000):
        a_us = START_US + number * step_us
        late_us = rng.randrange(2 * DAY_US) if rng.random() < 0.02 else 0
        hot.take(a_us, a_us - late_us, number)
        taus.append(a_us - late_us)
        if number == 50_000:
            hot.record = Record.unpack(hot.record.plan, hot.record.pack())
    assert hot.most_rows <= MOST_ROWS
    r_us = a_us + 1
    expected = []
    for window in WINDOWS:
        tile_us = window.tile_us
        start_us = tile_us * (r_us // tile_us - window.length_us // tile_us)
        expected.append(float(sum(tau >= start_us for tau in taus)))
    assert counts(hot.record, r_us) == expected


def test_rows_stay_bounded_when_every_event_is_late() -> None:
    """A backlog that arrives in no order leaves no more rows than one that is in order."""
    rng = random.Random(2)
    hot = HotEntity()
    a_us = START_US
    for number in range(20_000):
        a_us += SECOND_US
        hot.take(a_us, a_us - rng.randrange(89 * DAY_US), number)
    assert hot.most_rows <= MOST_ROWS


def test_ten_thousand_events_a_minute_share_a_tile() -> None:
    """Events of the same ten seconds are one row: a burst costs a count, no memory."""
    hot = HotEntity()
    for number in range(10_000):
        hot.take(START_US + number, START_US + number, number % 3)
    assert hot.record.row_count - 3 * len(COMPILED.plans[0].layout.maps) <= 1
    assert counts(hot.record, START_US + HOUR_US // 60)[0] == 10_000


@pytest.mark.parametrize("hours", [0, 24 * 30, 24 * 365])
def test_packing_leaves_out_what_no_read_can_see(hours: int) -> None:
    """An idle record packs smaller the later it is packed, down to a bare one without windows."""
    hot = HotEntity()
    for number in range(5_000):
        a_us = START_US + number * 30 * 60 * SECOND_US
        hot.take(a_us, a_us, number)
    now_us = a_us + hours * HOUR_US
    size, before = len(hot.record.pack()), hot.record.copy().read(now_us + 5)
    packed = hot.record.pack(now_us)
    assert Record.unpack(hot.record.plan, packed).read(now_us + 5) == before
    assert (len(packed) < size) == (hours > 0)


def test_totals_of_a_long_life_do_not_outgrow_int64() -> None:
    """What expired is taken out of the totals: ten years of huge amounts still pack."""
    window_set = declared([feature(("card",), "attempt", "sum", "90d", "amount")])
    (plan,) = compile_windows(window_set).plans
    record = Record(plan)
    for day in range(3_650):
        a_us = START_US + day * DAY_US
        record.apply(a_us, a_us, 1, (0, 10**16), ())
    assert Record.unpack(plan, record.pack()).read(a_us + 1) == [91 * 1e16]


def test_expiry_is_when_the_record_reads_as_empty() -> None:
    """A store may drop a record at its expiry, and not a microsecond earlier."""
    window_set = declared([feature(("card",), "attempt", "count", w) for w in ("1h", "24h")])
    (plan,) = compile_windows(window_set).plans
    record = Record(plan)
    record.apply(START_US, START_US, 1, COLUMNS, ())
    expires_us = plan.expires_us(record.stamp_us)
    assert record.read(expires_us - 1) == [0.0, 1.0]
    assert record.read(expires_us) == [0.0, 0.0] == Record(plan).read(expires_us)
