"""Reservations over gRPC: the whole way from raw identifiers to durable counters."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from risk_service.pb.risk.v1 import (
    event_pb2,
    limits_pb2,
    order_pb2,
    risk_pb2,
    risk_pb2_grpc,
)
from tests.fixtures.asking import refused
from tests.fixtures.limit_calls import POLICIES, Stub, demand, reserve, used
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    score_request,
    start_server,
)

Code = grpc.StatusCode


@pytest.fixture(scope="module")
def limits_server(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server with two units per account and SKU in force."""
    directory = tmp_path_factory.mktemp("limits")
    (directory / "limits.toml").write_text(POLICIES, "utf-8")
    files = copy_files(master_files, directory)
    where = {"RISK_LIMITS": str(directory / "limits.toml")}
    with start_server(files, environment=where) as server:
        yield server


@pytest.fixture(scope="module")
def channel(limits_server: RunningServer) -> Iterator[grpc.Channel]:
    """Return a channel to the server."""
    with grpc.insecure_channel(limits_server.address) as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(channel: grpc.Channel) -> Stub:
    """Return the service."""
    return Stub(channel)


def test_reserve_confirm_release(stub: Stub) -> None:
    """A hold is granted with what is left, becomes usage, and comes back by quantity."""
    asked_s = int(time.time())
    answer = reserve(stub, "o-1", "ann", 3)
    answered_s = time.time()
    assert answer.grant.outcome == risk_pb2.OUTCOME_LIMIT_QUANTITY
    assert [(line.requested, line.granted) for line in answer.grant.lines] == [(3, 2)]
    assert {use.remaining for use in answer.grant.uses} == {0}
    assert answer.reservation.state == limits_pb2.RESERVATION_STATE_HELD
    assert asked_s <= answer.reservation.expires_at.seconds - 600 <= answered_s
    assert used(stub, "ann") == [("account", 0, 2), ("identity_cluster", 0, 2)]
    confirmed = stub.Confirm(limits_pb2.ConfirmRequest(reservation_id="o-1"), timeout=10)
    assert confirmed.reservation.state == limits_pb2.RESERVATION_STATE_CONFIRMED
    release = limits_pb2.ReleaseRequest(
        reservation_id="o-1", release_id="x", reason=limits_pb2.RELEASE_REASON_RETURN
    )
    release.lines.add(sku="sku-1", quantity=1)
    for _ in range(2):
        assert stub.Release(release, timeout=10).reservation.lines[0].granted == 1
    assert used(stub, "ann") == [("account", 1, 0), ("identity_cluster", 1, 0)]


def test_the_documented_example_reserves(stub: Stub, limits_server: RunningServer) -> None:
    """The page's example of LimitClient holds, and confirms what was paid."""
    page = Path(__file__).parents[2] / "docs" / "client.md"
    programs = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (program,) = [one for one in programs if "LimitClient" in one]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=os.environ | {"TARGET": limits_server.address},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "allow []\n"
    assert ("account", 2, 0) in used(stub, "a-77")


def test_check_consumes_nothing(stub: Stub) -> None:
    """A question is no hold."""
    request = limits_pb2.CheckRequest(demand=demand("o-2", "ben", 2))
    assert stub.Check(request, timeout=10).grant.outcome == risk_pb2.OUTCOME_ALLOW
    assert used(stub, "ben") == []


def test_extend_and_cancel(stub: Stub) -> None:
    """A hold is moved on and let go; a late Reserve of its id is refused."""
    reserve(stub, "o-3", "cat")
    extend = limits_pb2.ExtendRequest(reservation_id="o-3")
    extend.expires_at.FromSeconds(int(time.time()) + 86_400)
    assert stub.Extend(extend, timeout=10).reservation.expires_at == extend.expires_at
    stub.Cancel(limits_pb2.CancelRequest(reservation_id="o-3"), timeout=10)
    late = reserve(stub, "o-3", "cat", 2)
    assert late.grant.outcome == risk_pb2.OUTCOME_DENY
    assert list(late.grant.codes) == ["RESERVATION_CANCELLED"]
    assert used(stub, "cat") == []


