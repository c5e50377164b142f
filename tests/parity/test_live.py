"""Online = offline for every live feature, to the last digit, on untidy streams.

A world passes through a real store in groups, late, out of order and with repetitions; the
log of its stamps goes through the kernels and the replay of the clusters.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.engines import fastest_look
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.domain.stamps import Stamps
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.state import look_one_by_one
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.tiles import BY_NAME, Window
from tests.fixtures.live_stream import Arrival, Passage, arrivals
from tests.fixtures.redis_server import redis_server
from tests.fixtures.redis_stores import redis_passage
from tests.fixtures.window_oracle import Counted, oracle_row
from training.clusters.build import build_clusters
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate
from training.windows.build import build_windows
from training.windows.log import EventLog

WINDOWS, CLUSTERS = load_windows(), load_clusters()
N_WINDOWS = len(WINDOWS.names)
SAMPLE = 12
# Orders with their events; four to five events follow an order.
FEW, MANY = 4_000, 45_000
LARGE = pytest.mark.proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A world and a store."""

    base: str
    store: str
    orders: int


KINDS = [
    pytest.param(Kind(base="pure", store="embedded", orders=FEW), id="embedded"),
    pytest.param(Kind(base="pure", store="plain", orders=FEW), id="plain"),
    pytest.param(Kind(base="online_retail", store="redis", orders=FEW), id="redis"),
    *(
        pytest.param(
            Kind(base=base, store=store, orders=MANY), marks=LARGE, id=f"200k-{base}-{store}"
        )
        for base in ("pure", "online_retail")
        for store in ("embedded", "redis")
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What went in, what orders saw, and the log of it."""

    kind: Kind
    arrived: list[Arrival]
    passage: Passage
    online: NDArray[np.float64]
    log: EventLog


@contextmanager
def embedded(directory: Path, keeper: MakeKeeper = FlatRecords) -> Iterator[Passage]:
    """Open an embedded store whose log has every group at once."""
    file, stamps, logged = RecordsFile(directory), Stamps(0), [0]
    compiled = compile_windows(WINDOWS)
    store = EmbeddedWindowStore(compiled, file, stamps, lambda: logged[0], keeper=keeper)

    def settle() -> None:
        logged[0] = stamps.last_us

    try:
        yield Passage(
            compiled=compiled,
            store=store,
            stamps=stamps,
            settle=settle,
            logged_us=lambda: logged[0],
            look=fastest_look(CLUSTERS.rules) if keeper is FlatRecords else look_one_by_one,
        )
    finally:
        store.close()
        file.close()


@contextmanager
def redis(_: Path) -> Iterator[Passage]:
    """Start a Redis server and open a store on it."""
    compiled = compile_windows(WINDOWS)
    with redis_server() as server:
        look = fastest_look(CLUSTERS.rules)
        with redis_passage(compiled, server.address, look) as passage:
            yield passage


STORES: dict[str, Callable] = {  # type: ignore[type-arg]  # context managers
    "embedded": embedded,
    "plain": partial(embedded, keeper=RecordCache),
    "redis": redis,
}


@pytest.fixture(scope="module", params=KINDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Let a world pass through a store."""
    kind: Kind = request.param
    folder = tmp_path_factory.mktemp("live")
    simulate(WorldSettings(seed=8, days=150, orders=kind.orders, base=kind.base), folder / "world")
    arrived = arrivals(folder / "world", seed=3)
    with STORES[kind.store](folder) as passage:
        passage.feed(arrived, seed=4)
        online = np.concatenate(passage.values)
        yield Run(kind=kind, arrived=arrived, passage=passage, online=online, log=passage.log())


def values_of(path: Path) -> NDArray[np.float64]:
    """Return the features of a built file, shape (reads, features)."""
    table = pq.read_table(path)
    return np.column_stack([table[name].to_numpy() for name in table.column_names[1:]])


def test_stream_is_as_untidy_as_it_should_be(run: Run) -> None:
    """Events came late and twice; the large streams hold 200,000 orders and events."""
    assert run.passage.repeated > 0.02 * len(run.arrived)
    if run.kind.orders == MANY:
        assert len(run.arrived) >= 200_000
    times = [one.event.at_us for one in run.arrived]
    assert sum(a > b for a, b in pairwise(times)) > 0.01 * len(times)


def test_windows_are_those_of_the_kernels(run: Run, tmp_path: Path) -> None:
    """Every windowed feature of every order, to the last digit."""
    offline = values_of(build_windows(run.log, WINDOWS, tmp_path / "windows.parquet"))
    np.testing.assert_array_equal(run.online[:, :N_WINDOWS], offline)
    assert (run.online[:, :N_WINDOWS] > 0).mean() > 0.1


def test_clusters_are_those_of_the_replay(run: Run, tmp_path: Path) -> None:
    """Every cluster and one-hop feature of every order, to the last digit."""
    built = build_clusters(
        run.log, WINDOWS, tmp_path / "clusters.parquet", stamps=run.passage.cluster_stamps()
    )
    offline = values_of(built)
    np.testing.assert_array_equal(run.online[:, N_WINDOWS:], offline)
    size = CLUSTERS.names.index("cluster__size")
    assert (offline[:, size] > 1).mean() > 0.05


def test_brute_force_agrees_on_a_sample(run: Run) -> None:
    """The formulas, worked out event by event, give what some orders saw."""
    counted, log = run.passage.counted, run.log
    attempts = [place for place, one in enumerate(counted) if one.is_attempt]
    for row in random.Random(5).sample(range(len(attempts)), SAMPLE):
        fields, column = counted[attempts[row]].event.fields, 0
        for number, group in enumerate(WINDOWS.groups):
            applied_us, effective_us, read_us = (one.tolist() for one in log.times(number))
            events = [
                Counted(
                    a_us=a_us,
                    tau_us=tau_us,
                    kind=one.event.kind,
                    fields=one.event.fields,
                    columns=one.event.columns,
                )
                for one, a_us, tau_us in zip(counted, applied_us, effective_us, strict=True)
                if a_us
            ]
            alone = replace(WINDOWS, features=group.features)
            expected = oracle_row(alone, events, fields, read_us[attempts[row]])
            width = len(group.features)
            np.testing.assert_array_equal(run.online[row, column : column + width], expected)
            column += width


def test_a_window_off_by_one_tile_is_seen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One tile more in the window of a day, and the comparison fails."""
    right = BY_NAME["24h"]
    wrong = Window(
        name="24h",
        length_us=right.length_us + right.tile_us,
        tile_us=right.tile_us,
        text_en="",
        text_zh="",
    )
    monkeypatch.setitem(BY_NAME, "24h", wrong)
    offline = values_of(build_windows(run.log, WINDOWS, tmp_path / "windows.parquet"))
    differs = (run.online[:, :N_WINDOWS] != offline) & ~np.isnan(offline)
    touched = {name for name, any_ in zip(WINDOWS.names, differs.any(axis=0), strict=True) if any_}
    assert touched
    assert all(name.endswith("_24h") for name in touched)
