"""Where the time of a decision goes: the product's own pipeline under cProfile.

The pipeline is built as ``risk serve`` builds it, with the bench's rules, limits and lists in
the scope of every order, and fed groups of 16 in this process. cProfile slows small Python
functions down more than C calls: read shares, not times.
"""

import cProfile
import pstats
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from risk_service.bootstrap.build import Service, build
from risk_service.config import Settings
from risk_service.decisions.attempt import Attempt
from risk_service.domain.decision import Decision
from risk_service.pb.risk.v1 import order_pb2
from risk_service.rpc.convert import answered_bytes
from risk_service.rpc.screen import raw_order
from tests.bench.governed import govern
from tests.bench.world import REPLAY_FROM, World, distinct_orders

GROUP = 16
ROUNDS = 2
LINES = 30
ORDERS = 2_000
RULES = 15
# Part of a decision -> the function that does it: end of its file's path, and its name.
PARTS = (
    ("known requests, tokens, numbers", (("cases.py", "known"), ("cases.py", "form"))),
    ("windows and clusters", (("decisions/live.py", "observe"),)),
    ("features and models", (("decisions/scoring.py", "score"),)),
    ("lists and rules", (("decisions/findings.py", "of_group"),)),
    ("combination", (("decisions/policy.py", "judge"),)),
    ("limits: demands and holds", (("pipeline.py", "_limited"),)),
    ("records", (("pipeline.py", "_written"),)),
    ("commit", (("sqlite/decisions.py", "commit"),)),
    ("answers as bytes", (("rpc/convert.py", "answered"),)),
)


def settings(world: World, root: Path, rules: int = RULES) -> Settings:
    """Return the settings that the bench serves with, over a governed state directory."""
    govern(world, root / "governed", root / "state", rules)
    return Settings(
        bundle=world.bundle,
        trust=(world.keys / "signing.pub",),
        identity_key=world.keys / "identity.key",
        features=world.serving,
        state=root / "state",
        rules=root / "governed" / "rules",
        limits=root / "governed" / "limits.toml",
        replay_from=datetime.fromisoformat(REPLAY_FROM),
    )


def print_profile(world: World) -> None:
    """Print the time per order without profiler, then the share of each part and function."""
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        service = build(settings(world, Path(scratch).absolute()))
        try:
            orders = distinct_orders(world)[:ORDERS]
            profiler = cProfile.Profile()
            for turn in range(ROUNDS):
                _decide(service, orders, turn, profiler if turn else None)
            _print_parts(profiler)
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(LINES)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(LINES)
        finally:
            service.close()


def groups_of(orders: list[order_pb2.Order], name: str) -> list[list[Attempt]]:
    """Return groups of attempts, each under a request id of its own."""
    attempts = [
        Attempt(request_id=f"{name}-{n}", subject=raw_order(o), fingerprint=b"f" * 16)
        for n, o in enumerate(orders)
    ]
    return [attempts[at : at + GROUP] for at in range(0, len(attempts), GROUP)]


def _decide(
    service: Service,
    orders: list[order_pb2.Order],
    turn: int,
    profiler: cProfile.Profile | None,
) -> None:
    groups = groups_of(orders, f"p{turn}")
    started, cpu = time.perf_counter(), time.process_time()
    if profiler:
        profiler.enable()
    for group in groups:
        for answer in service.pipeline.decide(group):
            if not isinstance(answer, Decision):
                raise answer
            answered_bytes(answer)
    if profiler:
        profiler.disable()
    wall_us = (time.perf_counter() - started) / len(orders) * 1e6
    cpu_us = (time.process_time() - cpu) / len(orders) * 1e6
    kind = "under the profiler" if profiler else "bare, features cold"
    print(f"{kind}: {wall_us:.0f} us wall, {cpu_us:.0f} us CPU per order")  # noqa: T201  # the command's output


def _print_parts(profiler: cProfile.Profile) -> None:
    """Print what share of a decision each part takes."""
    stats: dict[tuple[str, int, str], tuple[Any, ...]] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # not in the stubs

    def spent_s(file: str, name: str) -> float:
        rows = [
            row for (path, _, known), row in stats.items() if path.endswith(file) and known == name
        ]
        return sum(row[3] for row in rows)

    whole_s = spent_s("pipeline.py", "decide") + spent_s("rpc/convert.py", "answered")
    print(f"\n| part of a decision, {RULES} rules, 5 limits, 3 lists | share |\n|---|---|")  # noqa: T201  # as above
    left = 1.0
    for title, functions in PARTS:
        share = sum(spent_s(file, name) for file, name in functions) / whole_s
        left -= share
        print(f"| {title} | {share:.0%} |")  # noqa: T201  # as above
    print(f"| rest | {left:.0%} |\n")  # noqa: T201  # as above
