"""Records of linked accounts are added up where they lie as they are when read one by one."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.live.records_file import Reached, RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.clusters.others import LinkedRows, ReadOthers
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows

WINDOWS, CLUSTERS = load_windows(), load_clusters()
COMPILED = compile_windows(WINDOWS)
FEATURES = ClusterFeatures(WINDOWS, CLUSTERS)
NOW_US = 1_790_000_000_000_000
# More accounts than numpy adds in one strand, and some that nobody has seen.
ACCOUNTS = [f"a{number}" for number in range(40)]
SEEN = 30


class Bench:
    """A store in which accounts have ordered, all of it logged."""

    def __init__(self, directory: Path, keeper: MakeKeeper, draw: random.Random) -> None:
        self.file = RecordsFile(directory)
        self.stamps = Stamps(NOW_US)
        self.logged_us = 0
        self._draw = draw
        self.store = EmbeddedWindowStore(
            COMPILED, self.file, self.stamps, lambda: self.logged_us, keeper=keeper
        )
        for number in range(120):
            self.count(order(draw, draw.choice(ACCOUNTS[:SEEN]), f"e{number}"))

    def count(self, event: Event) -> None:
        """Let an attempt count that the log has at once."""
        self.store.observe([event], self.stamps.last_us + self._draw.randint(1, 10**8))
        self.logged_us = self.stamps.last_us

    def write_and_evict(self) -> None:
        """Leave all records to the file."""
        with self.store.lock:
            self.store.settle()
        dirty, rows = self.store.cache.take_dirty(), []
        while len(rows) < len(dirty):
            rows += dirty.pack(len(rows), 50, self.store.applied_us)
        self.file.write(rows, Reached("", 0, 0, "0::0"))
        dirty.written()
        self.store.cache.records_max = 0
        assert self.store.cache.make_room()


def order(draw: random.Random, account: str, event_id: str = "e") -> Event:
    """Return an attempt with random columns, now and then without a campaign."""
    known = {"account": account, "campaign": draw.choice(["", "c1", "c2"]), "seller": "s"}
    fields = tuple(known.get(name, "") for name in WINDOWS.fields)
    columns = tuple(draw.randint(0, 10**6) for _ in WINDOWS.columns)
    return Event(event_id=event_id, kind=0, at_us=NOW_US, fields=fields, columns=columns)


def view(draw: random.Random, account: str) -> ClusterView[str] | None:
    """Return a view of random accounts; neighbours may be members, in an order of their own."""
    if not account:
        return None
    others = [one for one in ACCOUNTS if one != account]
    members = tuple(draw.sample(others, draw.choice([0, 0, 1, 5, 16, 32])))
    nearby = tuple(draw.sample(others, draw.choice([0, 0, 1, 8, 20])))
    return ClusterView(account=account, members=members, neighbours=nearby, size=len(members) + 1,
                       age_us=draw.randint(0, 10**13), merges=1, hub_links=2, new_accounts=3,
                       id=account)  # fmt: skip


def group(
    draw: random.Random, bench: Bench
) -> tuple[list[ClusterView[str] | None], list[Event], NDArray[np.float64], int]:
    """Return a group of orders as ``Others.rows`` takes it."""
    accounts = [draw.choice(["", *ACCOUNTS]) for _ in range(draw.randint(1, 6))]
    events = [order(draw, account, f"o{draw.random()}") for account in accounts]
    first_us = bench.stamps.last_us + 10**6
    observed = bench.store.observe(events, first_us)
    return [view(draw, one) for one in accounts], events, observed.values, first_us


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9), is_cold=st.booleans())
def test_added_up_where_they_lie_and_read_one_by_one_are_the_same(
    seed: int, is_cold: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every column to the last bit: with strands of numpy's, missing records, cold ones."""
    draw = random.Random(seed)
    bench = Bench(tmp_path_factory.mktemp("records"), FlatRecords, draw)
    if is_cold:
        bench.write_and_evict()
    orders = group(draw, bench)
    in_place, plain = bench.store.others(FEATURES), ReadOthers(bench.store, FEATURES)
    assert not isinstance(in_place, ReadOthers)
    # Twice: the second time it is known what the file does not have.
    answers: list[LinkedRows] = [one.rows(*orders) for one in (plain, in_place, plain, in_place)]
    for answer in answers:
        np.testing.assert_array_equal(answer.values, answers[0].values)
        assert answer.others_us == [()] * len(orders[0])
    bench.file.close()


def test_a_record_that_was_written_after_it_was_missed_is_found(tmp_path: Path) -> None:
    """What the file did not have is asked for again once its record has gone there."""
    draw = random.Random(1)
    bench = Bench(tmp_path, FlatRecords, draw)
    (number,) = [n for n, one in enumerate(COMPILED.plans) if one.group.name == "account"]
    late = ACCOUNTS[-1]
    (before,) = bench.store.read_many([(number, [late])], bench.stamps.last_us)
    bench.count(order(draw, late, "late"))
    bench.write_and_evict()
    (after,) = bench.store.read_many([(number, [late])], bench.stamps.last_us)
    assert before.values[0, 0] == 0
    assert after.values[0, 0] == 1
    bench.file.close()


def test_stamps_ahead_of_a_group_are_told(tmp_path: Path) -> None:
    """Read later than the group's stamp, each linked account's reading has its own stamp."""
    draw = random.Random(2)
    bench = Bench(tmp_path, FlatRecords, draw)
    views, events, observed, r_us = group(draw, bench)
    early_us = r_us - 10**9
    answer = bench.store.others(FEATURES).rows(views, events, observed, early_us)
    plain = ReadOthers(bench.store, FEATURES).rows(views, events, observed, early_us)
    np.testing.assert_array_equal(answer.values, plain.values)
    assert answer.others_us == plain.others_us
    bench.file.close()


def test_python_records_are_read_one_by_one(tmp_path: Path) -> None:
    """Without compiled loops linked accounts take one trip to the store."""
    bench = Bench(tmp_path, RecordCache, random.Random(3))
    assert isinstance(bench.store.others(FEATURES), ReadOthers)
    bench.file.close()
