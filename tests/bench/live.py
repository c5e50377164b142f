"""The embedded window store over a log: bytes per entity, intake, and ready again after a crash.

A log of decisions and events is written, the windows are made from all of it (as after a
change of their declaration), then events are taken in until just before the next checkpoint,
the process dies, and another one opens the same directory. ``--events 5000000`` is the
proof's size: it takes an hour and 10 GB of disk.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
from msgspec.structs import replace

from risk_service.adapters.clock import ReplayClock
from risk_service.adapters.embedded import EmbeddedState, open_state
from risk_service.adapters.live.checkpoint import EVENTS_BETWEEN
from risk_service.decisions.linked import Linked
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.reported import EventRecord, LifeEvent, Report
from risk_service.domain.vocabulary import EventType
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.schema import load_schema
from risk_service.features.windows.declaration import load_windows
from risk_service.intake.intake import Intake
from tests.bench.figures import Round, Row, number, ratio
from tests.fixtures.records import NOW_US, TOKENISER, order, record

EVENTS = 1_000_000
ATTEMPTS_SHARE = 4  # one event in four is an attempt
TAIL = EVENTS_BETWEEN - 1
GROUP = 500
CHUNK = 32
CHUNKS = 4
LIFE = (EventType.PAID, EventType.SHIPPED, EventType.DELIVERED)
GAP_US = 2_000_000  # an event every two seconds: a million last 23 days

ROWS = (
    Row(title="events in the log, attempts included", value=number("events")),
    Row(title="active entities and pairs (records)", value=number("records")),
    Row(
        title="bytes per active entity, packed record",
        value=ratio("packed_bytes", "records"),
    ),
    Row(title="bytes per active entity, file", value=ratio("file_bytes", "records")),
    Row(title="bytes per record held decoded in memory", value=number("held_bytes")),
    Row(title="events taken in per second, one core", value=number("intake_per_s")),
    Row(title="events read again after a crash (the most there can be)", value=number("replayed")),
    Row(title="ready again after the crash, s", value=number("ready_s"), digits=1),
    Row(title="- of it the windows, s", value=number("windows_s"), digits=1),
    Row(title="windows made from the whole log, s", value=number("rebuild_s"), digits=1),
    Row(
        title="the same, events per second",
        value=ratio("events", "rebuild_s"),
    ),
)


def run_round(events: int) -> Round:
    """Make a log, crash, open it again; each in a process of its own."""
    directory = Path(tempfile.mkdtemp(prefix="bench-live-", dir="build"))
    try:
        return _in_process("make", directory, events) | _in_process("open", directory, events)
    finally:
        shutil.rmtree(directory)


def _in_process(step: str, directory: Path, events: int) -> Round:
    command = [sys.executable, "-m", "tests.bench.live", step, str(directory), str(events)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: Round = json.loads(done.stdout)
    return found


def _nothing(_: float) -> None:
    """Take no notice of a commit."""


class _Traffic:
    """Attempts of many accounts, devices and addresses, few sellers and SKUs, and their life."""

    def __init__(self, events: int) -> None:
        self._draw = Random(5)
        self._accounts = max(100, events // 20)
        self._base_order, self._base = order(), record("r-1")
        self._vector = np.zeros(len(load_schema().names)).tobytes()
        self.now_us = NOW_US
        self.attempts = 0

    def attempt(self) -> DecisionRecord:
        """Return the next attempt."""
        draw, self.now_us = self._draw, self.now_us + GAP_US
        self.attempts += 1
        name = f"{self.attempts:09d}"
        account, seller = draw.randrange(self._accounts), int(draw.paretovariate(1.0)) % 2000
        tokens = replace(
            self._base_order.tokens,
            account=_token("a", account),
            device=_token("d", draw.randrange(self._accounts)),
            payment=_token("p", account),
            phone=_token("t", account),
            real_name=_token("r", account),
            address_door=_token("o", account),
            address_building=_token("b", account // 8),
            ip=_token("i", draw.randrange(self._accounts)),
            ip_block=_token("c", draw.randrange(1 + self._accounts // 50)),
        )
        line = replace(
            self._base_order.lines[0],
            seller_id=f"seller-{seller}",
            sku=f"sku-{seller}-{draw.randrange(8)}",
        )
        decision = replace(
            self._base.decision,
            decision_id=f"dec_{name}",
            request_id=f"r-{name}",
            order_id=f"o-{name}",
            decided_at_us=self.now_us,
        )
        return replace(
            self._base,
            decision=decision,
            order=replace(self._base_order, order_id=f"o-{name}", tokens=tokens, lines=(line,)),
            vector=self._vector,
            stamp_us=self.now_us,
        )

    def life(self, number: int) -> LifeEvent:
        """Return an event of an order of late, or of long ago now and then."""
        self.now_us += GAP_US
        back = int(self._draw.expovariate(1e-3)) % self.attempts
        return LifeEvent(
            event_id=f"e-{number:09d}",
            event_type=self._draw.choice(LIFE),
            at_us=self.now_us - self._draw.randrange(3_600_000_000),
            order_id=f"o-{self.attempts - back:09d}",
        )


def _token(kind: str, number: int) -> str:
    return f"k1:{kind}{number:031d}"


def _fill(state: EmbeddedState, traffic: _Traffic, events: int) -> None:
    """Write the log in large groups, as years of service would have."""
    for start in range(0, events, GROUP):
        attempts = [traffic.attempt() for _ in range(GROUP // ATTEMPTS_SHARE)]
        state.store.commit(attempts)
        records = []
        for place in range(GROUP - len(attempts)):
            life = traffic.life(start + place)
            decision_id = f"dec_{life.order_id[2:]}"
            records.append(
                EventRecord(
                    event_id=life.event_id,
                    fingerprint=b"f" * 32,
                    stamp_us=traffic.now_us,
                    life=life,
                    decision_id=decision_id,
                )
            )
        state.events.append(records)


def _chunks(traffic: _Traffic, first: int) -> Iterator[list[Report]]:
    for start in range(first, first + TAIL, CHUNK):
        yield [
            Report(fingerprint=b"f" * 32, subject=traffic.life(number))
            for number in range(start, start + CHUNK)
        ]


def _take_in(state: EmbeddedState, traffic: _Traffic, first: int) -> float:
    """Take in the tail through the use case; return the seconds it took."""
    windows = state.windows.store
    declared = (load_windows(), load_clusters())
    linked = Linked(state.clusters.state, declared, windows, state.logged_us)
    intake = Intake(
        tokenise=TOKENISER.action,
        orders=state.store,
        past=state.past_orders,
        log=state.events,
        windows=windows,
        count_links=linked.count,
        stamps=state.stamps,
        clock=ReplayClock(traffic.now_us),
    )
    chunks = list(_chunks(traffic, first))
    started_s = time.perf_counter()
    pending = iter(chunks)
    while group := list(islice(pending, CHUNKS)):
        for answer in intake.take(group):
            if isinstance(answer, Exception):
                raise answer
    return time.perf_counter() - started_s


def make(directory: Path, events: int) -> Round:
    """Write a log, make its windows, take in a tail; the caller dies afterwards."""
    traffic = _Traffic(events)
    state = open_state(directory, _nothing)
    # Windows are made from the log afterwards: nothing must count now.
    _fill(state, traffic, events - TAIL)
    state.windows.housekeeper.stop()
    state.windows.file.condemn()
    state.clusters.close()
    state.events.close()
    state.store.close()
    state = open_state(directory, _nothing)
    rebuild_s, rebuilt = state.windows.ready_s, state.windows.replayed
    state.clusters.save()
    state.close()
    state = open_state(directory, _nothing)
    state.windows.housekeeper.stop()
    intake_s = _take_in(state, traffic, events)
    figures = state.windows.file.figures()
    return {
        **figures,
        "events": rebuilt,
        "rebuild_s": rebuild_s,
        "intake_per_s": TAIL / intake_s,
    }


def reopen(directory: Path) -> Round:
    """Open what a dead process has left."""
    before, started_s = _resident_bytes(), time.perf_counter()
    state = open_state(directory, _nothing)
    ready_s = time.perf_counter() - started_s
    held = len(state.windows.store.cache)
    grown = _resident_bytes() - before
    windows = state.windows
    found = {
        "ready_s": ready_s,
        "windows_s": windows.ready_s,
        "replayed": float(windows.replayed),
        "held_bytes": grown / max(1, held),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    state.close()
    return found


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


def _step(step: str, directory: Path, events: int) -> None:
    found = make(directory, events) if step == "make" else reopen(directory)
    print(json.dumps(found), flush=True)  # noqa: T201  # read by the parent process
    # As a crash: nothing is closed, no last checkpoint is written.
    os._exit(0)


if __name__ == "__main__":
    _step(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
