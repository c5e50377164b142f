"""Records made from the whole log at once are those of the ordinary way, to the last byte."""

import logging
import random
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.adapters.live import parts, progress
from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.checkpoint import Checkpoints
from risk_service.adapters.live.flat import making, space
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.live.parts import DIRECTORY, Scratch
from risk_service.adapters.live.rebuild import Rebuild
from risk_service.adapters.live.records_file import FILE_NAME, Reached, RecordsFile, Row, key_of
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.adapters.sqlite.tail import Logged
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.stamps import Stamps
from risk_service.features.windows.plan import CompiledWindows, compile_windows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.window_replay import Stamped, random_log, random_windows

EVENTS = 300
FEW, MANY = 5, 100_000
REACHED = Reached("", 0, 0, "0::0")
KEEPERS = [pytest.param(FlatRecords, id="flat"), pytest.param(RecordCache, id="plain")]

Rows = dict[bytes, tuple[int, bytes]]


def case(seed: int) -> tuple[CompiledWindows, Stamped]:
    """Return random windows and a random log."""
    log = random_log(random.Random(seed), EVENTS)
    return compile_windows(random_windows(random.Random(seed))), log


def logged(log: Stamped) -> Iterator[Logged]:
    """Return a log as it is read back."""
    return map(Logged, log.a_us, range(len(log.events)), log.events)


def rebuilt(directory: Path, compiled: CompiledWindows, log: Stamped, make: MakeKeeper) -> Rows:
    """Return the records that the whole log makes at once."""
    file = RecordsFile(directory)
    rebuild = Rebuild(directory, compiled, make(compiled, file, MANY))
    assert rebuild.fill(file, logged(log), log.a_us[-1]) == len(log.events)
    assert not (directory / DIRECTORY).exists()
    return rows_of(file, directory)


def replayed(
    directory: Path, compiled: CompiledWindows, log: Stamped, make: MakeKeeper, room: int
) -> Rows:
    """Return the records after the log has passed through a store with so much room."""
    file, draw = RecordsFile(directory), random.Random(1)
    store = EmbeddedWindowStore(compiled, file, Stamps(0), lambda: 0, records_max=room, keeper=make)
    checkpoints = Checkpoints(store, file, lambda: REACHED)
    first = 0
    while first < len(log.events):
        group = slice(first, first + draw.randint(1, 30))
        first = group.stop
        store.replay(list(zip(log.a_us[group], log.events[group], strict=True)))
        if room == FEW:
            checkpoints.write()
            store.cache.make_room()
    checkpoints.write()
    file.sweep(log.a_us[-1], MANY)
    return rows_of(file, directory)


def rows_of(file: RecordsFile, directory: Path) -> Rows:
    """Close a file; return the records in it."""
    file.close()
    with sqlite3.connect(directory / FILE_NAME) as db:
        rows = db.execute("SELECT key, expires_us, record FROM records").fetchall()
    db.close()
    return {key: (expires_us, record) for key, expires_us, record in rows}


@pytest.mark.parametrize("make", KEEPERS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_same_bytes_as_in_the_ordinary_way(
    make: MakeKeeper, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keys, expiry and every byte of every record, whatever is declared and whatever comes."""
    compiled, log = case(seed)
    at_once = rebuilt(tmp_path_factory.mktemp("at-once"), compiled, log, make)
    ordinary = replayed(tmp_path_factory.mktemp("ordinary"), compiled, log, make, MANY)
    assert at_once == ordinary
    assert len(at_once) > FEW


@pytest.mark.parametrize("make", KEEPERS)
def test_records_that_were_written_in_between_are_the_same(
    make: MakeKeeper, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What was packed, dropped and loaded again and again reads as what was made at once."""
    for seed in range(5):
        compiled, log = case(seed)
        at_once = rebuilt(tmp_path_factory.mktemp("at-once"), compiled, log, make)
        now_us = log.a_us[-1]
        ordinary = replayed(tmp_path_factory.mktemp("ordinary"), compiled, log, make, FEW)
        assert at_once.keys() == ordinary.keys()
        plans = {plan.version: plan for plan in compiled.plans}
        for key, (expires_us, record) in ordinary.items():
            plan = plans[msgspec.msgpack.decode(record)[0]]
            again, once = Record.unpack(plan, record), Record.unpack(plan, at_once[key][1])
            for read_us in (now_us, now_us + 10**9, now_us + 20 * DAY_US):
                np.testing.assert_array_equal(again.read(read_us), once.read(read_us))
            assert expires_us == at_once[key][0]


def test_little_room_makes_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Buffers that are far too small at first, and files written entry by entry."""
    compiled, log = case(1)
    want = rebuilt(tmp_path_factory.mktemp("wide"), compiled, log, FlatRecords)
    monkeypatch.setattr(making, "FIRST_BYTES", 1)
    monkeypatch.setattr(parts, "BUFFER_BYTES", 1)
    monkeypatch.setattr(space, "FIRST_WORDS", 8)
    assert rebuilt(tmp_path_factory.mktemp("narrow"), compiled, log, FlatRecords) == want


def test_what_no_read_can_see_is_not_written(tmp_path: Path) -> None:
    """Records that have expired when the log ends are left out of the file."""
    compiled, log = case(2)
    rows = rebuilt(tmp_path, compiled, log, FlatRecords)
    keys = {
        key_of(group, key)
        for event in log.events
        for group, key in enumerate(compiled.keys(event))
        if key and not compiled.plans[group].effect(compiled.bits(event)).is_none
    }
    assert rows.keys() <= keys
    assert min(expires_us for expires_us, _ in rows.values()) > log.a_us[-1]


@pytest.fixture
def shop(tmp_path: Path) -> LiveShop:
    """Return a shop with some traffic behind it, stopped, whose records are lost."""
    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(15)
    shop.state.close()
    RecordsFile.remove(shop.directory)
    return shop


def test_a_start_that_was_killed_begins_anew(shop: LiveShop) -> None:
    """Records without the place that they have reached, and scratch files, are thrown away."""
    file = RecordsFile(shop.directory)
    file.fill([Row(bytes([0] * 16), 2**62, b"half made")], {})
    file.close()
    (shop.directory / DIRECTORY).mkdir()
    (shop.directory / DIRECTORY / "part-00").write_bytes(b"of another start")
    shop.open()
    assert shop.state.windows.rebuilt
    assert shop.check()
    assert not (shop.directory / DIRECTORY).exists()
    shop.state.close()
    shop.open()
    assert shop.state.windows.replayed == 0
    shop.state.close()


def test_a_full_disk_stops_the_start(shop: LiveShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half made is served: the start fails and says why, the next one makes it whole."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Scratch, "_write", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        shop.open()
    assert not (shop.directory / DIRECTORY).exists()
    monkeypatch.undo()
    shop.open()
    assert shop.check()
    shop.state.close()


def test_progress_is_told(
    shop: LiveShop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Work that takes long says how far it has come: a share that only grows."""
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    with caplog.at_level(logging.INFO):
        shop.open()
    shop.state.close()
    for message in ("windows_read", "windows_made", "clusters_read"):
        shares = [one.share for one in caplog.records if one.message == message]  # type: ignore[attr-defined]  # our own field
        assert len(shares) > 1, message
        assert all(0 <= early <= late <= 1 for early, late in pairwise(shares))
