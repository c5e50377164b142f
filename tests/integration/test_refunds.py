"""Claims for refunds against the real server."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import grpc
import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.cli.explain import explain
from risk_service.domain.evidence import Evidence
from risk_service.features.schema import load_schema
from risk_service.pb.risk.v1 import event_pb2, refund_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.asking import ordered, refused
from tests.fixtures.claims import claim_request, now, reduced_order
from tests.fixtures.service import RunningServer, ServiceFiles, score_request, start_server

Stub = risk_pb2_grpc.RiskServiceStub
Code = grpc.StatusCode
REQUESTED = event_pb2.EVENT_TYPE_REFUND_REQUESTED


@cache
def moment() -> Timestamp:
    """Return one time for all events, so that an event can be sent again."""
    return now()


def reported(
    stub: Stub, order_id: str, kind: int, event_id: str, **changes: Any
) -> event_pb2.EventBatchResult:
    """Report one event of an order's life and return what became of it."""
    event = event_pb2.ReportedEvent(event_id=event_id, order_id=order_id, **changes)
    event.type = kind  # type: ignore[assignment]  # a number on the wire
    event.occurred_at.CopyFrom(moment())
    stream: Iterator[event_pb2.ReportEventsRequest] = iter(
        [event_pb2.ReportEventsRequest(events=[event])]
    )
    return stub.ReportEvents(stream, timeout=10).results[0]


def split_claim(order_id: str, request_id: str) -> refund_pb2.ScoreRefundRequest:
    """Return a claim that drops the reduced order below its threshold."""
    request = claim_request(request_id, order_id, amount_minor=10_000)
    request.claim.lines.add(sku="sku-1", quantity=1)
    request.claim.spend_and_save_threshold_minor = 30_000
    return request


def test_a_partial_refund_below_the_threshold_is_worked_out_again_and_reviewed(stub: Stub) -> None:
    """290.00 paid for 350.00 less 60.00: one unit of 100.00 comes to 40.00, and a person looks."""
    order_id = ordered(stub, reduced_order("split"))
    answer = stub.ScoreRefund(split_claim(order_id, "split-claim"), timeout=10)
    assert answer.decision.outcome == risk_pb2.OUTCOME_REVIEW
    assert "REFUND_BELOW_THRESHOLD" in [one.code for one in answer.decision.reasons]
    refund = answer.refund
    assert (refund.is_partial, refund.below_threshold, refund.recalculated_minor) == (
        True,
        True,
        4_000,
    )
    assert (answer.decision.order_id, answer.decision.number, refund.counted) == (order_id, 1, True)
    versions = answer.decision.versions
    assert all((versions.bundle_sha256, versions.rules, versions.lists, versions.policy))
    assert [score.abuse for score in answer.decision.scores] == [risk_pb2.ABUSE_REFUND]


def test_a_repeat_gets_the_stored_answer_and_the_decision_is_found_again(stub: Stub) -> None:
    """Same id and payload: the same bytes; another payload: ALREADY_EXISTS; GetDecision has it."""
    order_id = ordered(stub, score_request("again"))
    request = claim_request("again-claim", order_id)
    first = stub.ScoreRefund(request, timeout=10)
    assert stub.ScoreRefund(request, timeout=10) == first
    for key in ({"decision_id": first.decision.decision_id}, {"request_id": "again-claim"}):
        found = stub.GetDecision(risk_pb2.GetDecisionRequest(**key), timeout=10)
        assert (found.decision, found.refund) == (first.decision, first.refund)
    # The order's own decision is still the one found by order id.
    by_order = stub.GetDecision(risk_pb2.GetDecisionRequest(order_id=order_id), timeout=10)
    assert by_order.decision.request_id == "again"
    record = stub.GetDecisionRecord(
        risk_pb2.GetDecisionRecordRequest(decision_id=first.decision.decision_id), timeout=10
    ).record
    assert b"claim_minor" in record
    assert b"acc-1" not in record
    request.claim.amount_minor += 1
    assert refused(stub.ScoreRefund, request).code() is Code.ALREADY_EXISTS
    # An id that answered an order answers no claim.
    taken = claim_request("again", order_id, claim_id="c-2")
    assert refused(stub.ScoreRefund, taken).code() is Code.ALREADY_EXISTS


