"""CPU time per order by part of the path, in this process: ``python -m tests.bench.parts``.

The pipeline is built as ``risk serve`` builds it and fed groups, without the edge. Orders
come by twice under other ids, as from the load generator: first to warm up, then to be
measured. A part's time is that of its thread while it runs, less than a microsecond of it the
clock's own; ``all threads`` counts the housekeeping that goes on meanwhile as well.
"""

import argparse
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from risk_service.bootstrap.build import Service, build
from risk_service.bootstrap.serve import collect_seldom
from risk_service.config import Settings
from risk_service.domain.decision import Decision
from risk_service.identity.keys import load_identity_key
from risk_service.identity.payload import Fingerprinter
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert import answered_bytes
from risk_service.rpc.desk import Desk, decoded
from risk_service.rpc.validate import TimeWindow
from tests.bench.processes import cores
from tests.bench.profile import settings
from tests.bench.shared_stores import shared_stores
from tests.bench.world import World, bench_world, distinct_orders

GROUPS = (32, 16, 4, 1)
WARM_UP = 12_000
MEASURED = 4_000


STEPS = ("decode, validate, fingerprint", "decide", "encode")
# Name, whose method, which; an indented part lies within the one above.
PARTS = (
    ("tokenise", "cases", "tokenise"),
    ("known requests, order numbers", "store", "by_request_ids"),
    ("known requests, order numbers", "store", "last_numbers"),
    ("live", "live", "observe"),
    ("  links of all services: ask", "linked", "begin"),
    ("  windows: read, held back", "windows", "observe"),
    ("  links of all services: apply", "linked", "arrive"),
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
    """Adds up the thread's time within wrapped methods, by part, and that on the wall."""

    def __init__(self) -> None:
        self.ns: dict[str, int] = {}
        self.wall_ns: dict[str, int] = {}

    def wrap(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, timed."""

        def timed(*arguments: object, **named: object) -> object:
            wall, started = time.perf_counter_ns(), time.thread_time_ns()
            try:
                return call(*arguments, **named)
            finally:
                self.add(part, time.thread_time_ns() - started, time.perf_counter_ns() - wall)

        return timed

    def add(self, part: str, ns: int, wall_ns: int) -> None:
        """Add what a part took once."""
        self.ns[part] = self.ns.get(part, 0) + ns
        self.wall_ns[part] = self.wall_ns.get(part, 0) + wall_ns

    def clear(self) -> None:
        """Begin anew."""
        self.ns.clear()
        self.wall_ns.clear()


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
        setattr(stand, method, timed.wrap(f"- {part}", getattr(stand, method)))
    live._store, live._linked = stands["windows"], stands["linked"]
    in_force: Any = _Stand(pipeline.in_force)
    in_force.now = lambda: stands["findings"]
    cases = replace(pipeline.cases, tokenise=stands["cases"].tokenise, store=stands["store"])
    chosen = {name: stands[name] for name in ("live", "scoring", "limiting", "records", "store")}
    return replace(pipeline, cases=cases, in_force=in_force, **chosen)


@contextmanager
def _service(world: World, stores: Mapping[str, Any]) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(dir="build") as scratch:
        chosen = settings(world, Path(scratch))
        service = build(Settings(**{**dict(chosen), **stores}))
        try:
            yield service
        finally:
            service.close()


def print_parts(world: World, stores: Mapping[str, Any]) -> None:
    """Print microseconds per order by part, for groups of several sizes.

    Parameters
    ----------
    stores
        Settings of shared stores; without any, waiting is not told.
    """
    orders = distinct_orders(world)
    cpu_us, wall_us = {}, {}
    with _service(world, stores) as service:
        collect_seldom()
        timed = _Timed()
        desk = _desk(service, _instrument(service, timed))
        for number, group in enumerate((16, *GROUPS)):
            chosen = orders[:WARM_UP] if number == 0 else orders[WARM_UP - MEASURED : WARM_UP]
            payloads = [
                _new(order, f"{number:04}{n:016}").SerializeToString()
                for n, order in enumerate(chosen)
            ]
            timed.clear()
            everything = _run(desk, timed, payloads, group)
            cpu_us[group] = _per_order(timed.ns, len(chosen))
            cpu_us[group]["all threads"] = everything / 1000 / len(chosen)
            wall_us[group] = _per_order(timed.wall_ns, len(chosen))
    _print_table("CPU us per order", cpu_us)
    if stores:
        _print_table("wall us per order", wall_us)


def _new(order: Any, name: str) -> risk_pb2.ScoreOrderRequest:
    """Return the request of an order that nobody has seen."""
    request = risk_pb2.ScoreOrderRequest(request_id=f"r{name}", order=order)
    request.order.order_id = f"o{name}"
    return request


def _per_order(ns: Mapping[str, int], orders: int) -> dict[str, float]:
    parts = dict.fromkeys([*STEPS, *(f"- {name}" for name, *_ in PARTS)], 0) | ns
    # What `decide` does between its parts; indented ones are counted by those above them.
    named = sum(taken for name, taken in ns.items() if re.match("- [^ ]", name))
    parts["- between the parts"] = parts["decide"] - named
    return {name: taken / 1000 / orders for name, taken in parts.items()}


def _print_table(title: str, figures: Mapping[int, Mapping[str, float]]) -> None:
    names = list(dict.fromkeys(name for per in figures.values() for name in per))
    print(f"| {title} | " + " | ".join(f"groups of {g}" for g in GROUPS) + " |")  # noqa: T201  # the command's output
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


def _run(desk: Desk, timed: _Timed, payloads: list[bytes], size: int) -> int:
    """Decide all orders in groups; return the CPU time of all threads, in nanoseconds."""
    process = time.process_time_ns()

    def read(group: list[bytes]) -> list[Any]:
        return [
            desk.order_attempt(decoded(risk_pb2.ScoreOrderRequest, payload), desk.window())
            for payload in group
        ]

    steps = (read, desk.decide, _encode)
    read_all, decide, encode = map(timed.wrap, STEPS, steps)
    for at in range(0, len(payloads), size):
        encode(decide(read_all(payloads[at : at + size])))
    return time.process_time_ns() - process


def _encode(answers: list[Any]) -> None:
    for answer in answers:
        if not isinstance(answer, Decision):
            raise answer
        answered_bytes(answer)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", action="store_true", help="windows in Redis, limits in PostgreSQL"
    )
    made = bench_world(Path("build"), "full")
    if parser.parse_args().shared:
        with shared_stores() as shared:
            os.sched_setaffinity(0, {cores().server})
            print_parts(made, shared.settings)
    else:
        print_parts(made, {})
