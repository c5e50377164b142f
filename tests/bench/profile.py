"""Where the time of a decision goes: the product's own pipeline under cProfile.

The pipeline is built as ``risk serve`` builds it and fed groups of 16 in this process.
cProfile slows small Python functions down more than C calls: read shares, not times.
"""

import cProfile
import pstats
import tempfile
import time
from datetime import datetime
from pathlib import Path

from risk_service.bootstrap.build import build
from risk_service.config import Settings
from risk_service.decisions.attempt import Attempt
from risk_service.domain.decision import Decision
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert import answered
from risk_service.rpc.screen import raw_order
from tests.bench.world import REPLAY_FROM, World, distinct_orders

GROUP = 16
ROUNDS = 2
LINES = 30


def settings(world: World, state: Path) -> Settings:
    """Return the settings that the bench serves with."""
    return Settings(
        bundle=world.bundle,
        trust=(world.keys / "signing.pub",),
        identity_key=world.keys / "identity.key",
        features=world.serving,
        state=state,
        replay_from=datetime.fromisoformat(REPLAY_FROM),
    )


def print_profile(world: World) -> None:
    """Print the time per order without profiler, then the share per function."""
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        service = build(settings(world, Path(scratch)))
        try:
            orders = distinct_orders(world)[:2_000]
            profiler = cProfile.Profile()
            for turn in range(ROUNDS):
                attempts = [
                    Attempt(request_id=f"p{turn}-{n}", subject=raw_order(o), fingerprint=b"f" * 16)
                    for n, o in enumerate(orders)
                ]
                groups = [attempts[at : at + GROUP] for at in range(0, len(attempts), GROUP)]
                started, cpu = time.perf_counter(), time.process_time()
                if turn:
                    profiler.enable()
                for group in groups:
                    for answer in service.pipeline.decide(group):
                        if not isinstance(answer, Decision):
                            raise answer
                        answered(risk_pb2.ScoreOrderResponse, answer).SerializeToString()
                profiler.disable()
                wall_us = (time.perf_counter() - started) / len(orders) * 1e6
                cpu_us = (time.process_time() - cpu) / len(orders) * 1e6
                kind = "under the profiler" if turn else "bare, features cold"
                print(f"{kind}: {wall_us:.0f} us wall, {cpu_us:.0f} us CPU per order")  # noqa: T201  # the command's output
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(LINES)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(LINES)
        finally:
            service.close()
