"""CPU time per order by part of the path, in this process: ``python -m tests.bench.parts``.

The pipeline is built as ``risk serve`` builds it and fed groups, without the edge. Orders
come by twice under other request ids: first to warm up, then to be measured. A part's time
is that of its thread while it runs, less than a microsecond of it the clock's own; ``all
threads`` counts the housekeeping that goes on meanwhile as well.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from risk_service.bootstrap.build import Service, build
from risk_service.domain.decision import Decision
from risk_service.identity.keys import load_identity_key
from risk_service.identity.payload import Fingerprinter
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert import answered_bytes
from risk_service.rpc.desk import Desk, decoded
from risk_service.rpc.validate import TimeWindow
from tests.bench.profile import settings
from tests.bench.world import World, bench_world, distinct_orders

GROUPS = (32, 16, 4, 1)
WARM_UP = 12_000
MEASURED = 4_000

# Name, whose method, which; an indented part lies within the one above.
PARTS = (
    ("tokenise", "cases", "tokenise"),
    ("known requests, order numbers", "store", "by_request_ids"),
    ("known requests, order numbers", "store", "last_numbers"),
    ("live", "live", "observe"),
    ("  windows: read, held back", "windows", "observe"),
    ("  clusters: views", "linked", "views"),
    ("  linked accounts: rows", "linked", "rows"),
    ("  links: count", "linked", "count"),
    ("score", "scoring", "score"),
    ("rules and lists", "findings", "of_group"),
    ("limits", "limiting", "hold"),
    ("records", "records", "of"),
    ("commit", "store", "commit"),
)


class _Timed:
    """Adds up the thread's time within wrapped methods, by part."""

    def __init__(self) -> None:
        self.ns: dict[str, int] = {}

    def wrap(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, timed."""

        def timed(*arguments: object) -> object:
            started = time.thread_time_ns()
            try:
                return call(*arguments)
            finally:
                self.ns[part] = self.ns.get(part, 0) + time.thread_time_ns() - started

        return timed


class _Stand:
    """Stands in for an owner whose class has slots: methods replaced, the rest passed on."""

    def __init__(self, owner: object) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> object:
        return getattr(self._owner, name)


def _instrument(service: Service, timed: _Timed) -> Any:
    """Return the pipeline with its parts timed."""
    pipeline, linked, live = service.pipeline, service.linked, service.pipeline.live
    findings = pipeline.in_force.now()
    stands: dict[str, Any] = {
        "cases": _Stand(pipeline.cases),
        "store": _Stand(pipeline.store),
        "live": _Stand(live),
        "windows": _Stand(service.state.windows.store),
        "linked": _Stand(linked),
        "scoring": _Stand(pipeline.scoring),
        "findings": _Stand(findings),
        "limiting": _Stand(pipeline.limiting),
        "records": _Stand(pipeline.records),
    }
    for part, owner, method in PARTS:
        stand = stands[owner]
        setattr(stand, method, timed.wrap(part, getattr(stand, method)))
    live._store, live._linked = stands["windows"], stands["linked"]
    in_force: Any = _Stand(pipeline.in_force)
    in_force.now = lambda: stands["findings"]
    cases = replace(pipeline.cases, tokenise=stands["cases"].tokenise, store=stands["store"])
    chosen = {name: stands[name] for name in ("live", "scoring", "limiting", "records", "store")}
    return replace(pipeline, cases=cases, in_force=in_force, **chosen)


@contextmanager
def _service(world: World) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        service = build(settings(world, Path(scratch)))
        try:
            yield service
        finally:
            service.close()


def print_parts(world: World) -> None:
    """Print microseconds of CPU per order by part, for groups of several sizes."""
    orders = distinct_orders(world)
    figures = {}
    with _service(world) as service:
        timed = _Timed()
        desk = _desk(service, _instrument(service, timed))
        for number, group in enumerate((16, *GROUPS)):
            chosen = orders[:WARM_UP] if number == 0 else orders[WARM_UP - MEASURED : WARM_UP]
            calls = [
                risk_pb2.ScoreOrderRequest(request_id=f"p{number}-{n}", order=order)
                for n, order in enumerate(chosen)
            ]
            timed.ns.clear()
            payloads = [call.SerializeToString() for call in calls]
            figures[group] = _run(desk, timed, payloads, group)
    names = list(dict.fromkeys(name for per in figures.values() for name in per))
    print("| CPU us per order | " + " | ".join(f"groups of {g}" for g in GROUPS) + " |")  # noqa: T201  # the command's output
    print("|---|" + "---:|" * len(GROUPS))  # noqa: T201  # as above
    for name in names:
        row = " | ".join(f"{figures[group].get(name, 0.0):.0f}" for group in GROUPS)
        print(f"| {name} | {row} |")  # noqa: T201  # as above


def _desk(service: Service, pipeline: Any) -> Desk:
    anything = TimeWindow(earliest_us=None, latest_us=None)
    return Desk(
        decide=pipeline.decide,
        fingerprinter=Fingerprinter(load_identity_key(service.settings.identity_key)),
        window=lambda: anything,
        metrics=service.metrics,
    )


def _run(desk: Desk, timed: _Timed, payloads: list[bytes], size: int) -> dict[str, float]:
    spent = {"decode, validate, fingerprint": 0, "decide": 0, "encode": 0}
    process = time.process_time_ns()
    for at in range(0, len(payloads), size):
        start = time.thread_time_ns()
        attempts = [
            desk.order_attempt(decoded(risk_pb2.ScoreOrderRequest, payload), desk.window())
            for payload in payloads[at : at + size]
        ]
        read = time.thread_time_ns()
        answers = desk.decide(attempts)
        decided = time.thread_time_ns()
        for answer in answers:
            if not isinstance(answer, Decision):
                raise answer
            answered_bytes(answer)
        spent["decode, validate, fingerprint"] += read - start
        spent["decide"] += decided - read
        spent["encode"] += time.thread_time_ns() - decided
    everything = time.process_time_ns() - process
    parts = dict.fromkeys([name for name, *_ in PARTS], 0) | timed.ns
    total = {"all threads": everything, **spent, **{f"- {k}": v for k, v in parts.items()}}
    # What `decide` does between its parts; indented ones are counted by those above them.
    named = sum(ns for name, ns in timed.ns.items() if not name.startswith(" "))
    total["- between the parts"] = spent["decide"] - named
    return {name: ns / 1000 / len(payloads) for name, ns in total.items()}


if __name__ == "__main__":
    print_parts(bench_world(Path("build"), "full"))
