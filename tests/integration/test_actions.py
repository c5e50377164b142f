"""Promotion actions against the real server."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from risk_service.domain.evidence import Evidence
from risk_service.pb.risk.v1 import action_pb2, event_pb2, order_pb2, real_name_pb2, risk_pb2
from tests.fixtures.asking import refused
from tests.fixtures.claims import action_request, id_number, subsidy_request, verify_request
from tests.fixtures.events import life, messages
from tests.fixtures.service import RunningServer, ServiceFiles, score_request
from tests.fixtures.verifying import INVITE, Stub, assessed, values_of, verifying_server

Code = grpc.StatusCode
DRAW = action_pb2.ASSESSED_ACTION_TYPE_DRAW
POINTS = action_pb2.ASSESSED_ACTION_TYPE_POINTS
DOCUMENTS = [Evidence.TRANSACTION_PROOF, Evidence.SHIPPING_DOCUMENTS]
VERIFIED = real_name_pb2.REAL_NAME_RESULT_VERIFIED


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server that verifies real names; flash sales ask for L1."""
    with verifying_server(master_files, tmp_path_factory.mktemp("actions")) as running:
        yield running


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
    assert [(cause.step, cause.ref) for cause in blocked.causes] == [("limit", "lucky-draw-day")]
    (reason,) = blocked.reasons
    told = f"Limit reached: lucky-draw-day (account has used {use.used} of {use.cap} draws)."
    assert (reason.code, reason.analyst_text.en) == ("ACTION_LIMIT_REACHED", told)


def test_refused_draw_is_asked_anew_once_the_customer_is_verified(stub: Stub) -> None:
    """A verified person may draw more often: the refusal was of the one who was not."""
    for n in range(60):
        request = action_request(f"tier-{n}", kind=DRAW, account="acc-tier")
        if blocked := assessed(stub, request).decision.blocking:
            break
    assert blocked
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


def test_what_the_invited_account_did_is_told_of_it_alone(stub: Stub) -> None:
    """It paid, not the inviter; they never met. Of points, which no window counts, too."""
    for n, account in enumerate(("acc-host", "acc-guest")):
        order = score_request(f"apart-{n}")
        order.order.account.account_id = account
        order.order.device_id = f"device-of-{account}"
        order.order.payment_instrument.payment_instrument_id = f"pay-{account}"
        order.order.address.detail = f"南京西路{n + 900}号3栋501室"
        order.order.recipient.phone = f"1390013900{n}"
        stub.ScoreOrder(order, timeout=10)
    stub.ReportEvents(messages([life("apart-paid", "o-apart-1")]), timeout=10)
    asked = action_request("to-guest", kind=INVITE, account="acc-host", related="acc-guest")
    values = values_of(stub, assessed(stub, asked).decision)
    assert values["related_first_order_paid"] is True
    assert (values["related_in_cluster"], values["related_same_device"]) == (False, False)
    asked = action_request("to-host", kind=INVITE, account="acc-guest", related="acc-host")
    assert values_of(stub, assessed(stub, asked).decision)["related_first_order_paid"] is False
    asked = action_request("points-guest", kind=POINTS, account="acc-guest")
    assert values_of(stub, assessed(stub, asked).decision)["account__paid_30d"] == 1.0


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


def test_an_advertising_rebate_is_no_split_claim(stub: Stub) -> None:
    """Rebates have a line and sums of their own, and below it they hold up nothing."""
    ads = action_pb2.SUBSIDY_KIND_ADVERTISING
    requests = [
        subsidy_request("ads-0", amount_minor=4_000_000, seller="brand", kind=ads),
        subsidy_request("ads-1", amount_minor=200_000, seller="brand"),
        subsidy_request("ads-2", amount_minor=1_500_000, seller="brand", kind=ads),
    ]
    answers = [assessed(stub, request) for request in requests]
    assert [one.decision.outcome for one in answers] == [
        risk_pb2.OUTCOME_ALLOW,
        risk_pb2.OUTCOME_ALLOW,
        risk_pb2.OUTCOME_REVIEW,
    ]
    assert {cause.ref for cause in answers[2].decision.causes} == {"subsidy_advertising_rebate"}


