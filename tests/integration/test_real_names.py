"""Real names against the real server with the local stand-in."""

from collections.abc import Iterator
from urllib.request import urlopen

import grpc
import msgspec
import pytest

from risk_service.client import TooManyAttempts
from risk_service.client.errors import from_call
from risk_service.domain.evidence import Evidence
from risk_service.pb.risk.v1 import (
    event_pb2,
    limits_pb2,
    limits_pb2_grpc,
    order_pb2,
    real_name_pb2,
    risk_pb2,
)
from tests.fixtures.asking import refused
from tests.fixtures.claims import action_request, id_number, verify_request
from tests.fixtures.ports import free_ports
from tests.fixtures.service import RunningServer, ServiceFiles, score_request
from tests.fixtures.verifying import (
    INVITE,
    L0,
    L1,
    L2,
    L3,
    Stub,
    assessed,
    values_of,
    verifying_server,
)

Code = grpc.StatusCode
MISMATCH = real_name_pb2.REAL_NAME_RESULT_MISMATCH
VERIFIED = real_name_pb2.REAL_NAME_RESULT_VERIFIED


@pytest.fixture(scope="module")
def metrics_port() -> int:
    """Return the port on which the server shows its metrics."""
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory, metrics_port: int
) -> Iterator[RunningServer]:
    """Return a server that verifies real names; flash sales ask for L1."""
    directory = tmp_path_factory.mktemp("real-names")
    arguments = ["--metrics-port", str(metrics_port)]
    with verifying_server(master_files, directory, arguments) as running:
        yield running


def test_a_verified_level_is_used_by_orders_that_name_a_lower_one(stub: Stub) -> None:
    """The order says L1; after the verification its record says L3 and has the real name."""
    answer = stub.VerifyRealName(
        verify_request("vr-1", "acc-v", number=id_number(), face="face-ok", phone=1), timeout=10
    )
    assert (answer.result, answer.level) == (VERIFIED, L3)
    assert "stand-in" in answer.provider
    order = score_request("verified")
    order.order.account.account_id = "acc-v"
    decision = stub.ScoreOrder(order, timeout=10).decision
    packed = stub.GetDecisionRecord(
        risk_pb2.GetDecisionRecordRequest(decision_id=decision.decision_id), timeout=10
    ).record
    stored = msgspec.msgpack.decode(packed)["order"]
    assert stored["verification_level"] == L3
    assert stored["tokens"]["real_name"]
    assert id_number().encode() not in packed


def test_an_orders_unmet_level_stays_a_challenge_until_it_is_verified(stub: Stub) -> None:
    """Flash sales ask for L1: saying "passed" is not enough, VerifyRealName and passing is."""
    request = score_request("flash")
    order = request.order
    order.account.account_id = order.device_id = "acc-flash"
    order.payment_instrument.payment_instrument_id = "pay-flash"
    order.verification_level = L0
    order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
    first = stub.ScoreOrder(request, timeout=10).decision
    assert first.outcome == risk_pb2.OUTCOME_CHALLENGE
    assert (first.required_level, first.challenge.kind) == (L1, risk_pb2.CHALLENGE_KIND_REAL_NAME)
    second = completed(stub, "flash-2", first.challenge.challenge_id)
    assert (second.outcome, second.required_level) == (risk_pb2.OUTCOME_CHALLENGE, L1)
    stub.VerifyRealName(verify_request("vr-flash", "acc-flash", phone=1), timeout=10)
    third = completed(stub, "flash-3", second.challenge.challenge_id)
    assert (third.number, third.outcome) == (3, risk_pb2.OUTCOME_ALLOW)


def completed(stub: Stub, request_id: str, challenge_id: str) -> risk_pb2.Decision:
    """Report a challenge as passed, without a level, and return the next decision."""
    completion = risk_pb2.CompleteChallengeRequest(
        request_id=request_id,
        challenge_id=challenge_id,
        result=risk_pb2.CHALLENGE_RESULT_PASSED,
    )
    return stub.CompleteChallenge(completion, timeout=10).decision


