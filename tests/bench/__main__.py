"""``make bench``: the figures of the README, printed as Markdown and written as JSON.

Quick look: ``make bench ARGS="--world quick --rounds 1 --seconds 2"``. One part only:
``make bench ARGS="--only score"``. Where the time goes: ``make bench ARGS=--profile``.
"""

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bench import (
    feature_read,
    lists,
    live,
    models,
    redis_read,
    reservations,
    rules,
    score_order,
    windows,
)
from tests.bench.figures import Round, Row, table
from tests.bench.processes import cores
from tests.bench.profile import print_profile
from tests.bench.world import SIZES, World, bench_world

BUILD = Path("build")
PARTS = (
    "score",
    "features",
    "models",
    "windows",
    "live",
    "redis",
    "lists",
    "reservations",
    "rules",
)
# Parts that need no servers, no store and no world.
SMALL: tuple[tuple[str, Callable[[], Round], Sequence[Row]], ...] = (
    ("redis", redis_read.run_round, redis_read.ROWS),
    ("lists", lists.run_round, lists.ROWS),
    ("reservations", reservations.run_round, reservations.ROWS),
    ("rules", rules.run_round, rules.ROWS),
)
ALONE = ("windows", "live", *(name for name, _, _ in SMALL))


def main() -> None:
    """Run what is asked for."""
    args = _arguments()
    if os.environ.get("TZ") != "UTC":
        raise SystemExit("run with TZ=UTC: Feast's sqlite store keeps local epochs")
    BUILD.mkdir(exist_ok=True)
    # Servers whose turn it is not are stopped; they would outlive a bench that is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before the figures were complete"))
    result: dict[str, Any] = {"machine": _machine(), "rounds": args.rounds}
    parts = PARTS if args.only is None else (args.only,)
    if args.profile or set(parts) - set(ALONE):
        _say("making the bench's world (kept under build/) ...")
        world = bench_world(BUILD, args.world)
        if args.profile:
            print_profile(world)
            return
        result |= {part: _run(part, world, args) for part in parts if part not in ALONE}
    if "windows" in parts:
        _say(f"windows of {args.orders:,} orders ...")
        rounds = [windows.run_round(args.orders) for _ in range(args.rounds)]
        result["windows"] = _report(windows.ROWS, rounds)
    if "live" in parts:
        _say(f"embedded windows over a log of {args.events:,} events ...")
        result["live"] = _report(live.ROWS, [live.run_round(args.events)])
    for name, run_round, rows in SMALL:
        if name in parts:
            _say(f"{name} ...")
            result[name] = _report(rows, [run_round() for _ in range(args.rounds)])
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=1))


def _run(part: str, world: World, args: argparse.Namespace) -> dict[str, Any]:
    if part == "score":
        return _score(world, args)
    rows, chosen = (feature_read.ROWS if part == "features" else models.ROWS), cores()
    _say(f"{part} ...")
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {chosen.server})
    try:
        rounds = [
            feature_read.run_round(world, args.seconds, beside=chosen.generator)
            if part == "features"
            else models.run_round(world, args.seconds)
            for _ in range(args.rounds)
        ]
    finally:
        os.sched_setaffinity(0, everywhere)
    return _report(rows, rounds)


def _score(world: World, args: argparse.Namespace) -> dict[str, Any]:
    rounds = []
    _say("starting the servers ...")
    with score_order.stand(world, cores(), args.seconds) as stage:
        for index in range(args.rounds):
            _say(f"round {index + 1} of {args.rounds} ...")
            rounds.append(score_order.run_round(stage, index))
    return _report(score_order.ROWS, rounds)


def _report(rows: Sequence[Row], rounds: Sequence[Round]) -> dict[str, Any]:
    print(f"\n{table(rows, rounds)}\n", flush=True)  # noqa: T201  # the command's output
    return {"summary": [row.summary(rounds) for row in rows], "each_round": list(rounds)}


def _machine() -> dict[str, object]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


def _say(text: str) -> None:
    """Report progress apart from the tables."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # progress of a command


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of one load")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument(
        "--orders", type=int, default=windows.ORDERS, help="orders in the log of part windows"
    )
    parser.add_argument(
        "--events", type=int, default=live.EVENTS, help="events in the log of part live"
    )
    parser.add_argument("--only", choices=PARTS, help="one part only")
    parser.add_argument(
        "--world",
        choices=SIZES,
        default="full",
        help="quick: small, for a first look; heavy: models of 300 trees with 63 leaves",
    )
    parser.add_argument("--profile", action="store_true", help="share of time per step instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