def other_kind(claim: Any) -> None:
    """Call a claim for sales an advertising rebate."""
    claim.kind = action_pb2.SUBSIDY_KIND_ADVERTISING


def other_currency(claim: Any) -> None:
    """Claim in another currency."""
    claim.currency_code = "JPY"


def other_amount(claim: Any) -> None:
    """Claim almost nothing."""
    claim.amount_minor = 1


@pytest.mark.parametrize("first", [other_kind, other_currency, other_amount])
def test_a_claim_changed_under_its_id_does_not_slip_past_the_sum(stub: Stub, first: Any) -> None:
    """Another amount, kind or currency under a claim's id would be in no sum: it is refused."""
    for n in range(2):
        name = f"{first.__name__}-{n}"
        before = subsidy_request(name, amount_minor=900_000, seller=first.__name__)
        first(before.seller)
        assessed(stub, before)
        after = subsidy_request(f"{name}-x", amount_minor=900_000, seller=first.__name__)
        after.action_id = before.action_id
        error = refused(stub.AssessPromotionAction, after)
        assert error.code() is Code.ALREADY_EXISTS
        assert "action id" in error.details()


def test_points_changed_under_their_id_are_refused(stub: Stub) -> None:
    """Points are added up at the first decision: more of them need an action of their own."""
    request = action_request("more-points", kind=POINTS, account="acc-more-points")
    request.customer.points = 1
    assessed(stub, request)
    request.request_id, request.customer.points = "more-points-2", 100_000
    assert refused(stub.AssessPromotionAction, request).code() is Code.ALREADY_EXISTS


def test_points_beside_another_action_do_not_make_it_another(stub: Stub) -> None:
    """Only of points are they counted: a draw may come again with a balance that has changed."""
    request = action_request("beside", kind=DRAW, account="acc-beside")
    request.customer.points = 100
    assessed(stub, request)
    request.request_id, request.customer.points = "beside-2", 90
    assert assessed(stub, request).decision.number == 2


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


def redeeming(name: str, account: str) -> risk_pb2.ScoreOrderRequest:
    """Return the order of somebody who redeems a coupon, and shares nothing with others."""
    request = score_request(name)
    order = request.order
    order.account.account_id, order.device_id = account, f"device-of-{account}"
    order.payment_instrument.payment_instrument_id = f"pay-{account}"
    order.recipient.phone, order.address.detail = "13900139001", "中山路7号1栋101室"
    order.discounts.add(
        coupon_id="ten-off", promotion_type=order_pb2.PROMOTION_TYPE_COUPON, amount_minor=1000
    )
    order.totals.discount_minor = 1000
    order.totals.payable_minor -= 1000
    return request


def test_claimed_coupons_can_be_redeemed(stub: Stub) -> None:
    """Each step has a count of its own; the eleventh claim asks for a verification and passes."""
    for n in range(11):
        claimed = assessed(stub, action_request(f"collect-{n}", account="acc-collects"))
        first = risk_pb2.OUTCOME_ALLOW if n < 10 else risk_pb2.OUTCOME_CHALLENGE
        assert claimed.decision.outcome == first
    assert claimed.decision.blocking == "account"
    # Whoever may go on after a verification is not told that there is no more.
    (reason,) = claimed.decision.reasons
    assert reason.code == "ACTION_LIMIT_TO_VERIFY"
    assert reason.customer_text.zh == "请完成验证后继续参与。"
    done = stub.CompleteChallenge(
        risk_pb2.CompleteChallengeRequest(
            request_id="collect-passed",
            challenge_id=claimed.decision.challenge.challenge_id,
            result=risk_pb2.CHALLENGE_RESULT_PASSED,
        ),
        timeout=10,
    )
    assert done.decision.outcome == risk_pb2.OUTCOME_ALLOW
    bought = stub.ScoreOrder(redeeming("redeems", "acc-collects"), timeout=10).decision
    assert bought.outcome == risk_pb2.OUTCOME_ALLOW
    used = {use.policy_id: use.used for use in bought.limit_uses if use.subject == "account"}
    assert used == {"coupon-redemptions": 0, "coupon-money": 0}