def test_a_challenge_for_the_real_name_is_met_by_verifying(stub: Stub) -> None:
    """CHALLENGE stays while the provider is down; verified and completed, the action may pass."""
    challenge = challenged(stub, "acc-ch")
    down = stub.VerifyRealName(
        verify_request("vr-down", "acc-ch", number=id_number("998")), timeout=10
    )
    assert down.result == real_name_pb2.REAL_NAME_RESULT_PROVIDER_UNAVAILABLE
    assert down.level == L0
    assert (
        stub.VerifyRealName(
            verify_request("vr-up", "acc-ch", number=id_number("003")), timeout=10
        ).level
        == L2
    )
    completion = risk_pb2.CompleteChallengeRequest(
        request_id="completed",
        challenge_id=challenge,
        result=risk_pb2.CHALLENGE_RESULT_PASSED,
    )
    done = stub.CompleteChallenge(completion, timeout=10)
    assert (done.decision.number, done.action.action_id) == (2, "a-challenged")
    assert done.decision.outcome != risk_pb2.OUTCOME_CHALLENGE
    assert values_of(stub, done.decision)["verified_level"] == 2.0
    assert stub.CompleteChallenge(completion, timeout=10) == done
    completion.request_id = "completed-again"
    error = refused(stub.CompleteChallenge, completion)
    assert error.code() is Code.FAILED_PRECONDITION


def challenged(stub: Stub, account: str) -> str:
    """Let an account invite so many that it is challenged; return the challenge."""
    for n in range(10):
        request = action_request(f"fan-{n}", kind=INVITE, account=account, related=f"acc-fan-{n}")
        assessed(stub, request)
    order = score_request("paid")
    order.order.account.account_id, order.order.device_id = "acc-paid", "device-paid"
    stub.ScoreOrder(order, timeout=10)
    paid = event_pb2.ReportedEvent(
        event_id="paid",
        type=event_pb2.EVENT_TYPE_PAID,
        occurred_at=order.order.ordered_at,
        order_id=order.order.order_id,
    )
    stub.ReportEvents(iter([event_pb2.ReportEventsRequest(events=[paid])]), timeout=10)
    request = action_request("challenged", kind=INVITE, account=account, related="acc-paid")
    answer = assessed(stub, request)
    assert answer.decision.outcome == risk_pb2.OUTCOME_CHALLENGE
    assert list(answer.action.required) == [Evidence.REAL_NAME]
    assert answer.decision.challenge.kind == risk_pb2.CHALLENGE_KIND_REAL_NAME
    return answer.decision.challenge.challenge_id


def test_one_real_name_on_too_many_accounts_is_refused(stub: Stub) -> None:
    """The fourth account of one person is told so, and a repeat gets the same answer."""
    number = id_number("005")
    answers = [
        stub.VerifyRealName(verify_request(f"same-{n}", f"acc-same-{n}", number=number), timeout=10)
        for n in range(4)
    ]
    too_many = real_name_pb2.REAL_NAME_RESULT_TOO_MANY_ACCOUNTS
    assert [one.result for one in answers] == [VERIFIED] * 3 + [too_many]
    assert [one.accounts_of_real_name for one in answers] == [1, 2, 3, 4]
    again = verify_request("same-0", "acc-same-0", number=number)
    assert stub.VerifyRealName(again, timeout=10) == answers[0]
    again.account_id = "acc-else"
    assert refused(stub.VerifyRealName, again).code() is Code.ALREADY_EXISTS


BAD_NAMES = (
    ("real_name_id", {"number": "310101199003070021"}),
    ("real_name_id", {"number": "3101011990030700"}),
    ("real_name_id", {"number": "310101********002X"}),
    ("phone_code_result", {}),
    ("face_token", {"face": "token", "phone": 1}),
)


@pytest.mark.parametrize("place", range(len(BAD_NAMES)))
def test_a_wrong_number_is_named_and_never_repeated(stub: Stub, place: int) -> None:
    """A check digit that is wrong, a masked number, parts that do not belong together."""
    field, parts = BAD_NAMES[place]
    request = verify_request("bad-name", "acc-bad", **parts)  # type: ignore[arg-type]  # text and number
    if parts.get("number") == id_number():
        pytest.skip("the number happens to be right")
    error = refused(stub.VerifyRealName, request)
    assert error.code() is Code.INVALID_ARGUMENT
    assert f"{field}:" in error.details()
    assert str(parts.get("number", "\0")) not in error.details()


def test_a_wrong_name_and_a_silent_provider_verify_nobody(stub: Stub) -> None:
    """Mismatch and silence both leave the account where it was."""
    wrong = stub.VerifyRealName(
        verify_request("wrong", "acc-no", number=id_number("999")), timeout=10
    )
    assert (wrong.result, wrong.level) == (real_name_pb2.REAL_NAME_RESULT_MISMATCH, L0)
    silent = stub.VerifyRealName(
        verify_request("silent", "acc-no", number=id_number("997")), timeout=10
    )
    assert silent.result == real_name_pb2.REAL_NAME_RESULT_PROVIDER_UNAVAILABLE


