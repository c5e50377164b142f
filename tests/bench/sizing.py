"""What an order costs each machine of a fleet: ``python -m tests.bench.sizing``.

Fleets of one, two and four services on one Redis and one PostgreSQL, and a single service with
stores of its own. All services of a fleet share the server's core, its stores the generator's, so
orders a second say little; what each process spends on an order is what a fleet on more cores
is planned by. Four services that cost no more an order than one are four times as fast on four
cores, until one of the stores is busy.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from tests.bench.governed import govern
from tests.bench.processes import Server, cores, generate, serving
from tests.bench.score_order import WARM_UP_S, check_full
from tests.bench.shared_stores import shared_stores
from tests.bench.world import World, bench_world

RULES = 15
IN_FLIGHT = 16
FLEETS = {"own stores": 0, "1 service": 1, "2 services": 2, "4 services": 4}
PLANNED_PER_S = 10_000
CPU = "CPU us an order"
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Figures = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Services under one load, and the process of each store that they share."""

    services: Sequence[Server]
    stores: Mapping[str, int]

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids behind each name."""
        services = [server.process.pid for server in self.services]
        return {"services": services, **{name: [pid] for name, pid in self.stores.items()}}

    def signal(self, number: int) -> None:
        """Send a signal to every service."""
        for server in self.services:
            os.killpg(server.process.pid, number)


@dataclass(frozen=True, slots=True)
class Spent:
    """What processes have used since they began: seconds of a core, bytes for the disk."""

    cpu_s: float
    written: int


def spent(pids: Sequence[int]) -> Spent:
    """Return what processes and their children have used."""
    parents = [psutil.Process(pid) for pid in pids]
    family = [one for parent in parents for one in (parent, *parent.children(recursive=True))]
    times = [one.cpu_times() for one in family]
    return Spent(
        sum(one.user + one.system for one in times),
        sum(one.io_counters().write_bytes for one in family),
    )


@contextmanager
def fleet(world: World, root: Path, services: int) -> Iterator[Fleet]:
    """Start the services of a fleet and its stores; none: one service with stores of its own."""
    with ExitStack() as stack:
        stores, environment = {}, []
        if services:
            shared = stack.enter_context(shared_stores())
            stores, environment = shared.process_ids, shared.environment
        started = []
        for number in range(services or 1):
            options = govern(world, root / f"governed-{number}", root / f"state-{number}", RULES)
            run = [sys.executable, "-m", "risk_service.cli", "serve"]
            command = [*environment, *run, *world.serve_arguments(), *options]
            started.append(
                stack.enter_context(serving(command, root / f"{number}.log", cores().server))
            )
        one = Fleet(services=started, stores=stores)
        try:
            yield one
        finally:
            one.signal(signal.SIGCONT)  # or nobody would hear that it is to stop


@contextmanager
def awake(one: Fleet) -> Iterator[None]:
    """Let a fleet run for as long as the block lasts, and none of it before or after."""
    one.signal(signal.SIGCONT)
    try:
        yield
    finally:
        one.signal(signal.SIGSTOP)


def load(world: World, one: Fleet, prefix: str, seconds: float, warm_up: float) -> float:
    """Load every service of a fleet at once; return the orders that were answered."""

    def generated(place: int) -> float:
        figures = generate(
            one.services[place].target,
            world.orders,
            cores().generator,
            prefix=f"{prefix}{place}x",
            mode="closed",
            in_flight=IN_FLIGHT,
            warm_up=warm_up,
            seconds=seconds,
        )
        check_full(figures)
        answers: float = figures["answers"]
        return answers

    with ThreadPoolExecutor(len(one.services)) as pool:
        return sum(pool.map(generated, range(len(one.services))))


def measured(world: World, one: Fleet, prefix: str, seconds: float) -> Figures:
    """Return what an order of one load cost: microseconds of a core, bytes written."""
    families = one.processes()
    before = {name: spent(pids) for name, pids in families.items()}
    orders = load(world, one, prefix, seconds, 0.0)
    after = {name: spent(pids) for name, pids in families.items()}
    # Of the stores' bytes most are due to the small memory that they have here.
    written = after["services"].written - before["services"].written
    figures = {
        "orders/s, all on one core": orders / seconds,
        "services, bytes written an order": written / orders,
    }
    for name in families:
        figures[f"{name}, {CPU}"] = (after[name].cpu_s - before[name].cpu_s) / orders * 1e6
    return figures


def run(options: argparse.Namespace) -> dict[str, list[Figures]]:
    """Return the figures of each fleet, one for each round."""
    world = bench_world(Path("build"), "full")
    found: dict[str, list[Figures]] = {name: [] for name in FLEETS}
    with (
        tempfile.TemporaryDirectory(prefix="promoguard-sizing-", dir="build") as scratch,
        ExitStack() as stack,
    ):
        fleets = {}
        for name, services in FLEETS.items():
            _say(f"starting {name} ...")
            root = Path(scratch).resolve() / name.replace(" ", "-")
            root.mkdir()
            fleets[name] = stack.enter_context(fleet(world, root, services))
            with awake(fleets[name]):
                load(world, fleets[name], "w", 1.0, WARM_UP_S)
        for index in range(options.rounds):
            _say(f"round {index + 1} of {options.rounds} ...")
            for name in list(fleets) if index % 2 == 0 else list(fleets)[::-1]:
                with awake(fleets[name]):
                    figures = measured(world, fleets[name], LETTERS[index], options.seconds)
                found[name].append(figures)
    return found


def print_table(found: Mapping[str, Sequence[Figures]]) -> None:
    """Print medians and ranges, a column for each fleet."""
    _print("| measure | " + " | ".join(found) + " |")
    _print("|---|" + "---:|" * len(found))
    for measure in dict.fromkeys(name for rounds in found.values() for name in rounds[0]):
        columns = [[one[measure] for one in rounds if measure in one] for rounds in found.values()]
        _print(f"| {measure} | " + " | ".join(map(_cell, columns)) + " |")
        name, _, unit = measure.partition(", ")
        if unit == CPU:
            title = f"{name}, cores kept busy by {PLANNED_PER_S:,} orders/s"
            _print(f"| {title} | " + " | ".join(map(_busy, columns)) + " |")


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def _busy(values: Sequence[float]) -> str:
    return f"{median(values) * PLANNED_PER_S / 1e6:.1f}" if values else ""


def _print(line: str) -> None:
    print(line)  # noqa: T201  # the command's answer


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # progress of a command


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, at most 26")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of one load")
    print_table(run(parser.parse_args()))


if __name__ == "__main__":
    main()
