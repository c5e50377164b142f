"""ScoreOrder against an empty echo, an echo that commits, and the obvious build.

All servers are up for the whole bench, each pinned to the server's core, and stopped but
for the one under load, or the checkpoints of one would delay another's answers; within a
round the variants follow each other, in the next round in the reverse order, so that what
the machine does meanwhile hits all of them.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from risk_service.adapters.sqlite.decision_rows import DecisionRows
from risk_service.pb.risk.v1 import risk_pb2
from tests.bench.figures import Round, Row, number, ratio
from tests.bench.governed import govern
from tests.bench.load import ID_LENGTH
from tests.bench.processes import Cores, Server, alone, generate, h2load, serving
from tests.bench.shared_stores import shared_stores
from tests.bench.world import World, distinct_orders

CLOSED_32 = {"mode": "closed", "connections": 4, "in_flight": 32}
CLOSED_8 = {"mode": "closed", "connections": 2, "in_flight": 8}
OPEN_CONNECTIONS = 25
DATABASE = "decisions.sqlite3"
WARM_UP_S = 15.0
# Servers with so many rules in the scope of every order, beside five limits and three lists.
GOVERNED = {"rules_15": 15, "rules_50": 50, "shared": 15}

ROWS = (
    Row(title="empty echo, 32 in flight, orders/s", value=number("echo_32")),
    Row(title="the same by h2load, orders/s", value=number("echo_h2load")),
    Row(title="ScoreOrder, 32 in flight, orders/s", value=number("service_32")),
    Row(title="committing echo, 32 in flight, orders/s", value=number("commit_32")),
    Row(title="obvious build, 32 in flight, orders/s", value=number("obvious_32")),
    Row(
        title="ScoreOrder / empty echo, 32 in flight",
        value=ratio("service_32", "echo_32"),
        digits=2,
        at_least=0.6,
    ),
    Row(
        title="with 15 rules, 5 limits, 3 lists in scope / empty echo, 32 in flight",
        value=ratio("rules_15", "echo_32"),
        digits=2,
        at_least=0.6,
    ),
    Row(
        title="with 50 rules, 5 limits, 3 lists in scope / empty echo, 32 in flight",
        value=ratio("rules_50", "echo_32"),
        digits=2,
        at_least=0.5,
    ),
    Row(
        title="the same with 15, windows in Redis, limits in PostgreSQL / empty echo, 32 in flight",
        value=ratio("shared", "echo_32"),
        digits=2,
        at_least=0.45,
    ),
    Row(
        title="ScoreOrder / empty echo, 8 in flight",
        value=ratio("service_8", "echo_8"),
        digits=2,
        at_least=0.5,
    ),
    Row(
        title="ScoreOrder / committing echo, 32 in flight",
        value=ratio("service_32", "commit_32"),
        digits=2,
    ),
    Row(
        title="ScoreOrder / obvious build, 32 in flight",
        value=ratio("service_32", "obvious_32"),
        digits=1,
        at_least=4,
    ),
    Row(title="half of saturation, arrivals/s", value=number("rate")),
    Row(title="ScoreOrder at half of saturation, p50 ms", value=number("service_p50"), digits=1),
    Row(title="ScoreOrder at half of saturation, p99 ms", value=number("service_p99"), digits=1),
    Row(title="committing echo, same arrivals, p99 ms", value=number("commit_p99"), digits=1),
    Row(title="empty echo, same arrivals, p99 ms", value=number("echo_p99"), digits=1),
    Row(
        title="p99 of ScoreOrder / p99 of committing echo",
        value=ratio("service_p99", "commit_p99"),
        digits=2,
        at_most=2.5,
    ),
    Row(title="start to ready, s", value=number("ready_s"), digits=1, at_most=5),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """The servers under test and how they are loaded."""

    world: World
    cores: Cores
    seconds: float
    servers: dict[str, Server]
    body: Path
    record_bytes: int

    def load(self, name: str, prefix: str, **options: Any) -> dict[str, Any]:
        """Load one server; ids begin with ``prefix``, which no other load may use."""
        with alone(self.servers, name):
            figures = generate(
                self.servers[name].target,
                self.world.orders,
                self.cores.generator,
                prefix=prefix,
                seconds=self.seconds,
                **options,
            )
        if name in ("service", *GOVERNED):
            check_full(figures)
        return figures


def check_full(figures: dict[str, Any]) -> None:
    """Refuse figures of a degraded service: they would flatter it."""
    modes = figures["sampled"]["modes"]
    if set(modes) != {"MODE_FULL"}:
        raise SystemExit(f"the service did not decide with everything on: {modes}")


@contextmanager
def stand(world: World, cores: Cores, seconds: float) -> Iterator[Stand]:
    """Start every server; the committing echo learns the size of the product's records."""
    python = [sys.executable, "-m"]
    with (
        tempfile.TemporaryDirectory(prefix="promoguard-bench-", dir="build") as scratch,
        ExitStack() as stack,
    ):
        root = Path(scratch)

        def start(name: str, command: list[str]) -> Server:
            return stack.enter_context(serving(command, root / f"{name}.log", cores.server))

        state = root / "state"
        serve = [*python, "risk_service.cli", "serve", *world.serve_arguments()]
        servers = {"service": start("service", [*serve, "--state", str(state)])}
        for name, rules in GOVERNED.items():
            _say(f"putting {rules} rules in force ...")
            options = govern(world, root / name, root / f"{name}-state", rules)
            governed = [*python, "risk_service.cli", "serve", *world.serve_arguments(), *options]
            if name == "shared":
                stores = stack.enter_context(shared_stores())
                governed = [*stores.environment, *governed]
            servers[name] = start(name, governed)
        servers["echo"] = start("echo", [*python, "tests.bench.servers.echo"])
        stage = Stand(
            world=world,
            cores=cores,
            seconds=seconds,
            servers=servers,
            body=_body(world, root / "body"),
            record_bytes=0,
        )
        # Long enough for every order to come round once: what is measured is the running
        # service, whose busy entities are in memory. Cold reads have a table of their own.
        for letter, name in zip("wyzv", ("service", *GOVERNED), strict=True):
            stage.load(name, letter, warm_up=WARM_UP_S, mode="closed")
        size = record_bytes(state / DATABASE)
        commit = [*python, "tests.bench.servers.echo_commit", "--record-bytes", str(size)]
        commit += ["--database", str(root / "commit.sqlite3")]
        servers["commit"] = start("commit", commit)
        obvious = [*python, "tests.bench.servers.obvious", "--world", str(world.root)]
        obvious += ["--database", str(root / "obvious.sqlite3")]
        servers["obvious"] = start("obvious", obvious)
        yield Stand(
            world=world,
            cores=cores,
            seconds=seconds,
            servers=servers,
            body=stage.body,
            record_bytes=size,
        )


