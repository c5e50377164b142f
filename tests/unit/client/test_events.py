"""Events as messages, and what the client makes of the answer."""

import pytest

from risk_service.client.events import action_message, event_message, event_report, report_requests
from risk_service.pb.risk.v1 import event_pb2


def test_a_row_of_events_becomes_its_message() -> None:
    """Type, reason, money and weight arrive; what the row does not have stays unset."""
    row = {
        "event_id": "e1",
        "event_type": "REFUND_REQUESTED",
        "event_at": 1_790_000_000_123_456,
        "order_id": "o1",
        "amount_minor": 500,
        "reason": "NOT_RECEIVED",
        "weight_ratio": None,
    }
    message = event_message(row)
    assert message.type == event_pb2.EVENT_TYPE_REFUND_REQUESTED
    assert message.reason == event_pb2.EVENT_REASON_NOT_RECEIVED
    assert (message.order_id, message.amount_minor) == ("o1", 500)
    assert not message.HasField("weight_ratio")
    assert message.occurred_at.ToMicroseconds() == 1_790_000_000_123_456


@pytest.mark.parametrize("nothing", [None, float("nan"), ""])
def test_a_claim_is_named_where_the_row_names_it(nothing: object) -> None:
    """A claim that ScoreRefund counted is told apart by its id; a row of pandas may lack both."""
    row = {
        "event_id": "e1",
        "event_type": "REFUND_REQUESTED",
        "event_at": 5,
        "order_id": "o1",
        "reason": nothing,
    }
    assert event_message(row | {"claim_id": "c-1"}).claim_id == "c-1"
    silent = event_message(row | {"claim_id": nothing})
    assert (silent.claim_id, silent.reason) == ("", event_pb2.EVENT_REASON_UNSPECIFIED)


def test_an_unknown_type_is_an_error_before_anything_is_sent() -> None:
    """A slip of the pen is told to the caller with the names there are, not counted as refused."""
    row = {"event_id": "e1", "event_type": "PAYED", "event_at": 0, "order_id": "o1"}
    with pytest.raises(ValueError, match="'PAYED' is none of PAID, "):
        event_message(row)
    with pytest.raises(ValueError, match=r"'EMPTY' is none of .*EMPTY_PARCEL"):
        event_message(row | {"event_type": "REFUND_REQUESTED", "reason": "EMPTY"})


@pytest.mark.parametrize("amount", [19.5, "19.80", float("inf"), 2**70])
def test_an_amount_that_would_be_cut_is_refused(amount: object) -> None:
    """Money is in minor units: yuan in place of fen are told with their column, not rounded."""
    row = {"event_id": "e1", "event_type": "PAID", "event_at": 5, "order_id": "o1"}
    with pytest.raises(ValueError, match="amount_minor must be"):
        event_message(row | {"amount_minor": amount})


def test_numbers_are_taken_for_ids_as_orders_take_them() -> None:
    """What orders are called by a number, their events are too; an action's account alike."""
    row = {"event_id": 7, "event_type": "PAID", "event_at": 5, "order_id": 123}
    assert event_message(row).order_id == "123"
    action = {"action_id": 8, "action_type": "DRAW", "action_at": 5, "account_id": 77}
    assert action_message(action).action.account_id == "77"


def test_an_action_needs_its_account_alone() -> None:
    """Device, address and campaign may be unknown."""
    row = {"action_id": "a1", "action_type": "COUPON_CLAIMED", "action_at": 5, "account_id": "x"}
    message = action_message(row)
    assert message.WhichOneof("subject") == "action"
    assert (message.action.account_id, message.action.ip) == ("x", "")


def test_a_stream_is_cut_into_messages_of_500() -> None:
    """1,001 events make three messages, in their order."""
    events = [event_pb2.ReportedEvent(event_id=str(n)) for n in range(1_001)]
    parts = [[one.event_id for one in part.events] for part in report_requests(events)]
    assert [len(part) for part in parts] == [500, 500, 1]
    assert [name for part in parts for name in part] == [str(n) for n in range(1_001)]


def test_the_report_adds_up_messages() -> None:
    """Counts are summed by reason; a reason of a newer service keeps its number."""
    refused = event_pb2.EventRefusal(event_id="e", reason=2, field="order_id", description="why")
    count = event_pb2.RefusalCount(reason=2, count=3)
    newer = event_pb2.RefusalCount(reason=99, count=1)  # type: ignore[arg-type]  # not ours
    result = event_pb2.EventBatchResult(
        accepted=5, repeated=1, refused=[refused], refused_counts=[count, newer]
    )
    report = event_report(event_pb2.ReportEventsResponse(results=[result, result]))
    assert (report.accepted, report.repeated, len(report.refused)) == (10, 2, 2)
    name = event_pb2.RefusalReason.Name(2).removeprefix("REFUSAL_REASON_")
    assert report.refused_counts == {name: 6, "UNKNOWN_99": 2}
    assert report.refused[0].reason == name