def test_guessing_ends_after_so_many_attempts(stub: Stub, metrics_port: int) -> None:
    """Many calls at once get five answers; a repeated one gets its own, the phone goes on.

    A provider that is down costs no attempt.
    """
    number = id_number("999", "19850307")
    for n in range(6):
        down = verify_request(f"down-{n}", "acc-guess", number=id_number("998"))
        stub.VerifyRealName(down, timeout=10)
    guesses = [verify_request(f"guess-{n}", "acc-guess", number=number) for n in range(9)]
    calls = [stub.VerifyRealName.future(guess, timeout=10) for guess in guesses]
    ends = [pair for pair in zip(guesses, calls, strict=True) if not pair[1].exception()]
    assert len(ends) == 5
    assert {call.result().result for _, call in ends} == {MISMATCH}
    error = refused(stub.VerifyRealName, verify_request("guess-9", "acc-guess", number=id_number()))
    assert (error.code(), "account_id: " in error.details()) == (Code.RESOURCE_EXHAUSTED, True)
    told = from_call(error)
    assert isinstance(told, TooManyAttempts)
    assert 86_000 < told.retry_after_s <= 86_400
    assert "24 小时" in told.customer_texts["zh-CN"]
    assert number not in error.details()
    again, call = ends[0]
    assert stub.VerifyRealName(again, timeout=10) == call.result()
    phone = stub.VerifyRealName(verify_request("guess-phone", "acc-guess", phone=1), timeout=10)
    assert phone.level == L1
    with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    assert 'risk_real_name_attempts_refused_total{field="account_id"} 5.0' in text


def test_one_request_id_asks_about_one_payload_at_a_time(stub: Stub) -> None:
    """Of several payloads under one id only one could be stored: the provider hears of one."""
    tries = [
        verify_request("one-id", "acc-one-id", number=id_number("997", f"198503{day:02}"))
        for day in (7, 8, 9)
    ]
    tries.append(verify_request("one-id", "acc-one-id", phone=1))
    calls = [stub.VerifyRealName.future(one, timeout=10) for one in tries]
    errors = [error for call in calls if (error := call.exception()) is not None]
    assert [error.code() for error in errors] == [Code.ALREADY_EXISTS] * 3


def test_names_and_numbers_never_reach_the_disk_or_the_log(
    stub: Stub, server: RunningServer
) -> None:
    """No file of the service holds what was verified, in whatever form it was sent."""
    number = id_number("007")
    stub.VerifyRealName(verify_request("disk", "acc-disk-raw", number=number), timeout=10)
    for path in server.log.parent.rglob("*"):
        if path.is_file() and path.suffix != ".key":
            content = path.read_bytes()
            assert number.encode() not in content, path
            assert b"acc-disk-raw" not in content, path


def reserved(channel: grpc.Channel, order_id: str, account: str) -> limits_pb2.ReserveResponse:
    """Reserve two units of a flash sale for an account that says nothing of its level."""
    request = limits_pb2.ReserveRequest(ttl_s=600, partial=True)
    request.demand.reservation_id, request.demand.drop_id = order_id, "drop-of-one"
    request.demand.subjects.account_id = account
    request.demand.lines.add(
        sku="one-person",
        quantity=2,
        unit_price_minor=100,
        seller_id="seller-1",
        promotion_type=order_pb2.PROMOTION_TYPE_FLASH_SALE,
    )
    return limits_pb2_grpc.LimitServiceStub(channel).Reserve(request, timeout=10)


def test_reservations_step_by_step_know_whose_an_account_is(
    stub: Stub, channel: grpc.Channel
) -> None:
    """The level that was missing is there after the verification; one person gets two units."""
    number = id_number("456")
    before = reserved(channel, "step-1", "acc-step-1").grant
    assert (before.outcome, before.required_level) == (risk_pb2.OUTCOME_CHALLENGE, L1)
    for account in ("acc-step-1", "acc-step-2"):
        stub.VerifyRealName(verify_request(f"vr-{account}", account, number=number), timeout=10)
    after = reserved(channel, "step-1", "acc-step-1")
    assert after.grant.outcome == risk_pb2.OUTCOME_ALLOW
    assert reserved(channel, "step-1", "acc-step-1") == after
    other = reserved(channel, "step-2", "acc-step-2").grant
    assert other.outcome == risk_pb2.OUTCOME_DENY
    blocking = [(use.policy_id, use.subject) for use in other.uses if use.blocking]
    assert blocking == [("flash-sale-person", "real_name")]
