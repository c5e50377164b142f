"""Checkouts served in turns, as in ``python -m tests.bench.versus before=../before now=.``.

Two runs one after the other tell nothing below some ten per cent: the machine's own speed
differs by more. Here a service of each checkout is up for the whole run, pinned to one core and
stopped while another is loaded; each round loads all of them, the next one in the reverse order.
``NAME=DIR,RISK_GROUP_QUIET_MS=0.1`` sets a setting of one of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.bench.processes import Server, alone, cores, generate, serving
from tests.bench.score_order import CLOSED_8, CLOSED_32, OPEN_CONNECTIONS, WARM_UP_S, check_full
from tests.bench.world import World, bench_world

Figures = dict[str, list[float]]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def command_of(variant: str, world: World, state: Path) -> list[str]:
    """Return what serves a checkout: ``DIR[,SETTING=VALUE ...]``."""
    directory, *settings = variant.split(",")
    root = Path(directory).resolve()
    if not (root / "risk_service").is_dir():
        raise SystemExit(f"{directory} is no checkout: it has no risk_service")
    options = world.serve_arguments()
    given = [str(Path(one).resolve()) if Path(one).exists() else one for one in options]
    run = [sys.executable, "-m", "risk_service.cli", "serve", *given, "--state", str(state)]
    return ["env", "-C", str(root), f"PYTHONPATH={root}", *settings, *run]


def loaded(server: Server, world: World, prefix: str, rate: float, seconds: float) -> Figures:
    """Load one server in all three ways."""
    found: Figures = {}
    for number, (way, options) in enumerate((("32", CLOSED_32), ("8", CLOSED_8))):
        told = generate(
            server.target,
            world.orders,
            cores().generator,
            prefix=f"{prefix}{number}",
            seconds=seconds,
            **options,
        )
        check_full(told)
        found[f"orders/s, {way} in flight"] = [told["per_second"]]
    told = generate(
        server.target,
        world.orders,
        cores().generator,
        prefix=f"{prefix}2",
        seconds=seconds,
        mode="open",
        connections=OPEN_CONNECTIONS,
        rate=rate,
    )
    for share in ("p50", "p99"):
        found[f"{share} ms at {rate:g}/s"] = [told[f"{share}_ms"]]
    return found


def measured(options: argparse.Namespace) -> dict[str, Figures]:
    """Return the figures of each variant, a value for each round."""
    world, core = bench_world(Path("build"), "full"), cores().server
    variants = dict(one.split("=", 1) for one in options.variants)
    found: dict[str, Figures] = {name: {} for name in variants}
    with (
        tempfile.TemporaryDirectory(prefix="promoguard-versus-", dir="build") as scratch,
        ExitStack() as stack,
    ):
        root = Path(scratch).resolve()
        servers = {}
        for name, variant in variants.items():
            _say(f"starting {name} ...")
            command = command_of(variant, world, root / f"{name}-state")
            servers[name] = stack.enter_context(serving(command, root / f"{name}.log", core))
        for name in servers:
            with alone(servers, name) as server:
                at = (server.target, world.orders, cores().generator)
                generate(*at, prefix="w", mode="closed", warm_up=WARM_UP_S, seconds=1)
        for index in range(options.rounds):
            _say(f"round {index + 1} of {options.rounds} ...")
            for name in list(servers) if index % 2 == 0 else list(servers)[::-1]:
                with alone(servers, name) as server:
                    some = loaded(server, world, LETTERS[index], options.rate, options.seconds)
                for measure, values in some.items():
                    found[name].setdefault(measure, []).extend(values)
    return found


def print_table(found: Mapping[str, Figures]) -> None:
    """Print medians and ranges, a column for each variant."""
    print("| measure | " + " | ".join(found) + " |")  # noqa: T201  # the command's answer
    print("|---|" + "---:|" * len(found))  # noqa: T201
    for measure in next(iter(found.values())):
        cells = []
        for figures in found.values():
            values = figures[measure]
            cells.append(f"{median(values):,.1f} ({min(values):,.1f} to {max(values):,.1f})")
        print(f"| {measure} | " + " | ".join(cells) + " |")  # noqa: T201


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # progress of a command


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variants", nargs="+", metavar="NAME=DIR[,SETTING=VALUE]")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, at most 26")
    parser.add_argument("--seconds", type=float, default=3.0, help="measured time of one load")
    parser.add_argument("--rate", type=float, default=850.0, help="arrivals a second, open loop")
    print_table(measured(parser.parse_args()))


if __name__ == "__main__":
    main()
