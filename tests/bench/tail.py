"""What an order waits for at a steady rate: ``python -m tests.bench.tail --rate 800``.

One service under an open loop; afterwards its groups by size, its housekeeping by piece, and
the longest stalls with what went on meanwhile. Says where a p99 comes from, not how high it is
on a quiet machine: that is ``python -m tests.bench --only score``.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.processes import cores, generate, serving
from tests.bench.score_order import OPEN_CONNECTIONS
from tests.bench.world import bench_world

MS = 1e6
STALLS = 12
LARGEST = 12
TRACED_WITHIN_S = 20.0

Group = tuple[int, int, int, int]
Piece = tuple[str, int, int, int]


@dataclass(frozen=True)
class Load:
    """How a service is loaded: arrivals a second, for how long, and seconds of full load before."""

    rate: float
    seconds: float
    warm_up: float


def measured(
    load: Load, meanwhile: AbstractContextManager[object] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the generator's figures, and the trace of the measured time.

    Parameters
    ----------
    meanwhile
        Entered for the measured time.
    """
    world, chosen = bench_world(Path("build"), "full"), cores()
    with tempfile.TemporaryDirectory(prefix="promoguard-tail-", dir="build") as scratch:
        trace = Path(scratch) / "trace.json"
        command = [sys.executable, "-m", "tests.bench.servers.traced", str(trace), "serve"]
        command += [*world.serve_arguments(), "--state", str(Path(scratch) / "state")]
        with serving(command, Path(scratch) / "log", chosen.server) as server:
            at, core = (server.target, world.orders), chosen.generator
            generate(*at, core, prefix="w", mode="closed", warm_up=load.warm_up, seconds=1)
            began_ns = time.perf_counter_ns()
            options: dict[str, Any] = {"connections": OPEN_CONNECTIONS, "rate": load.rate}
            with meanwhile or nullcontext():
                told = generate(*at, core, prefix="t", mode="open", seconds=load.seconds, **options)
            os.kill(server.process.pid, signal.SIGUSR1)
            ends_s = time.perf_counter() + TRACED_WITHIN_S
            while not trace.exists() and time.perf_counter() < ends_s:
                time.sleep(0.05)
            rows = json.loads(trace.read_text())
    for key in ("groups", "pieces"):
        rows[key] = [row for row in rows[key] if began_ns <= _begin(row)]
    return told, rows


def _begin(row: Sequence[Any]) -> int:
    begin: int = row[1] if isinstance(row[0], str) else row[0]
    return begin


def print_groups(groups: Sequence[Group]) -> None:
    """Print how long groups take, by size."""
    by_size: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        by_size[min(group[3], LARGEST)].append(group)
    _say("\n| orders | groups | median ms | of it CPU |\n|---:|---:|---:|---:|")
    for size, some in sorted(by_size.items()):
        wall = median([end - begin for begin, end, _, _ in some])
        cpu = median([group[2] for group in some])
        more = " and more" if size == LARGEST else ""
        _say(f"| {size}{more} | {len(some)} | {wall / MS:.2f} | {cpu / MS:.2f} |")


def print_pieces(pieces: Sequence[Piece]) -> None:
    """Print what went on beside, or within, groups."""
    by_name: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        by_name[piece[0]].append(piece)
    _say("\n| piece | times | median ms | longest ms | CPU ms, all |\n|---|---:|---:|---:|---:|")
    for name, some in sorted(by_name.items()):
        took = [end - begin for _, begin, end, _ in some]
        cpu = sum(piece[3] for piece in some)
        longest = max(took) / MS
        _say(f"| {name} | {len(some)} | {median(took) / MS:.2f} | {longest:.1f} | {cpu / MS:.0f} |")


def print_stalls(groups: Sequence[Group], pieces: Sequence[Piece]) -> None:
    """Print the longest groups and gaps before one, with the pieces that overlap."""
    spans = [(end - begin, f"group of {size}", begin, end) for begin, end, _, size in groups]
    spans += [
        (after[0] - before[1], f"gap before a group of {after[3]}", before[1], after[0])
        for before, after in pairwise(groups)
    ]
    _say("\n| longest | ms | meanwhile |\n|---|---:|---|")
    for took, what, begin, end in sorted(spans, reverse=True)[:STALLS]:
        meanwhile = [
            f"{name} {(upto - since) / MS:.1f}"
            for name, since, upto, _ in pieces
            if since < end and upto > begin
        ]
        _say(f"| {what} | {took / MS:.1f} | {', '.join(meanwhile)} |")


def load_of(arguments: Sequence[str], description: str | None) -> Load:
    """Return the load that the command line asks for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rate", type=float, default=800.0, help="arrivals a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="measured time")
    parser.add_argument("--warm-up", type=float, default=15.0, help="closed loop before, seconds")
    return Load(**vars(parser.parse_args(arguments)))


def print_latency(load: Load, told: dict[str, Any]) -> None:
    """Print what the generator saw."""
    _say(f"p50 {told['p50_ms']:.1f} ms, p99 {told['p99_ms']:.1f} ms at {load.rate:g}/s")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # the command's output


if __name__ == "__main__":
    chosen_load = load_of(sys.argv[1:], __doc__)
    figures, seen = measured(chosen_load)
    print_latency(chosen_load, figures)
    print_groups(seen["groups"])
    print_pieces(seen["pieces"])
    print_stalls(seen["groups"], seen["pieces"])
