"""Promotion actions and real names against the real server with the local stand-in."""

from collections.abc import Iterator
from typing import Any

import grpc
import msgspec
import pytest

from risk_service.domain.evidence import Evidence
from risk_service.pb.risk.v1 import (
    action_pb2,
    event_pb2,
    order_pb2,
    real_name_pb2,
    risk_pb2,
    risk_pb2_grpc,
)
from tests.fixtures.claims import action_request, id_number, subsidy_request, verify_request
from tests.fixtures.limit_texts import with_flash_level
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    score_request,
    start_server,
)

Stub = risk_pb2_grpc.RiskServiceStub
Code = grpc.StatusCode
DRAW = action_pb2.ASSESSED_ACTION_TYPE_DRAW
INVITE = action_pb2.ASSESSED_ACTION_TYPE_INVITE
POINTS = action_pb2.ASSESSED_ACTION_TYPE_POINTS
DOCUMENTS = [Evidence.TRANSACTION_PROOF, Evidence.SHIPPING_DOCUMENTS]
L0, L1, L2, L3 = (order_pb2.VERIFICATION_LEVEL_L0 + n for n in range(4))
VERIFIED = real_name_pb2.REAL_NAME_RESULT_VERIFIED


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server that verifies real names with the stand-in; flash sales ask for L1."""
    directory = tmp_path_factory.mktemp("actions")
    files = copy_files(master_files, directory)
    where = {"RISK_REAL_NAME_PROVIDER": "local", "RISK_LIMITS": str(with_flash_level(directory))}
    with start_server(files, environment=where) as running:
        yield running


def refused(call: Any, request: object) -> Any:
    """Return the error of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10)
    return caught.value


def assessed(
    stub: Stub, request: action_pb2.AssessPromotionActionRequest
) -> risk_pb2.AssessPromotionActionResponse:
    """Return the answer to one action."""
    return stub.AssessPromotionAction(request, timeout=10)


def values_of(stub: Stub, decision: risk_pb2.Decision) -> dict[str, Any]:
    """Return the values that a decision's record keeps."""
    request = risk_pb2.GetDecisionRecordRequest(decision_id=decision.decision_id)
    return dict(
        msgspec.msgpack.decode(stub.GetDecisionRecord(request, timeout=10).record)["values"]
    )


def report(stub: Stub, request: action_pb2.AssessPromotionActionRequest) -> Any:
    """Report an action as the event that says the same; return what became of it."""
    event = event_pb2.ReportedEvent(
        event_id=request.action_id,
        type=event_pb2.EVENT_TYPE_DRAW,
        occurred_at=request.occurred_at,
        action=request.customer.action,
    )
    stream = iter([event_pb2.ReportEventsRequest(events=[event])])
    return stub.ReportEvents(stream, timeout=10).results[0]


def test_an_action_counts_once_whether_assessed_or_reported(stub: Stub) -> None:
    """The windows of the third draw hold the first two, each of them once."""
    first = action_request("draw-1", kind=DRAW, account="acc-draws")
    assert assessed(stub, first).action.counted
    assert report(stub, first).repeated == 1
    second = action_request("draw-2", kind=DRAW, account="acc-draws")
    assert report(stub, second).accepted == 1
    assert not assessed(stub, second).action.counted
    third = assessed(stub, action_request("draw-3", kind=DRAW, account="acc-draws"))
    assert values_of(stub, third.decision)["account__draws_24h"] == 2.0
    assert third.decision.mode == risk_pb2.MODE_FULL


def test_a_repeat_gets_the_stored_answer_and_the_decision_is_found_again(stub: Stub) -> None:
    """Same payload: the same bytes; another: ALREADY_EXISTS; no raw identifier is kept."""
    request = action_request("coupon-1", account="acc-repeat")
    first = assessed(stub, request)
    assert assessed(stub, request) == first
    found = stub.GetDecision(
        risk_pb2.GetDecisionRequest(decision_id=first.decision.decision_id), timeout=10
    )
    assert (found.decision, found.action) == (first.decision, first.action)
    packed = stub.GetDecisionRecord(
        risk_pb2.GetDecisionRecordRequest(request_id="coupon-1"), timeout=10
    ).record
    assert b"acc-repeat" not in packed
    request.customer.action.campaign_id = "other"
    assert refused(stub.AssessPromotionAction, request).code() is Code.ALREADY_EXISTS
    request.request_id = "coupon-2"
    error = refused(stub.AssessPromotionAction, request)
    assert "action id" in error.details()


def test_limits_of_a_person_end_the_draws(stub: Stub) -> None:
    """Draws beyond the shipped limit are refused, naming it; each that passed took one."""
    outcomes = []
    for n in range(60):
        answer = assessed(stub, action_request(f"many-{n}", kind=DRAW, account="acc-many"))
        outcomes.append(answer.decision.outcome)
        if answer.decision.blocking:
            break
    blocked = answer.decision
    assert blocked.outcome >= risk_pb2.OUTCOME_CHALLENGE
    assert any(use.blocking for use in blocked.limit_uses)
    assert blocked.versions.limits
    passed = outcomes.count(risk_pb2.OUTCOME_ALLOW)
    use = next(use for use in blocked.limit_uses if use.blocking)
    assert use.used == passed == use.cap


