"""``python -m tests.bench.replay``: how fast stored decisions are decided again, with 50 rules.

The service decides them first, in groups, with everything on; then their log is replayed as
``risk replay`` does, once to warm up and five times to be measured, on one core.
"""

import os
import tempfile
import time
from pathlib import Path

import click

from risk_service.adapters.sqlite.record_pages import read_records
from risk_service.bootstrap.build import build
from risk_service.bootstrap.replay import open_replayer
from risk_service.decisions.replay.replayer import Replayer
from risk_service.decisions.replay.tally import tallied
from risk_service.domain.decision import Decision
from tests.bench.figures import Row, table
from tests.bench.processes import cores
from tests.bench.profile import groups_of, settings
from tests.bench.world import World, bench_world, distinct_orders

ORDERS = 12_000
RULES = 50
ROUNDS = 5
ROWS = (
    Row(title="decisions", value=lambda one: one["decisions"]),
    Row(title="decided again per second, one core", value=lambda one: one["per_s"], at_least=4000),
    Row(title="- of it reading the records, share", value=lambda one: one["reading"], digits=2),
)


def main(world: World) -> None:
    """Decide, replay and print."""
    os.sched_setaffinity(0, {cores().server})
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        state = _decided(world, Path(scratch).absolute())
        replayer = open_replayer(
            state,
            bundles=(),
            trust=[world.keys / "signing.pub"],
            governance=None,
            refused=_refuse,
        )
        rounds = [_round(replayer, state) for _ in range(ROUNDS + 1)][1:]
    click.echo(table(ROWS, rounds))


def _decided(world: World, root: Path) -> Path:
    service = build(settings(world, root, RULES))
    try:
        for group in groups_of(distinct_orders(world)[:ORDERS], "replayed"):
            for answer in service.pipeline.decide(group):
                if not isinstance(answer, Decision):
                    raise answer
    finally:
        service.close()
    return root / "state"


def _round(replayer: Replayer, state: Path) -> dict[str, float]:
    started_s = time.perf_counter()
    records = list(read_records(state, _untold))
    read_s = time.perf_counter()
    tally = tallied(replayer.replay, records)
    ended_s = time.perf_counter()
    if tally.differing or tally.lacking:
        raise SystemExit(f"not all came out the same: {tally.as_data()}")
    taken_s = ended_s - started_s
    return {
        "decisions": tally.decisions,
        "per_s": tally.decisions / taken_s,
        "reading": (read_s - started_s) / taken_s,
    }


def _untold(_table: str, _done: int, _whole: int) -> None:
    """Take no notice of how far it is."""


def _refuse(error: Exception) -> None:
    raise error


if __name__ == "__main__":
    main(bench_world(Path("build"), "full"))