def test_counters_equal_the_ledger(stub: Stub) -> None:
    """Whatever was asked before, the counters add up."""
    reserve(stub, "o-4", "dan")
    assert stub.Reconcile(limits_pb2.ReconcileRequest(), timeout=10).count == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ttl_s": 0}, "ttl_s"),
        ({"demand": limits_pb2.LimitDemand(reservation_id="o")}, "demand.lines"),
        ({"demand": limits_pb2.LimitDemand()}, "demand.reservation_id"),
    ],
)
def test_bad_reserve_names_its_field(stub: Stub, change: dict[str, object], field: str) -> None:
    """What breaks the contract is refused with the field at fault."""
    request = limits_pb2.ReserveRequest(demand=demand("o-5", "eve"), ttl_s=600)
    for name, value in change.items():
        if isinstance(value, int):
            setattr(request, name, value)
        else:
            getattr(request, name).CopyFrom(value)
    error = refused(stub.Reserve, request)
    code, words = error.code(), error.details()
    assert code is Code.INVALID_ARGUMENT
    assert field in words


def test_money_beyond_any_order_is_refused(stub: Stub) -> None:
    """Counters are 64 bits wide: one demand of 2 x 10^18 would end the calls beside it too."""
    request = limits_pb2.ReserveRequest(demand=demand("o-rich", "rich", 10_000), ttl_s=600)
    request.demand.lines[0].unit_price_minor = 10**12
    error = refused(stub.Reserve, request)
    code, words = error.code(), error.details()
    assert code is Code.INVALID_ARGUMENT
    assert "demand.lines" in words


def test_hold_cannot_be_extended_for_ever(stub: Stub) -> None:
    """Whatever is held comes back some day: an end in the year 9999 is none."""
    reserve(stub, "o-ext", "eva")
    extend = limits_pb2.ExtendRequest(reservation_id="o-ext")
    extend.expires_at.FromSeconds(253_402_300_799)
    error = refused(stub.Extend, extend)
    code, words = error.code(), error.details()
    assert code is Code.INVALID_ARGUMENT
    assert "expires_at" in words


def test_errors_of_the_ledger_have_codes(stub: Stub) -> None:
    """Unknown, in another state, used for something else: each has its code."""
    confirm = limits_pb2.ConfirmRequest(reservation_id="never")
    assert refused(stub.Confirm, confirm).code() is Code.NOT_FOUND
    reserve(stub, "o-6", "fay")
    request = limits_pb2.ReserveRequest(demand=demand("o-6", "fay", 2), ttl_s=600)
    assert refused(stub.Reserve, request).code() is Code.ALREADY_EXISTS
    stub.Confirm(limits_pb2.ConfirmRequest(reservation_id="o-6"), timeout=10)
    cancel = limits_pb2.CancelRequest(reservation_id="o-6")
    assert refused(stub.Cancel, cancel).code() is Code.FAILED_PRECONDITION
    adjust = limits_pb2.AdjustRequest(
        adjustment_id="a-9", policy_id="limit", subject="device", delta=1, reason="x"
    )
    assert refused(stub.Adjust, adjust).code() is Code.INVALID_ARGUMENT


def test_many_at_once_never_get_more_than_there_is(stub: Stub) -> None:
    """Sixty orders of one account at the same time get two units between them."""

    def one(number: int) -> int:
        answer = reserve(stub, f"many-{number}", "gus")
        return sum(line.granted for line in answer.reservation.lines)

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(one, range(60))) == 2
    assert used(stub, "gus") == [("account", 0, 2), ("identity_cluster", 0, 2)]


def events(order_id: str, *kinds: int) -> Sequence[event_pb2.ReportEventsRequest]:
    """Return a stream of one message about an order."""
    message = event_pb2.ReportEventsRequest()
    for kind in kinds:
        one = message.events.add(event_id=f"{order_id}-{kind}", type=kind, order_id=order_id)
        one.occurred_at.FromNanoseconds(time.time_ns())
    return [message]