def test_money_back_for_what_was_never_paid_is_looked_at(stub: Stub) -> None:
    """An order refused or cancelled unpaid goes to a person; one that was paid is refunded."""
    denied = ordered(stub, score_request("refused", units=60))
    cancelled = ordered(stub, score_request("cancelled"))
    reported(stub, cancelled, event_pb2.EVENT_TYPE_CANCELLED, "unpaid-cancel")
    paid = ordered(stub, score_request("paid"))
    reported(stub, paid, event_pb2.EVENT_TYPE_PAID, "paid-paid")
    reported(stub, paid, event_pb2.EVENT_TYPE_CANCELLED, "paid-cancel")
    claims = {
        order_id: claim_request(f"m-{order_id}", order_id) for order_id in (denied, cancelled)
    }
    for claim in claims.values():
        decision = stub.ScoreRefund(claim, timeout=10).decision
        assert decision.outcome == risk_pb2.OUTCOME_REVIEW
        assert "return_of_unpaid_order" in [cause.ref for cause in decision.causes]
    decision = stub.ScoreRefund(claim_request("m-paid", paid), timeout=10).decision
    assert "return_of_unpaid_order" not in [hit.rule_id for hit in decision.rule_hits]


def test_a_claim_is_decided_again_when_evidence_comes_and_counts_once(stub: Stub) -> None:
    """What is asked for is named; handed in under a new request id it is asked no more."""
    order_id = ordered(stub, score_request("proof", units=60))
    request = claim_request("proof-1", order_id, reason=event_pb2.EVENT_REASON_EMPTY_PARCEL)
    request.claim.amount_minor = 60 * 1999 + 500
    first = stub.ScoreRefund(request, timeout=10)
    assert first.decision.outcome == risk_pb2.OUTCOME_REVIEW
    assert list(first.refund.required) == [Evidence.PHOTOS, Evidence.WEIGHT]
    request.request_id = "proof-2"
    request.claim.photos_attached, request.claim.weight_ratio = True, 0.1
    second = stub.ScoreRefund(request, timeout=10)
    assert (second.decision.number, second.refund.counted) == (2, False)
    assert not second.refund.required


def test_a_claim_on_an_order_that_was_never_scored_names_it(stub: Stub) -> None:
    """NOT_FOUND, with the order."""
    error = refused(stub.ScoreRefund, claim_request("nobody", "o-nobody"))
    assert error.code() is Code.NOT_FOUND
    assert "o-nobody" in error.details()


def test_a_claim_sees_the_orders_life_and_counts_in_the_windows_once(stub: Stub) -> None:
    """Delivered is seen; the claim shows in the next claim's windows; its report adds nothing."""
    account = "acc-life"
    requests = [score_request(f"life-{n}") for n in range(2)]
    for request in requests:
        request.order.account.account_id = account
    first, second = [ordered(stub, request) for request in requests]
    assert reported(stub, first, event_pb2.EVENT_TYPE_DELIVERED, "life-delivered").accepted == 1
    values = claim_values(stub, claim_request("life-c1", first))
    assert values["delivered"] is True
    assert values["claims_on_order"] == 1.0
    # Named, and nameless: both are this very claim.
    assert reported(stub, first, REQUESTED, "life-e1", claim_id="c-1").repeated == 1
    assert reported(stub, first, REQUESTED, "life-e1", claim_id="c-1").repeated == 1
    assert reported(stub, first, REQUESTED, "life-e2").accepted == 1  # another claim of the order
    vector = claim_vector(stub, claim_request("life-c2", second))
    assert vector["account__refund_requests_30d"] == 2.0


def test_a_claim_reported_before_it_is_scored_counts_by_the_report(stub: Stub) -> None:
    """The decision says that it does not count."""
    order_id = ordered(stub, score_request("early"))
    assert reported(stub, order_id, REQUESTED, "early-e", claim_id="c-1").accepted == 1
    assert not stub.ScoreRefund(claim_request("early-c", order_id), timeout=10).refund.counted


def claim_values(stub: Stub, request: refund_pb2.ScoreRefundRequest) -> dict[str, Any]:
    """Decide a claim and return the values that its record keeps."""
    return dict(claim_record(stub, request)["values"])


