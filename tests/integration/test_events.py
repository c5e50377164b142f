"""ReportEvents against the real server, and what orders see of it afterwards."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.decisions.kept_inputs import inputs_of
from risk_service.features.schema import load_schema
from risk_service.pb.risk.v1 import event_pb2, risk_pb2_grpc
from tests.fixtures.events import action, life, of_account, report
from tests.fixtures.hostile import (
    BROKEN_ACTION,
    BROKEN_LIFE_EVENT,
    Broken,
    valid_action,
    valid_life_event,
)
from tests.fixtures.service import RunningServer, ServiceFiles, copy_files, start_server
from tests.fixtures.stored import stored_records

Stub = risk_pb2_grpc.RiskServiceStub
NAMES = load_schema().names
DAY_S = 86_400


@pytest.fixture(scope="module")
def files(master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory) -> ServiceFiles:
    """Return the files of the server that this module shares."""
    return copy_files(master_files, tmp_path_factory.mktemp("events"))


@pytest.fixture(scope="module")
def server(files: ServiceFiles) -> Iterator[RunningServer]:
    """Return a running server with a state that can be looked into."""
    with start_server(files) as running:
        yield running


def seen(files: ServiceFiles, decision_id: str) -> dict[str, float]:
    """Return the model inputs of a decision by name, out of the log."""
    records = stored_records(files.state / FILE_NAME)
    (record,) = [one for one in records if one.decision.decision_id == decision_id]
    assert record.stamp_us > 0
    return dict(zip(NAMES, inputs_of(record).tolist(), strict=True))


def scored(stub: Stub, files: ServiceFiles, request: object) -> dict[str, float]:
    """Score an order and return what its models saw."""
    return seen(files, stub.ScoreOrder(request, timeout=10).decision.decision_id)


def test_next_order_sees_what_was_reported(stub: Stub, files: ServiceFiles) -> None:
    """Attempts, life events and promotion actions of an account are in its next order's windows."""
    first = scored(stub, files, of_account("see-1", "see"))
    assert first["account__attempts_1h"] == 0
    result = report(
        stub,
        [
            life("see-paid", "o-see-1", "PAID"),
            life("see-refund", "o-see-1", "REFUND_REQUESTED"),
            life("see-refunded", "o-see-1", "REFUNDED", amount_minor=1234),
            action("see-claim", "see", "COUPON_CLAIMED"),
            action("see-draw", "see", "DRAW"),
            action("see-invite", "see", "INVITE", related="someone"),
        ],
    )
    assert (result.accepted, result.repeated, len(result.refused)) == (6, 0, 0)
    second = scored(stub, files, of_account("see-2", "see"))
    assert second["account__attempts_1h"] == 1
    assert second["account__attempts_1m"] == 1
    assert second["account__paid_30d"] == 1
    assert second["account__refund_requests_30d"] == 1
    assert second["account__refunded_90d"] == 1234
    assert second["account__coupon_claims_7d"] == 1
    assert second["account__draws_24h"] == 1
    assert second["account__invitees_7d"] == 1
    assert 0 < second["account__since_attempt_90d"] < 60


def test_attempt_counts_once_whatever_its_outcome(stub: Stub, files: ServiceFiles) -> None:
    """A denied order counts like any other; a repeated request does not count again."""
    request = of_account("once-1", "once")
    request.order.lines[0].quantity = 60  # type: ignore[attr-defined]  # a message
    request.order.totals.goods_minor = request.order.totals.payable_minor = 60 * 1999  # type: ignore[attr-defined]  # a message
    for _ in range(3):
        stub.ScoreOrder(request, timeout=10)
    assert scored(stub, files, of_account("once-2", "once"))["account__attempts_1h"] == 1


def test_replayed_stream_changes_nothing(stub: Stub, files: ServiceFiles) -> None:
    """The same stream again: every event repeated, no window moved."""
    stub.ScoreOrder(of_account("twice-1", "twice"), timeout=10)
    events = [life(f"twice-{n}", "o-twice-1") for n in range(40)]
    events += [action(f"twice-a{n}", "twice") for n in range(40)]
    assert report(stub, events).accepted == 80
    before = scored(stub, files, of_account("twice-2", "twice"))
    again = report(stub, [*events, *events])
    assert (again.accepted, again.repeated) == (0, 160)
    after = scored(stub, files, of_account("twice-3", "twice"))
    for name in ("account__paid_30d", "account__coupon_claims_7d", "device__paid_30d"):
        assert before[name] == after[name] == 40
    events[0].amount_minor = 5
    changed = report(stub, events[:1])
    assert [one.reason for one in changed.refused] == [event_pb2.REFUSAL_REASON_REUSED_ID]