def test_refused_draw_is_asked_anew_once_the_customer_is_verified(stub: Stub) -> None:
    """A verified person may draw more often: the refusal was of the one who was not."""
    n, blocked = 0, ""
    while not blocked:
        n += 1
        request = action_request(f"tier-{n}", kind=DRAW, account="acc-tier")
        blocked = assessed(stub, request).decision.blocking
    stub.VerifyRealName(verify_request("vr-tier", "acc-tier", number=id_number("777")), timeout=10)
    request.request_id = "tier-verified"
    assert assessed(stub, request).decision.outcome == risk_pb2.OUTCOME_ALLOW
    request.request_id = "tier-repeated"
    assert assessed(stub, request).decision.outcome == risk_pb2.OUTCOME_ALLOW


def test_inviting_oneself_is_seen(stub: Stub) -> None:
    """Account and invited account are one: rules say so, with the value."""
    answer = assessed(stub, action_request("self", kind=INVITE, account="acc-x", related="acc-x"))
    assert answer.decision.outcome >= risk_pb2.OUTCOME_REVIEW
    assert values_of(stub, answer.decision)["self_referral"] is True


def test_two_accounts_on_one_device_are_seen(stub: Stub) -> None:
    """The invited account was seen on the inviter's device: shared device, one cluster."""
    for n, account in enumerate(("acc-inviter", "acc-invited")):
        order = score_request(f"linked-{n}")
        order.order.account.account_id = account
        order.order.device_id = "shared-device"
        order.order.payment_instrument.payment_instrument_id = f"pay-{account}"
        order.order.address.detail = f"世纪大道{n + 200}号8栋1201室"
        stub.ScoreOrder(order, timeout=10)
    request = action_request("linked", kind=INVITE, account="acc-inviter", related="acc-invited")
    values = values_of(stub, assessed(stub, request).decision)
    assert (values["related_same_device"], values["related_same_payment"]) == (True, False)
    assert values["related_in_cluster"] is True


def test_points_are_added_up_exactly(stub: Stub) -> None:
    """Two credits of one account within a day: the second sees both."""
    for n, points in enumerate((300, 500)):
        request = action_request(f"points-{n}", kind=POINTS, account="acc-points")
        request.customer.points = points
        answer = assessed(stub, request)
    assert values_of(stub, answer.decision)["points_24h"] == 800.0


@pytest.mark.parametrize(
    ("seller", "amounts"),
    [("whole", [1_200_000]), ("split", [990_000, 300_000]), ("parts", [300_000] * 4)],
)
def test_a_large_subsidy_is_reviewed_with_documents_whole_or_split(
    stub: Stub, seller: str, amounts: list[int]
) -> None:
    """The claim that carries the seller over the line is looked at, and documents are asked for."""
    answers = [
        assessed(stub, subsidy_request(f"{seller}-{n}", amount_minor=amount, seller=seller))
        for n, amount in enumerate(amounts)
    ]
    last = answers[-1]
    assert last.decision.outcome == risk_pb2.OUTCOME_REVIEW
    assert list(last.action.required) == DOCUMENTS
    assert answers[0].decision.outcome == (
        risk_pb2.OUTCOME_REVIEW if len(amounts) == 1 else risk_pb2.OUTCOME_ALLOW
    )


def test_documents_that_came_are_asked_for_no_more_and_the_claim_counts_once(stub: Stub) -> None:
    """The same claim with its documents: a second decision, still a person's to make."""
    request = subsidy_request("documents", amount_minor=2_000_000, seller="papers")
    assessed(stub, request)
    request.request_id = "documents-2"
    request.seller.transaction_proof_attached = request.seller.shipping_documents_attached = True
    answer = assessed(stub, request)
    assert (answer.decision.number, list(answer.action.required)) == (2, [])
    assert answer.decision.outcome == risk_pb2.OUTCOME_REVIEW
    assert values_of(stub, answer.decision)["claimed_7d_minor"] == 2_000_000.0


BAD_ACTIONS = (
    ("action_id", lambda one: setattr(one, "action_id", "dec_1")),
    ("action_id", lambda one: setattr(one, "action_id", "")),
    ("type", lambda one: setattr(one, "type", 99)),
    ("type", lambda one: setattr(one, "type", 7)),
    ("actor", lambda one: one.ClearField("customer")),
    ("customer.action.account_id", lambda one: one.customer.action.ClearField("account_id")),
    ("customer.action.ip", lambda one: setattr(one.customer.action, "ip", "1.2.3")),
    ("customer.points", lambda one: setattr(one.customer, "points", -1)),
    ("customer.group.overlap_share", lambda one: setattr(one.customer.group, "overlap_share", 2.0)),
    ("occurred_at", lambda one: one.ClearField("occurred_at")),
)


@pytest.mark.parametrize("place", range(len(BAD_ACTIONS)))
def test_bad_input_names_the_field(stub: Stub, place: int) -> None:
    """INVALID_ARGUMENT with the path of the field at fault."""
    field, spoil = BAD_ACTIONS[place]
    request = action_request("bad")
    spoil(request)
    error = refused(stub.AssessPromotionAction, request)
    assert error.code() is Code.INVALID_ARGUMENT
    assert f"{field}:" in error.details()


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
