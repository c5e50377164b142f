"""The server is killed again and again under load; its windows are always those of the log."""

import asyncio
import random
import shutil
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path

import grpc
import numpy as np
import pytest

from risk_service.adapters.embedded import open_state
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.pb.risk.v1 import event_pb2, risk_pb2, risk_pb2_grpc
from tests.bench.processes import cores, serving
from tests.bench.world import World, distinct_orders
from tests.fixtures.events import action, life
from tests.fixtures.live_shop import nothing, replay

pytestmark = pytest.mark.proof

KILLS = 6
ORDERS = 60
CALLERS = 16
# A checkpoint every 200 events, so that kills meet it at every stage.
OFTEN = """
from risk_service.adapters.live import checkpoint
checkpoint.EVENTS_BETWEEN = 200
checkpoint.LOOK_EVERY_S = 0.05
checkpoint.Checkpoints.__init__.__kwdefaults__["events_between"] = 200
from risk_service.cli.main import main
main()
"""


class Load:
    """Keeps orders and events in flight; remembers which events were acknowledged."""

    def __init__(self, world: World) -> None:
        self._orders = distinct_orders(world)[:ORDERS]
        self._numbers = count()
        self.acknowledged: list[event_pb2.ReportedEvent] = []

    async def until_gone(self, target: str) -> None:
        """Load a server until it does not answer any more."""
        async with grpc.aio.insecure_channel(target) as channel:
            stub = risk_pb2_grpc.RiskServiceStub(channel)
            await asyncio.gather(
                *(self._score(stub) for _ in range(CALLERS)),
                *(self._report(stub) for _ in range(2)),
            )

    async def _score(self, stub: risk_pb2_grpc.RiskServiceStub) -> None:
        with suppress(grpc.RpcError):
            while True:
                number = next(self._numbers)
                order = self._orders[number % len(self._orders)]
                request = risk_pb2.ScoreOrderRequest(request_id=f"r-{number}", order=order)
                await stub.ScoreOrder(request, timeout=10)

    async def _report(self, stub: risk_pb2_grpc.RiskServiceStub) -> None:
        with suppress(grpc.RpcError):
            while True:
                events = [self._event(next(self._numbers)) for _ in range(40)]
                answer = await stub.ReportEvents(
                    iter([event_pb2.ReportEventsRequest(events=events)]), timeout=10
                )
                refused = {one.index for one in answer.results[0].refused}
                self.acknowledged += [
                    one for place, one in enumerate(events) if place not in refused
                ]

    def _event(self, number: int) -> event_pb2.ReportedEvent:
        order = self._orders[number % len(self._orders)]
        if number % 3:
            return life(f"e-{number}", order.order_id)
        return action(f"e-{number}", order.account.account_id)


async def one_life(load: Load, command: list[str], scratch: Path, lives_s: float) -> None:
    """Start, load, and kill at a random moment."""
    with serving(command, scratch / "server.log", cores().server) as server:
        loading = asyncio.create_task(load.until_gone(server.target))
        await asyncio.sleep(lives_s)
        server.process.kill()
        server.process.wait()
        await loading


def check(state: Path, copy: Path) -> int:
    """Hold the windows that a start makes to a replay of the log; return the events replayed."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(state, copy)
    opened = open_state(copy, nothing)
    store = opened.windows.store
    records = replay(store.compiled, LogTail(copy, opened.store, opened.events))
    now_us = opened.stamps.last_us + 1_000_000
    for group, of_group in enumerate(records):
        keys = list(of_group)
        want = [of_group[key].read(now_us) for key in keys]
        got = store.read_many([(group, keys)], now_us)[0].values
        np.testing.assert_array_equal(got, np.array(want).reshape(got.shape))
    replayed, rebuilt = opened.windows.replayed, opened.windows.rebuilt
    opened.close()
    return 0 if rebuilt else replayed


async def test_windows_after_every_kill_are_those_of_the_log(
    world: World, serve_options: list[str], tmp_path: Path
) -> None:
    """Six SIGKILLs amid orders, events and checkpoints: no window is off, no event is lost."""
    load, draw = Load(world), random.Random(4)
    command = [sys.executable, "-c", OFTEN, *serve_options]
    tails = []
    for _ in range(KILLS):
        await one_life(load, command, tmp_path, draw.uniform(0.3, 1.8))
        tails.append(check(tmp_path / "state", tmp_path / "copy"))
    assert load.acknowledged, "nothing was acknowledged: the proof proved nothing"
    assert any(tails), "no start found a checkpoint: the proof proved nothing"
    with serving(command, tmp_path / "server.log", cores().server) as server:
        async with grpc.aio.insecure_channel(server.target) as channel:
            stub = risk_pb2_grpc.RiskServiceStub(channel)
            events = load.acknowledged
            batches = [events[at : at + 500] for at in range(0, len(events), 500)]
            answer = await stub.ReportEvents(
                iter([event_pb2.ReportEventsRequest(events=batch) for batch in batches]),
                timeout=120,
            )
    assert sum(one.repeated for one in answer.results) == len(events)
