"""The other calls: batch, stored decisions, challenges; size, violations, identity."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import error_details_pb2, status_pb2

from risk_service import __version__
from risk_service.client import (
    ClientOptions,
    DecisionAnswer,
    FallbackAnswer,
    FieldViolation,
    InvalidRequest,
    OrderRefused,
    RequestTooLarge,
    RiskClient,
)
from risk_service.client.errors import DETAILS_KEY
from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from tests.fixtures.ports import closed_port
from tests.unit.client.scripted import Scripted, answers, decision, fails, order

Connect = Callable[..., Any]

PATIENT = {"deadline_ms": 30_000}


def refuses(code: grpc.StatusCode, details: bytes) -> Callable[..., Any]:
    """Return a behaviour that ends the call with a status and its encoded details."""

    def behave(request: Any, context: grpc.ServicerContext) -> None:
        context.set_trailing_metadata(((DETAILS_KEY, details),))
        context.abort(code, "refused")

    return behave


def bad_request(field: str, chinese: str = "") -> bytes:
    """Return encoded details with one violation."""
    violation = error_details_pb2.BadRequest.FieldViolation(field=field, description="odd")
    if chinese:
        violation.localized_message.message = chinese
    packed = Packed()
    packed.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status_pb2.Status(code=3, message="refused", details=[packed]).SerializeToString()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequest),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, RequestTooLarge),
    ],
)
def test_field_violations_reach_the_caller(
    connect: Connect, service: Scripted, code: grpc.StatusCode, error: type[InvalidRequest]
) -> None:
    """The error names the field; RESOURCE_EXHAUSTED with a field is the caller's fault."""
    service.plays(refuses(code, bad_request("order.lines[3].quantity")))
    with pytest.raises(error, match=r"order\.lines\[3\]\.quantity: odd") as caught:
        connect(service.target).score_order(order(), "req_1", **PATIENT)
    [violation] = caught.value.violations
    assert violation.field == "order.lines[3].quantity"


def test_a_violation_is_said_in_chinese_too(connect: Connect, service: Scripted) -> None:
    """Where the service says the words of a field in both languages, the error has both."""
    service.plays(refuses(grpc.StatusCode.INVALID_ARGUMENT, bad_request("l.toml:3", "不对")))
    with pytest.raises(InvalidRequest) as caught:
        connect(service.target).score_order(order(), "req_1", **PATIENT)
    [violation] = caught.value.violations
    assert (violation.description, violation.description_zh) == ("odd", "不对")


def test_an_error_says_each_violation_once() -> None:
    """What the service's message tells already the client's text does not repeat."""
    told = FieldViolation(field="order.ip", description="must be an IP address")
    more = FieldViolation(field="order.lines", description="must have 1 to 200 elements")
    error = InvalidRequest("order.ip: must be an IP address", (told, more))
    assert str(error) == (
        "order.ip: must be an IP address; order.lines: must have 1 to 200 elements"
    )


def test_damaged_details_do_not_hide_the_status(connect: Connect, service: Scripted) -> None:
    """Details that cannot be decoded leave an error of the right kind without violations."""
    service.plays(refuses(grpc.StatusCode.INVALID_ARGUMENT, b"\xff\xff\xff"))
    with pytest.raises(InvalidRequest) as caught:
        connect(service.target).score_order(order(), "req_1", **PATIENT)
    assert caught.value.violations == ()


def test_what_is_too_large_is_refused_before_it_is_sent(
    connect: Connect, service: Scripted
) -> None:
    """A request over the limit raises and names the size; it does not fall back."""
    client = connect(service.target, ClientOptions(max_request_bytes=1_000))
    with pytest.raises(RequestTooLarge, match="at most 1000"):
        client.score_order(order(order_id="x" * 1_000), "req_1", **PATIENT)
    assert service.seen == []


def result(request_id: str, **fields: Any) -> risk_pb2.BatchScoreOrdersResult:
    """Return one result of a batch."""
    return risk_pb2.BatchScoreOrdersResult(request_id=request_id, **fields)


def test_a_batch_answers_each_order_by_itself(connect: Connect, service: Scripted) -> None:
    """A decision, a refusal and a fallback stand side by side in the order of the requests."""
    violation = risk_pb2.FieldViolation(field="order.order_id", description="empty")
    refused = risk_pb2.OrderError(code=3, message="no", field_violations=[violation])
    unavailable = risk_pb2.OrderError(code=14, message="disk")
    results = [
        result("a", decision=decision()),
        result("b", error=refused),
        result("c", error=unavailable),
        result("d", decision=risk_pb2.Decision()),
        result("e"),
        result("f", error=risk_pb2.OrderError(code=77)),
    ]
    service.plays(answers(risk_pb2.BatchScoreOrdersResponse(results=results)))
    requests = [(name, order()) for name in "abcdef"]
    got = connect(service.target).score_batch(requests, **PATIENT)
    assert [type(answer) for answer in got] == [
        DecisionAnswer,
        OrderRefused,
        FallbackAnswer,
        FallbackAnswer,
        FallbackAnswer,
        FallbackAnswer,
    ]
    assert isinstance(got[1].error, InvalidRequest)
    assert got[1].error.violations[0].field == "order.order_id"