def _say(text: str) -> None:
    """Report progress apart from the tables."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # progress of a command


def _body(world: World, path: Path) -> Path:
    """Write the body that h2load sends: one framed request."""
    order = distinct_orders(world)[0]
    order.order_id = "o" * ID_LENGTH
    request = risk_pb2.ScoreOrderRequest(request_id="r" * ID_LENGTH, order=order)
    message = request.SerializeToString()
    path.write_bytes(b"\x00" + len(message).to_bytes(4, "big") + message)
    return path


def record_bytes(database: Path) -> int:
    """Return the mean size of a stored decision."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        sizes = [len(bytes(record)) for _, record in DecisionRows(connection).after(0)]
    return round(mean(sizes))


def run_round(stage: Stand, index: int) -> Round:
    """Measure every variant once."""
    figures: Round = {"record_bytes": float(stage.record_bytes)}
    figures["ready_s"] = stage.servers["service"].ready_s
    steps: list[Callable[[], None]] = []

    def closed(name: str, key: str, options: dict[str, Any], prefix: str) -> None:
        result = stage.load(name, f"{prefix}{index}x", **options)
        figures[key] = result["per_second"]

    def by_h2load() -> None:
        with alone(stage.servers, "echo"):
            figures["echo_h2load"] = h2load(
                stage.servers["echo"].target, stage.body, stage.cores.generator, stage.seconds
            )

    steps += [
        lambda: closed("echo", "echo_32", CLOSED_32, "a"),
        lambda: closed("service", "service_32", CLOSED_32, "b"),
        lambda: closed("rules_15", "rules_15", CLOSED_32, "h"),
        lambda: closed("rules_50", "rules_50", CLOSED_32, "i"),
        lambda: closed("shared", "shared", CLOSED_32, "j"),
        lambda: closed("commit", "commit_32", CLOSED_32, "c"),
        lambda: closed("obvious", "obvious_32", CLOSED_32, "d"),
        lambda: closed("service", "service_8", CLOSED_8, "e"),
        lambda: closed("echo", "echo_8", CLOSED_8, "f"),
        by_h2load,
    ]
    for step in steps if index % 2 == 0 else steps[::-1]:
        step()
    _open_loop(stage, index, figures)
    return figures


def _open_loop(stage: Stand, index: int, figures: Round) -> None:
    """Load the service, the committing and the empty echo with the same arrivals."""
    figures["rate"] = figures["service_32"] / 2
    names = ["service", "commit", "echo"]
    for name in names if index % 2 == 0 else names[::-1]:
        result = stage.load(
            name,
            f"g{name[0]}{index}x",
            mode="open",
            connections=OPEN_CONNECTIONS,
            rate=figures["rate"],
            seed=index + 1,
        )
        for share in ("p50", "p99"):
            figures[f"{name}_{share}"] = result[f"{share}_ms"]
        figures[f"{name}_start_lag_p99_ms"] = result["start_lag_p99_ms"]