def test_scored_order_is_held_and_its_life_confirms(channel: grpc.Channel, stub: Stub) -> None:
    """ScoreOrder holds by itself; the reported payment confirms, the cancellation gives back."""
    service = risk_pb2_grpc.RiskServiceStub(channel)
    request = score_request("score-1", units=1)
    request.order.account.account_id = "hal"
    request.order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
    decision = service.ScoreOrder(request, timeout=10).decision
    assert {use.policy_id for use in decision.limit_uses} == {"limit"}
    assert used(stub, "hal") == [("account", 0, 1), ("identity_cluster", 0, 1)]
    order_id = request.order.order_id
    service.ReportEvents(iter(events(order_id, event_pb2.EVENT_TYPE_PAID)), timeout=10)
    assert used(stub, "hal") == [("account", 1, 0), ("identity_cluster", 1, 0)]
    service.ReportEvents(iter(events(order_id, event_pb2.EVENT_TYPE_CANCELLED)), timeout=10)
    assert used(stub, "hal") == []


def test_refund_in_parts_gives_back_with_the_last_of_them(
    channel: grpc.Channel, stub: Stub
) -> None:
    """A part of the money gives nothing back; the rest of it does, once, in one group or two."""
    service = risk_pb2_grpc.RiskServiceStub(channel)
    for number, together in enumerate((False, True)):
        request = score_request(f"parts-{number}", units=1)
        request.order.account.account_id = "ivy"
        request.order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
        service.ScoreOrder(request, timeout=10)
        order_id, whole = request.order.order_id, request.order.totals.payable_minor
        service.ReportEvents(iter(events(order_id, event_pb2.EVENT_TYPE_PAID)), timeout=10)
        parts = [events(order_id, event_pb2.EVENT_TYPE_REFUNDED)[0] for _ in range(3)]
        for place, (part, amount) in enumerate(zip(parts, (whole - 7, 3, 4), strict=True)):
            part.events[0].event_id += f"-{place}"
            part.events[0].amount_minor = amount
        streams = [parts] if together else [[part] for part in parts]
        for place, stream in enumerate(streams):
            service.ReportEvents(iter(stream), timeout=10)
            left = [] if place == len(streams) - 1 else [("account", 1, 0)]
            assert [one for one in used(stub, "ivy") if one[0] == "account"] == left


@pytest.mark.parametrize(("member_level", "cap"), [("gold", 3), ("silver", 2), ("", 2)])
def test_tiers_by_member_level_hold_for_scored_orders_too(
    channel: grpc.Channel, member_level: str, cap: int
) -> None:
    """The order says its member level; the tier that asks for it says how much may be had."""
    request = score_request(f"member-{member_level}", units=1)
    order = request.order
    person = f"of {member_level}"
    order.account.account_id, order.account.member_level = person, member_level
    order.device_id, order.payment_instrument.payment_instrument_id = person, person
    order.address.detail, order.recipient.phone = f"长安街{100 + cap * 7}号1栋{cap}01室", ""
    order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
    decision = risk_pb2_grpc.RiskServiceStub(channel).ScoreOrder(request, timeout=10).decision
    assert {(use.subject, use.cap) for use in decision.limit_uses} == {
        ("account", cap),
        ("identity_cluster", cap),
    }


def risk(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    command = [sys.executable, "-m", "risk_service.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_commands_show_usage(limits_server: RunningServer, stub: Stub) -> None:
    """Analysts see what the client sees."""
    reserve(stub, "cli-1", "jon")
    where = ("--account", "jon", "--server", limits_server.address)
    shown = risk("limits", "usage", *where)
    assert "limit: 0 confirmed + 1 held of 2 units, account sku-1, lifetime" in shown.stdout
    rows = risk("limits", "reconcile", "--server", limits_server.address)
    assert (rows.returncode, rows.stdout) == (0, "all counters equal the ledger\n")