def claim_vector(stub: Stub, request: refund_pb2.ScoreRefundRequest) -> dict[str, float]:
    """Decide a claim and return its model inputs by name."""
    vector = np.frombuffer(claim_record(stub, request)["vector"], np.float64)
    return dict(zip(load_schema().names, vector.tolist(), strict=True))


def claim_record(stub: Stub, request: refund_pb2.ScoreRefundRequest) -> dict[str, Any]:
    """Decide a claim and return its record."""
    decision_id = stub.ScoreRefund(request, timeout=10).decision.decision_id
    packed = stub.GetDecisionRecord(
        risk_pb2.GetDecisionRecordRequest(decision_id=decision_id), timeout=10
    ).record
    return dict(msgspec.msgpack.decode(packed))


def test_a_claim_outlives_a_kill_and_counts_once_afterwards(files: ServiceFiles) -> None:
    """Answered, killed, started again: the answer is found, and windows have the claim once."""
    with start_server(files) as server, connected(server) as stub:
        for n in range(2):
            ordered(stub, score_request(f"kill-{n}"))
        request = claim_request("kill-claim", "o-kill-0")
        answer = stub.ScoreRefund(request, timeout=10)
        server.process.kill()
        server.process.wait()
    with start_server(files) as server, connected(server) as stub:
        assert stub.ScoreRefund(request, timeout=10) == answer
        assert reported(stub, "o-kill-0", REQUESTED, "kill-e").repeated == 1
        vector = claim_vector(stub, claim_request("kill-c2", "o-kill-1"))
        assert vector["account__refund_requests_30d"] == 1.0


@contextmanager
def connected(server: RunningServer) -> Iterator[Stub]:
    """Give a client of a server that has just started."""
    with grpc.insecure_channel(server.address) as channel:
        yield risk_pb2_grpc.RiskServiceStub(channel)


def test_many_claims_at_once_are_each_answered(stub: Stub) -> None:
    """Gathered into groups, every claim gets its own decision, numbered by claim."""
    order_id = ordered(stub, score_request("crowd", units=8))
    requests = [
        claim_request(f"crowd-{n}", order_id, claim_id=f"c-{n % 4}", amount_minor=100)
        for n in range(24)
    ]
    pending = [stub.ScoreRefund.future(request, timeout=20) for request in requests]
    answers = [one.result() for one in pending]
    assert [one.decision.request_id for one in answers] == [one.request_id for one in requests]
    numbers = sorted((one.refund.claim_id, one.decision.number) for one in answers)
    assert numbers == [(f"c-{claim}", number) for claim in range(4) for number in range(1, 7)]
    assert sum(one.refund.counted for one in answers) == 4


@pytest.mark.parametrize("place", ["server", "state"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_claim_is_explained_from_both_sides(
    stub: Stub, server: RunningServer, place: str, lang: str
) -> None:
    """Text and JSON tell what was known, what asked for more, and what is to be handed in."""
    order_id = ordered(stub, reduced_order(f"explain-{place}-{lang}"))
    answer = stub.ScoreRefund(split_claim(order_id, f"explained-{place}-{lang}"), timeout=10)
    where = server.address if place == "server" else str(server.log.parent / "state")
    options = [answer.decision.decision_id, f"--{place}", where, "--lang", lang]
    told = CliRunner().invoke(explain, options, catch_exceptions=False).output
    for piece in (
        order_id,
        "REFUND_BELOW_THRESHOLD",
        "RETURN_FIRST",
        "threshold_minor",
        "40.00 CNY",
    ):
        assert piece in told
    asked = {"en": "the goods, sent back first", "zh": "先退货"}
    flag = {"en": "yes", "zh": "是"}
    assert asked[lang] in told
    assert re.search(rf"^  below_threshold +{flag[lang]} ", told, re.MULTILINE)
    about = {"en": f"claim c-1 on order {order_id} ", "zh": f"退款申请 c-1（订单 {order_id}）"}
    assert about[lang] in told
    assert "\\x" not in told
    data = json.loads(CliRunner().invoke(explain, [*options, "--json"]).output)
    assert data["decision"]["outcome"] == "REVIEW"
    assert data["refund"]["recalculation"]["recalculated_minor"] == 4_000
    assert data["features"]["order__units"] == 4.0
