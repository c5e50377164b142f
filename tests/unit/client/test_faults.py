"""Networks that fail: the client answers by its deadline, and never with a false decision."""

from collections.abc import Callable
from typing import Any

import pytest

from risk_service.client import ClientOptions, DecisionAnswer, FallbackAnswer, FallbackCause
from tests.unit.client.faults import Fault, FaultProxy, Kind
from tests.unit.client.scripted import Scripted, decide, order

Connect = Callable[..., Any]

PATIENT_MS = 30_000
IMPATIENT_MS = 150


def test_a_slow_network_within_the_deadline_is_no_fault(
    connect: Connect, proxy: FaultProxy
) -> None:
    """A delay shorter than the deadline gives the service's own decision."""
    proxy.plays(Fault(delay_s=0.02))
    answer = connect(proxy.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert isinstance(answer, DecisionAnswer)


@pytest.mark.parametrize(
    "fault",
    [Fault(delay_s=60.0), Fault(kind=Kind.HALF_OPEN), Fault(drip_s=0.5)],
    ids=["delay", "half-open", "slow drip"],
)
def test_silence_ends_at_the_deadline(connect: Connect, proxy: FaultProxy, fault: Fault) -> None:
    """An answer that is late, never comes or drips in leads to a fallback: timed out."""
    proxy.plays(fault)
    answer = connect(proxy.target).score_order(order(), "req_1", deadline_ms=IMPATIENT_MS)
    assert isinstance(answer, FallbackAnswer)
    assert answer.cause is FallbackCause.TIMED_OUT


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.RESET])
def test_refused_connections_lead_to_a_fallback(
    connect: Connect, proxy: FaultProxy, service: Scripted, kind: Kind
) -> None:
    """Connections that break before a request passes: unavailable, nothing was served."""
    proxy.plays(Fault(kind=kind))
    answer = connect(proxy.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert isinstance(answer, FallbackAnswer)
    assert answer.cause is FallbackCause.UNAVAILABLE
    assert service.seen == []


def test_an_answer_lost_on_the_way_is_fetched_by_the_retry(
    connect: Connect, proxy: FaultProxy, service: Scripted
) -> None:
    """A reset after the service took the order: one retry, same request id, full answer."""

    def lose(request: Any, context: Any) -> Any:
        proxy.reset()
        return decide(request, context)

    service.plays(lose, decide)
    answer = connect(proxy.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert isinstance(answer, DecisionAnswer)
    assert [request.request_id for request in service.seen] == ["req_1", "req_1"]
    assert service.seen[0] == service.seen[1]


def test_answers_lost_twice_lead_to_a_fallback(
    connect: Connect, proxy: FaultProxy, service: Scripted
) -> None:
    """There is exactly one retry, also when the network fails it."""

    def lose(request: Any, context: Any) -> Any:
        proxy.reset()
        return decide(request, context)

    service.plays(lose)
    answer = connect(proxy.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert isinstance(answer, FallbackAnswer)
    assert answer.cause is FallbackCause.UNAVAILABLE
    assert len(service.seen) == 2


def test_the_client_recovers_after_the_network_does(connect: Connect, proxy: FaultProxy) -> None:
    """A client that fell back gives decisions again once its service can be reached."""
    client = connect(proxy.target, ClientOptions(deadline_ms=IMPATIENT_MS))
    proxy.plays(Fault(kind=Kind.HALF_OPEN))
    assert client.score_order(order(), "req_1").is_fallback
    proxy.plays(Fault())
    proxy.reset()
    tries = (client.score_order(order(), "req_1", deadline_ms=PATIENT_MS) for _ in range(100_000))
    assert next(answer for answer in tries if not answer.is_fallback).decision_id == "dec_1"


def test_calls_share_one_connection(connect: Connect, proxy: FaultProxy) -> None:
    """Ten calls of one client open one connection."""
    client = connect(proxy.target)
    for number in range(10):
        assert not client.score_order(order(), f"req_{number}", deadline_ms=PATIENT_MS).is_fallback
    assert proxy.accepted == 1
