"""The demo's way: keys, world, training on the past, serving, the last days' orders.

The models are trained as of the first streamed midnight: nothing later is within their
reach. Features are materialised again at each streamed midnight, as a shop would nightly.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from risk_service.cli.keys import create_keys
from risk_service.client import AsyncRiskClient
from training.demo.again import ReplayFigures
from training.demo.figures import StreamFigures, measure
from training.demo.server import DemoServer, ServerFiles
from training.demo.stream import (
    EventTally,
    RecordedOrder,
    TimedAnswer,
    recorded_events,
    recorded_orders,
    stream,
)
from training.demo.truth import Truth
from training.frames.materialize import manifest_path, materialize
from training.live.backfill import backfill
from training.progress import Progress, Tallies
from training.promotion.train import TrainRequest, train
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate
from training.truth import read_truth

DAY, HOUR, HOURS = timedelta(days=1), timedelta(hours=1), 24
EVENTS_DEADLINE_MS = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """What a user may choose. ``work`` is emptied first."""

    work: Path
    seed: int
    days: int
    orders: int
    base: str
    stream_days: int
    in_flight: int
    port: int

    @property
    def world(self) -> WorldSettings:
        """Return the world to build."""
        return WorldSettings(seed=self.seed, days=self.days, orders=self.orders, base=self.base)

    @property
    def world_end(self) -> datetime:
        """Return the midnight after the last streamed day."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.world.end_us)

    @property
    def stream_start(self) -> datetime:
        """Return the first streamed midnight."""
        return self.world_end - self.stream_days * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """Where things are, how long each step took, and the figures."""

    report: Path
    figures: StreamFigures
    replayed: ReplayFigures
    seconds: dict[str, float]
    ready_s: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return asdict(self) | {"report": str(self.report)}


@dataclass(slots=True)
class Steps:
    """Times the steps and tells each as it begins."""

    tell: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside; steps of one name add up."""
        self.tell(name, 0, 0)
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + spent


def prepare_demo(settings: DemoSettings, tell: Progress) -> tuple[ServerFiles, Steps]:
    """Build everything that a server needs and return where it lies.

    Raises
    ------
    risk_service.domain.errors.RiskError
        A step failed; the message says what to do.
    """
    work, steps = settings.work, Steps(tell)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with steps.step("keys"):
        create_keys(work / "keys")
    with steps.step("promotion world"):
        simulate(
            settings.world,
            work / "world",
            work / "truth",
            lambda _, share: tell("promotion world", round(100 * share), 100),
        )
    with steps.step("features and models"):
        train(
            _train_request(settings),
            lambda part, done, total: tell(f"features and models: {part}", done, total),
        )
    with steps.step("materialise"):
        materialize(work / "warehouse", settings.stream_start, work / "serving" / "online.db")
    with steps.step("live history"):
        backfill(
            work / "warehouse",
            settings.stream_start,
            work / "state",
            lambda what, done, total: tell(f"live history: {what}", done, total),
        )
    files = ServerFiles(
        bundle=work / "run" / "bundle",
        trust=work / "keys" / "signing.pub",
        identity_key=work / "keys" / "identity.key",
        features=manifest_path(work / "serving" / "online.db"),
        state=work / "state",
        log=work / "serve.log",
    )
    return files, steps


def _train_request(settings: DemoSettings) -> TrainRequest:
    work = settings.work
    return TrainRequest(
        data=work / "world",
        out=work / "run",
        keys=work / "keys",
        warehouse=work / "warehouse",
        as_of=settings.stream_start,
    )


@dataclass(slots=True)
class Streaming:
    """Streams the last days through a running server, one day after the other."""

    settings: DemoSettings
    steps: Steps
    tally: Tallies
    answers: list[TimedAnswer] = field(default_factory=list)
    events: EventTally = field(default_factory=EventTally)
    seconds: float = 0.0

    def run(self, server: DemoServer) -> StreamFigures:
        """Return the figures of all streamed orders."""
        settings = self.settings
        days = [self._day(n) for n in range(settings.stream_days)]
        on_answer = partial(self.tally(sum(map(len, days))), 1)
        for n, orders in enumerate(days):
            if n:
                self._next_midnight(settings.stream_start + n * DAY)
            with self.steps.step("stream orders"):
                asyncio.run(self._stream(server.address, n, orders, on_answer))
        truth = _truth(settings)
        return measure(self.answers, self.events, truth, self.seconds, settings.in_flight)

    def _day(self, n: int) -> list[RecordedOrder]:
        start = self.settings.stream_start + n * DAY
        return recorded_orders(self.settings.work / "world", start, start + DAY)

    def _next_midnight(self, midnight: datetime) -> None:
        work = self.settings.work
        with self.steps.step("materialise"):
            materialize(work / "warehouse", midnight, work / "serving" / "online.db")

    async def _stream(
        self, address: str, day: int, orders: list[RecordedOrder], on_answer: Callable[[], None]
    ) -> None:
        """Stream a day hour by hour: its orders, then what the shop recorded meanwhile."""
        start = self.settings.stream_start + day * DAY
        async with AsyncRiskClient(address) as client:
            for number in range(HOURS):
                begins, ends = start + number * HOUR, start + (number + 1) * HOUR
                part = [one for one in orders if begins <= one.record["ordered_at"] < ends]
                began = time.perf_counter()
                self.answers += await stream(client, part, self.settings.in_flight, on_answer)
                self.seconds += time.perf_counter() - began
                events = recorded_events(self.settings.work / "world", begins, ends)
                self.events.add(await client.report_events(events, EVENTS_DEADLINE_MS))


def _truth(settings: DemoSettings) -> dict[str, Truth]:
    table = read_truth(settings.work / "truth")
    columns = (table.column(n).to_pylist() for n in ("order_id", "abuse", "strategy", "persona"))
    return {
        order_id: Truth(abuse=abuse, strategy=strategy, persona=persona)
        for order_id, abuse, strategy, persona in zip(*columns, strict=True)
    }
