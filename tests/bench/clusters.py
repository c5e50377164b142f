"""What identity clusters cost: ``TZ=UTC python -m tests.bench.clusters [ACCOUNTS [ORDERS]]``.

Memory per account, the nightly run and what it does to the orders of that time, a snapshot
and its return, and the replay of a log of so many orders. Times are processor times, but for
what happens beside the nightly run. Accounts have five identifiers of their own; a fifth
share one with another account, and one in 50 sends parcels to one of few lockers. No figure
is asserted.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.evidence import DAY_US
from risk_service.features.clusters.night import copied, night
from risk_service.features.clusters.snapshot import ARRAYS, restore, snapshot
from risk_service.features.clusters.state import ClusterState
from risk_service.features.windows.declaration import load_windows
from tests.bench.window_log import synthetic_log
from training.clusters.build import build_clusters
from training.clusters.replay import replay

ACCOUNTS = 1_000_000
ORDERS = 200_000
# The accounts come within ten days; the last night is that of the eleventh.
FIRST_DAY, DAYS = 20_000, 10
KNOWN = 50_000
Sighting = tuple[str, tuple[int, ...]]


def sightings(accounts: int) -> Iterator[Sighting]:
    """Yield each account once, with its identifiers."""
    rng = random.Random(7)
    before = tuple(rng.getrandbits(63) for _ in range(5))
    for _ in range(accounts):
        own = [rng.getrandbits(63) for _ in range(5)]
        if rng.random() < 0.2:
            kind = rng.randrange(5)
            own[kind] = before[kind]
        if rng.random() < 0.02:
            own[4] = 1 + rng.randrange(1 + accounts // 5_000)
        before = tuple(own)
        yield f"k1:{rng.getrandbits(128):032x}", before


def main(arguments: list[str]) -> None:
    """Measure and print."""
    accounts, orders = (
        int(a) for a in (arguments + [str(ACCOUNTS), str(ORDERS)][len(arguments) :])
    )
    say("one call of an empty function, us", 1e6 * seconds(_calls) / 1e6)
    _online(accounts)
    _offline(orders)


def _calls() -> None:
    def empty() -> None:
        """Do nothing."""

    for _ in range(1_000_000):
        empty()


def _online(accounts: int) -> None:
    rules = load_clusters().rules
    state: ClusterState[str] = ClusterState(rules)
    before = resident()
    step_us = DAYS * DAY_US // accounts
    started, kept = time.process_time(), []
    for at, (account, links) in enumerate(sightings(accounts)):
        state.apply(account, links, FIRST_DAY * DAY_US + at * step_us)
        if at >= accounts - KNOWN:
            kept.append((account, links))
    cpu = time.process_time() - started
    say("accounts", accounts)
    say("first sighting of an account, its making and nights included, us", 1e6 * cpu / accounts)
    say("resident memory per account, bytes", (resident() - before) / accounts)
    say("- of it in use, the rest is free space of the nights, bytes", _in_use(state) / accounts)
    now_us = state.applied_us
    random.Random(3).shuffle(kept)

    def look() -> None:
        for account, links in kept:
            state.view(account, links, now_us + 1)

    def count() -> None:
        for at, (account, links) in enumerate(kept):
            state.apply(account, links, now_us + 1 + at)

    say("view of a known account, us", 1e6 * seconds(look) / len(kept))
    say("links of a known account, us", 1e6 * seconds(count) / len(kept))
    _durable(state)
    _night(state, kept)


def _in_use(state: ClusterState[str]) -> int:
    """Return the bytes of arrays, dicts, tokens and numbers."""
    accounts, evidence, partition = state.accounts, state.graph.evidence, state.graph.partition
    parts: list[object] = [getattr(evidence, name) for name in ARRAYS]
    parts += [partition.label, partition.starts, partition.members, partition.moved]
    parts += [accounts.numbers, accounts.keys, accounts.first_us, accounts.last_us]
    parts += [*accounts.keys, *accounts.numbers.values()]
    return sum(map(sys.getsizeof, parts)) + evidence.index.nbytes


def _durable(state: ClusterState[str]) -> None:
    say("snapshot, on the path, ms", 1e3 * seconds(lambda: snapshot(state)))
    taken = snapshot(state)
    packed = taken.pack()
    say("- packing it elsewhere, s", seconds(taken.pack))
    say("- size, MB", len(packed) / 1e6)
    say("- back from it, s", seconds(lambda: restore(state.rules, packed)))


def _night(state: ClusterState[str], kept: list[Sighting]) -> None:
    accounts, rules = len(state.accounts.keys), state.rules
    midnight_us = (FIRST_DAY + DAYS + 1) * DAY_US
    say("copy for the night, on the path, ms",
        1e3 * seconds(lambda: copied(state.graph.evidence, accounts)))  # fmt: skip
    rows = copied(state.graph.evidence, accounts)
    say("nightly run alone, s", seconds(lambda: night(rows, rules, midnight_us)))
    with ThreadPoolExecutor(1) as pool:
        state._run = pool.submit
        times: list[float] = []
        stamp_us = midnight_us
        began = time.perf_counter()
        state.prepare(midnight_us)
        while state.coming is not None and (not times or state.coming.waiting):
            stamp_us += 1
            account, links = kept[stamp_us % len(kept)]
            started = time.perf_counter()
            state.view(account, links, stamp_us)
            state.apply(account, links, stamp_us)
            times.append(time.perf_counter() - started)
            time.sleep(0.0005)
        say("nightly run beside orders, until it has caught up, s", time.perf_counter() - began)
        say("- orders meanwhile", len(times))
        say("- time of an order, median, us", 1e6 * statistics.median(times))
        say("- time of an order, p99, ms", 1e3 * sorted(times)[int(0.99 * len(times))])
        say("- slowest order, ms", 1e3 * max(times))
        ready_us = midnight_us + rules.ready_after_s * 1_000_000
        say("order that brings the night into force, ms",
            1e3 * seconds(lambda: state.prepare(ready_us)))  # fmt: skip
    say("clusters of more than one account", len(state.graph.partition.starts) - 1)
    say("hubs", state.counters.hubs)
    say("components that fell apart", state.counters.oversized)


def _offline(orders: int) -> None:
    windows, clusters = load_windows(), load_clusters()
    log = synthetic_log(orders)
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        out = Path(scratch) / "clusters.parquet"
        build_clusters(synthetic_log(1_000), windows, out)
        say("orders of the log", len(log.reads))
        say("events of the log", len(log))
        say("replay of the log, s", seconds(lambda: replay(log, windows, clusters)))
        say("- with all cluster features, to Parquet, s",
            seconds(lambda: build_clusters(log, windows, out)))  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of something."""
    started = time.process_time()
    work()
    return time.process_time() - started


def resident() -> int:
    """Return the resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


def say(title: str, figure: float) -> None:
    """Print one figure."""
    print(f"{title:<70}{figure:>14,.2f}", flush=True)  # noqa: T201  # the command's output


if __name__ == "__main__":
    main(sys.argv[1:])
