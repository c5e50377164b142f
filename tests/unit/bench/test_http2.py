"""The load generator's own HTTP/2: what it counts is what a gRPC server did."""

import argparse
import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest

from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from tests.bench import load
from tests.bench.http2 import Connection
from tests.unit.client.scripted import Scripted, decision, fails, order, serving

ORDERS = [order(order_id=f"o{n}", device_id="d" * n) for n in range(3)]


def arguments(target: str, **fields: Any) -> argparse.Namespace:
    """Return the generator's arguments."""
    given = {"target": target, "connections": 2, "in_flight": 8, "warm_up": 0.05}
    return argparse.Namespace(**(given | {"rate": 200.0, "seed": 1} | fields))


def test_every_request_is_a_new_order() -> None:
    """Ids are never repeated, the orders come in turn, nothing else is changed."""
    parsed = [
        risk_pb2.ScoreOrderRequest.FromString(r) for r in islice(load.requests(ORDERS, "x"), 7)
    ]
    assert len({request.request_id for request in parsed}) == 7
    for number, request in enumerate(parsed):
        assert request.request_id == request.order.order_id
        assert len(request.request_id) == load.ID_LENGTH
        expected = order_pb2.Order()
        expected.CopyFrom(ORDERS[number % 3])
        expected.order_id = request.order.order_id
        assert request.order == expected


def test_orders_survive_their_file(tmp_path: Path) -> None:
    """What is written is read."""
    load.write_orders(tmp_path / "orders", ORDERS)
    assert load.read_orders(tmp_path / "orders") == ORDERS


async def figures_of(run: Any, target: str, counted: str) -> Any:
    """Return the figures of a run as long as this machine needs to count something."""
    source, seconds = load.requests(ORDERS, "x"), 0.3
    while not (figures := await run(arguments(target, seconds=seconds), source))[counted]:
        assert seconds < 30, figures
        seconds *= 3
    return figures


@pytest.mark.parametrize("run", [load.closed_loop, load.open_loop])
async def test_the_generator_counts_what_the_server_answered(run: Any) -> None:
    """Each answer was a call that a gRPC server parsed; no call is lost or counted twice."""
    with serving(Scripted()) as service:
        figures = await figures_of(run, service.target, "answers")
        seen = [request.request_id for request in service.seen]
    assert figures["errors"] == 0
    assert 0 < figures["answers"] <= len(seen)
    assert len(set(seen)) == len(seen)
    assert figures["sampled"]["modes"]["MODE_FULL"] > 0


@pytest.mark.parametrize("run", [load.closed_loop, load.open_loop])
async def test_refused_calls_are_errors(run: Any) -> None:
    """A status other than OK is an error and no answer."""
    with serving(Scripted()) as service:
        service.plays(fails(grpc.StatusCode.RESOURCE_EXHAUSTED))
        figures = await figures_of(run, service.target, "errors")
    assert figures["answers"] == 0


async def test_large_bodies_wait_for_the_window() -> None:
    """Far more than the peer's window at once: flow control is kept and all is answered."""
    big = risk_pb2.ScoreOrderRequest(order=order(device_id="d" * 30_000)).SerializeToString()
    got: list[bytes | None] = []
    with serving(Scripted()) as service:
        host, _, port = service.target.rpartition(":")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(service.target, load.SCORE_ORDER, lambda _, body: got.append(body)),
            host,
            int(port),
        )
        for number in range(40):
            connection.call(big, number)
        connection.flush()
        assert await load.drain([connection]) == 0
    expected = risk_pb2.ScoreOrderResponse(decision=decision(request_id="")).SerializeToString()
    assert got == [expected] * 40


async def test_a_broken_connection_fails_what_is_in_flight() -> None:
    """Calls without an answer are told so when the connection ends."""
    got: list[bytes | None] = []
    connection = Connection("h:1", load.SCORE_ORDER, lambda _, body: got.append(body))
    connection.call(b"m", "token")
    connection.connection_lost(None)
    connection.call(b"m", "late")
    assert got == [None, None]
    assert connection.in_flight == 0


def test_latency_counts_from_the_intended_start() -> None:
    """Percentiles are nearest rank; an empty tally has none."""
    tally = load.Tally()
    for number in range(100):
        tally.note(
            (number + 1) / 1_000, risk_pb2.ScoreOrderResponse().SerializeToString() or b"\n\0"
        )
    report = tally.report(seconds=2.0)
    assert report["p99_ms"] == pytest.approx(100.0)
    assert report["p50_ms"] == pytest.approx(51.0)
    assert report["per_second"] == 50
    assert load.percentile_ms([], 0.5) == 0.0
