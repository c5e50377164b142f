"""Several worker processes on the same entities: every value read equals the replay."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from risk_service.features.windows.plan import CompiledWindows
from tests.fixtures.redis_server import redis_cluster, redis_server
from tests.fixtures.redis_worker import Task, compiled_windows, read_seen
from tests.fixtures.stamped_replay import Seen, replayed
from tests.fixtures.waiting import wait_until
from tests.fixtures.window_oracle import Counted, oracle_row

SEED = 31
EVENTS = 250
COMMANDS_BEFORE_A_KILL = 500
# In the haste of the workers' clock: behind by a minute, ahead by ten seconds.
SKEWS_US = (0, -60_000_000, 10_000_000)

Workers = Sequence["subprocess.Popen[bytes]"]


def run_workers(
    addresses: str,
    out: Path,
    *,
    meanwhile: Callable[[Workers], None] = lambda _: None,
    timeout_s: float = 20.0,
) -> list[Seen]:
    """Let processes feed the same entities at once; return what each event saw."""
    paths = [out / f"{number}.seen" for number in range(len(SKEWS_US))]
    tasks = [
        Task(
            addresses=addresses, seed=SEED, worker=number, repeats_of=(number + 1) % len(paths),
            events=EVENTS, began_at=time.time(), skew_us=skew_us, timeout_s=timeout_s,
            out=str(path),
        )
        for number, (path, skew_us) in enumerate(zip(paths, SKEWS_US, strict=True))
    ]  # fmt: skip
    command = [sys.executable, "-m", "tests.fixtures.redis_worker"]
    running = [subprocess.Popen([*command, msgspec.json.encode(task).decode()]) for task in tasks]
    meanwhile(running)
    assert [process.wait(120) for process in running] == [0] * len(tasks)
    return [one for path in paths for one in read_seen(path)]


def check(compiled: CompiledWindows, seen: Sequence[Seen]) -> None:
    """Hold all values to the replay under the stamps, and some to brute force."""
    reads = [one for one in seen if one.values is not None]
    got = np.array([one.values for one in reads])
    np.testing.assert_array_equal(got, np.array(replayed(compiled, seen)))
    for one in random.Random(1).sample(reads, 25):
        np.testing.assert_array_equal(np.array(one.values), brute_force(compiled, seen, one))


def brute_force(compiled: CompiledWindows, seen: Sequence[Seen], one: Seen) -> np.ndarray:
    """Return the windows of one read by the formulas, each group at its own stamp."""
    parts, width = [], 0
    for group, plan in enumerate(compiled.plans):
        counted = {
            (other.event.event_id, other.applied_us[group]): Counted(
                a_us=other.applied_us[group],
                tau_us=other.applied_us[group]
                if other.attempt
                else min(other.event.at_us, other.applied_us[group]),
                kind=other.event.kind,
                fields=other.event.fields,
                columns=other.event.columns,
            )
            for other in seen
            if other.applied_us[group]
        }
        row = oracle_row(
            compiled.window_set, list(counted.values()), one.event.fields, one.read_us[group]
        )
        parts += row[width : width + len(plan.names)]
        width += len(plan.names)
    return np.array(parts)


def stamps_of_ids(seen: Sequence[Seen]) -> dict[tuple[str, int], set[int]]:
    """Return under which stamps each event counts, by id and group."""
    stamps: dict[tuple[str, int], set[int]] = {}
    for one in seen:
        for group, a_us in enumerate(one.applied_us):
            if a_us:
                stamps.setdefault((one.event.event_id, group), set()).add(a_us)
    return stamps


@pytest.fixture(params=["redis", "redis cluster"], scope="module")
def addresses(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a server, or those of a cluster's nodes."""
    if request.param == "redis":
        with redis_server() as server:
            yield server.address
    else:
        with redis_cluster() as nodes:
            yield ",".join(node.address for node in nodes)


def test_workers_with_skewed_clocks_agree(addresses: str, tmp_path: Path) -> None:
    """Three processes, clocks a minute apart, repeated ids: all equals the replay to the bit."""
    seen = run_workers(addresses, tmp_path)
    check(compiled_windows(SEED), seen)
    assert all(len(stamps) == 1 for stamps in stamps_of_ids(seen).values())


def test_kill_of_redis_in_between_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Killed twice under load, Redis flushing its log: retried groups count exactly once."""
    with redis_server("--appendonly", "yes", "--appendfsync", "always") as server:

        def is_busy() -> bool:
            done = int(server.info("stats", "total_commands_processed"))
            return done >= COMMANDS_BEFORE_A_KILL

        def kill_twice(workers: Workers) -> None:
            for _ in range(2):
                wait_until(is_busy, "the workers are at work")
                assert all(worker.poll() is None for worker in workers)
                server.kill()
                server.start()

        seen = run_workers(server.address, tmp_path, meanwhile=kill_twice, timeout_s=1.0)
    check(compiled_windows(SEED), seen)
    assert all(len(stamps) == 1 for stamps in stamps_of_ids(seen).values())