def test_each_refusal_says_why_and_stops_nobody(stub: Stub) -> None:
    """Unknown types and orders, missing ids, old events: refused, named, counted; others count."""
    stub.ScoreOrder(of_account("why-1", "why"), timeout=10)
    events = {
        "good": life("why-good", "o-why-1"),
        "MISSING_ID": life("", "o-why-1"),
        "UNKNOWN_ORDER": life("why-order", "o-never"),
        "TOO_OLD": life("why-old", "o-why-1", at_s=time.time() - 91 * DAY_S),
        "UNKNOWN_TYPE": life("why-type", "o-why-1"),
        "MALFORMED": life("dec_1", "o-why-1"),
        "late": life("why-late", "o-why-1", at_s=time.time() - 89 * DAY_S),
        "ahead": life("why-ahead", "o-why-1", at_s=time.time() + 10 * DAY_S),
    }
    events["UNKNOWN_TYPE"].type = 77  # type: ignore[assignment]  # from a newer contract
    result = report(stub, events.values())
    assert result.accepted == 3
    names = {number: name for name, number in event_pb2.RefusalReason.items()}
    for one in result.refused:
        reason = names[one.reason].removeprefix("REFUSAL_REASON_")
        assert list(events)[one.index] == reason
        assert one.field
        assert one.description
    assert sum(one.count for one in result.refused_counts) == len(result.refused) == 5


def test_action_with_no_account_and_event_with_no_subject(stub: Stub) -> None:
    """Without anybody to count for, an event is refused as MISSING_ID, with the field."""
    nobody, nothing = action("no-account", ""), life("no-subject", "x")
    nothing.ClearField("subject")
    wrong = action("wrong-subject")
    wrong.type = event_pb2.EVENT_TYPE_PAID
    result = report(stub, [nobody, nothing, wrong])
    told = [(one.reason, one.field) for one in result.refused]
    assert told == [
        (event_pb2.REFUSAL_REASON_MISSING_ID, "action.account_id"),
        (event_pb2.REFUSAL_REASON_MISSING_ID, "subject"),
        (event_pb2.REFUSAL_REASON_UNKNOWN_TYPE, "type"),
    ]


@pytest.mark.parametrize(
    "case", [*BROKEN_LIFE_EVENT, *BROKEN_ACTION], ids=lambda case: f"{case.field} {case.name}"
)
def test_each_broken_constraint_refuses_the_event_with_its_field(stub: Stub, case: Broken) -> None:
    """Over the wire as in the table: the field is named, and the neighbour is not harmed."""
    make = valid_action if case in BROKEN_ACTION else valid_life_event
    broken = make(int(time.time()))
    case.spoil(broken)
    neighbour = action(f"beside-{abs(hash(case.name))}"[:64])
    result = report(stub, [broken, neighbour])
    assert [one.field for one in result.refused] == [case.field]
    assert result.accepted == 1


def test_ten_thousand_events_of_one_entity(stub: Stub, files: ServiceFiles) -> None:
    """10^4 events of one account, late by up to 20 days: all taken, all counted."""
    stub.ScoreOrder(of_account("hot-1", "hot"), timeout=10)
    now_s = time.time()
    events = [
        life(f"hot-{n}", "o-hot-1", "PAID", at_s=now_s - (n * 7919 % (20 * DAY_S)))
        for n in range(10_000)
    ]
    assert report(stub, events).accepted == 10_000
    after = scored(stub, files, of_account("hot-2", "hot"))
    assert after["account__paid_30d"] == 10_000


def test_events_outlive_a_kill(master_files: ServiceFiles, tmp_path: Path) -> None:
    """What was acknowledged is there after SIGKILL: repeated, and in the windows."""
    files = copy_files(master_files, tmp_path)
    events = [action(f"kill-{n}", "kill") for n in range(300)]
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        stub.ScoreOrder(of_account("kill-1", "kill"), timeout=10)
        assert report(stub, events).accepted == 300
        server.signal(signal.SIGKILL)
        server.process.wait()
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        assert report(stub, events).repeated == 300
        after = scored(stub, files, of_account("kill-2", "kill"))
        assert after["account__coupon_claims_7d"] == 300
        assert after["account__attempts_24h"] == 1


def test_refused_events_are_counted(files: ServiceFiles, stub: Stub) -> None:
    """Whatever is sent is accounted for: accepted, repeated or refused, event by event."""
    events = [action(f"sum-{n % 50}", "sum") for n in range(120)]
    events += [life(f"sum-l{n}", "o-none") for n in range(30)]
    result = report(stub, events)
    counted = Counter({one.reason: one.count for one in result.refused_counts})
    assert result.accepted + result.repeated + sum(counted.values()) == 150