@pytest.mark.parametrize("ids", [[], ["b", "a"], ["a"], ["a", "b", "c"]])
def test_a_batch_with_foreign_results_is_not_believed(
    connect: Connect, service: Scripted, ids: list[str]
) -> None:
    """Results that are missing, too many or out of order give fallbacks, not decisions."""
    results = [result(request_id, decision=decision()) for request_id in ids]
    service.plays(answers(risk_pb2.BatchScoreOrdersResponse(results=results)))
    got = connect(service.target).score_batch([("a", order()), ("b", order())], **PATIENT)
    assert [answer.is_fallback for answer in got] == [True, True]
    assert [answer.request_id for answer in got] == ["a", "b"]


def test_a_batch_may_have_a_large_answer(connect: Connect, service: Scripted) -> None:
    """What 500 orders of limited items are told is past gRPC's 4 MiB, and comes as decisions."""
    hits = [risk_pb2.RuleHit(rule_id="r" * 9_000)]
    told = [
        result(str(n), decision=decision(request_id=str(n), rule_hits=hits)) for n in range(500)
    ]
    response = risk_pb2.BatchScoreOrdersResponse(results=told)
    assert response.ByteSize() > 4 * 1024 * 1024
    service.plays(answers(response))
    requests = [(str(n), order()) for n in range(500)]
    got = connect(service.target).score_batch(requests, **PATIENT)
    assert {type(one) for one in got} == {DecisionAnswer}


def test_a_batch_without_service_falls_back_order_by_order(
    connect: Connect, service: Scripted
) -> None:
    """Each order of a batch gets its own fallback when the call fails."""
    service.plays(fails(grpc.StatusCode.UNAVAILABLE))
    flash = order(order_pb2.PROMOTION_TYPE_FLASH_SALE)
    got = connect(service.target).score_batch([("a", order()), ("b", flash)], **PATIENT)
    assert [answer.outcome.name for answer in got] == ["ALLOW", "REVIEW"]


@pytest.mark.parametrize("key", ["decision_id", "request_id", "order_id"])
def test_a_stored_decision_is_fetched_by_one_key(
    connect: Connect, service: Scripted, key: str
) -> None:
    """Each key reaches the service as itself."""
    service.plays(answers(risk_pb2.GetDecisionResponse(decision=decision())))
    assert connect(service.target).get_decision(**{key: "k"}, **PATIENT).decision_id == "dec_1"
    assert service.seen[0].WhichOneof("key") == key


@pytest.mark.parametrize("keys", [{}, {"decision_id": "a", "order_id": "b"}])
def test_none_or_two_keys_are_refused(
    connect: Connect, service: Scripted, keys: dict[str, str]
) -> None:
    """A look-up needs exactly one key."""
    with pytest.raises(ValueError, match="exactly one"):
        connect(service.target).get_decision(**keys)


@pytest.mark.parametrize(
    ("passed", "sent"),
    [(True, risk_pb2.CHALLENGE_RESULT_PASSED), (False, risk_pb2.CHALLENGE_RESULT_FAILED)],
)
def test_a_challenge_is_reported_with_its_result(
    connect: Connect, service: Scripted, passed: bool, sent: int
) -> None:
    """Passed and failed are told apart, and the new verification level is sent."""
    service.plays(answers(risk_pb2.CompleteChallengeResponse(decision=decision(number=2))))
    answer = connect(service.target).complete_challenge(
        "ch_1", "req_2", passed=passed, verification_level=3, **PATIENT
    )
    assert answer.number == 2
    [request] = service.seen
    assert (request.challenge_id, request.request_id) == ("ch_1", "req_2")
    assert (request.result, request.verification_level) == (sent, 3)


def test_the_service_can_tell_who_calls(connect: Connect, service: Scripted) -> None:
    """The user agent starts with the client's name and version."""
    connect(service.target).score_order(order(), "req_1", **PATIENT)
    assert service.metadata[0]["user-agent"].startswith(f"promoguard-client/{__version__} ")


def test_a_context_closes_the_client(service: Scripted) -> None:
    """After the block the client takes no more calls."""
    with RiskClient(service.target) as client:
        assert not client.score_order(order(), "req_1", **PATIENT).is_fallback
    with pytest.raises(ValueError, match="closed"):
        client.score_order(order(), "req_2", **PATIENT)


def test_no_proxy_is_asked_for_this_machine(
    connect: Connect, service: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reaches the network by a proxy runs the demo as anyone else."""
    with closed_port() as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        client = connect(service.target, ClientOptions(**PATIENT))
        assert isinstance(client.score_order(order(), "r"), DecisionAnswer)
