"""Limits, rules and lists in the answers of the real service, as it ships."""

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run

import grpc
import pytest

from risk_service.pb.risk.v1 import fail_policy_pb2, order_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.limit_texts import with_flash_level
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    score_request,
    start_server,
)

ALLOW = risk_pb2.OUTCOME_ALLOW
DENY = risk_pb2.OUTCOME_DENY
LIMITED = risk_pb2.OUTCOME_LIMIT_QUANTITY
CAP = 2  # of flash-sale-person, per SKU and drop
FLASH = order_pb2.PROMOTION_TYPE_FLASH_SALE
RISK = [sys.executable, "-m", "risk_service.cli"]


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server with the rules and limits that ship; flash sales ask for L1."""
    directory = tmp_path_factory.mktemp("one")
    where = {"RISK_LIMITS": str(with_flash_level(directory))}
    with start_server(copy_files(master_files, directory), environment=where) as running:
        yield running


@pytest.fixture(scope="module")
def stub(server: RunningServer) -> Iterator[risk_pb2_grpc.RiskServiceStub]:
    """Return a stub of the server."""
    with grpc.insecure_channel(server.address) as channel:
        yield risk_pb2_grpc.RiskServiceStub(channel)


def flash(
    request_id: str, person: str, *, sku: str, units: int = 1, order_id: str = "", shared: str = ""
) -> risk_pb2.ScoreOrderRequest:
    """Return a request for flash sale goods by a person who shares one thing, or nothing.

    ``shared`` is ``field=value``: device, real_name, payment or phone.
    """
    request = score_request(request_id, units=units, order_id=order_id or None)
    order = request.order
    order.account.account_id = f"acc-{person}"
    order.device_id = f"dev-{person}"
    order.payment_instrument.payment_instrument_id = f"pay-{person}"
    order.recipient.phone = f"1380013{sum(map(ord, person)) * 7 % 10_000:04d}"
    order.address.detail = f"世纪大道{100 + sum(map(ord, person))}号8栋1201室"
    order.ip = f"203.0.113.{sum(map(ord, person)) % 250 + 1}"
    order.session.drop_id = "drop-1"
    order.lines[0].sku = sku
    order.lines[0].promotion_type = FLASH
    order.lines[0].campaign_id = "campaign-1"
    field, _, value = shared.partition("=")
    if field == "device":
        order.device_id = value
    elif field == "payment":
        order.payment_instrument.payment_instrument_id = value
    elif field == "real_name":
        order.real_name_id = value
    elif field:
        order.recipient.phone = value
    return request


def outcome(answer: risk_pb2.ScoreOrderResponse) -> int:
    """Return the outcome of an answer."""
    return int(answer.decision.outcome)


@pytest.mark.parametrize(
    "shared",
    ["account", "device=d-same", "payment=p-same", "real_name=11010519491231002X"],
    ids=["account", "device", "payment", "real_name"],
)
def test_a_person_is_known_by_any_sign(stub: risk_pb2_grpc.RiskServiceStub, shared: str) -> None:
    """Under one account, device, card or real name a SKU of a drop is had twice, not thrice."""
    name = shared.partition("=")[0]
    answers = [
        stub.ScoreOrder(
            flash(
                f"p-{name}-{n}",
                "same" if name == "account" else f"{name}{n}",
                sku=f"sku-{name}",
                shared="" if name == "account" else shared,
            ),
            timeout=10,
        )
        for n in range(CAP + 1)
    ]
    assert [outcome(one) for one in answers[:CAP]] == [ALLOW] * CAP
    last = answers[-1].decision
    assert last.outcome == DENY
    blocking = {use.subject: use for use in last.limit_uses if use.blocking}
    assert name in blocking
    assert last.blocking in blocking
    for use in blocking.values():
        told = (use.policy_id, use.cap, use.used, use.remaining)
        assert told == ("flash-sale-person", CAP, CAP, 0)
    assert [cause.step for cause in last.causes] == ["limit"]
    assert not last.HasField("held_until")


DOOR = "中山路9号3栋701室"


def at_one_door(person: str, promotion: int) -> risk_pb2.ScoreOrderRequest:
    """Return the order of one of a family: the door is shared and nothing else."""
    request = flash(f"family-{person}", person, sku="sku-family")
    request.order.address.detail = DOOR
    request.order.lines[0].promotion_type = promotion
    return request


def test_a_family_verifies_and_is_not_turned_away(stub: risk_pb2_grpc.RiskServiceStub) -> None:
    """From the third on a household is asked to verify and buys; the door has six units in all."""
    answers = []
    for n in range(7):
        one = stub.ScoreOrder(at_one_door(f"fam{n}x", FLASH), timeout=10).decision
        if one.outcome == risk_pb2.OUTCOME_CHALLENGE:
            told = [(reason.code, reason.customer_text.zh) for reason in one.reasons]
            assert told == [("LIMIT_TO_VERIFY", "请完成验证后继续购买。")]
            assert one.blocking == "identity_cluster"
            passed = risk_pb2.CompleteChallengeRequest(
                request_id=f"{one.request_id}-passed",
                challenge_id=one.challenge.challenge_id,
                result=risk_pb2.CHALLENGE_RESULT_PASSED,
            )
            one = stub.CompleteChallenge(passed, timeout=10).decision
            assert one.number == 2
        answers.append(one.outcome)
    assert answers == [ALLOW] * 6 + [DENY]


def test_a_shared_door_alone_takes_no_newcomers_offer(
    stub: risk_pb2_grpc.RiskServiceStub,
) -> None:
    """Husband and wife both get it; with the card shared as well they count as one person."""
    newcomer = order_pb2.PROMOTION_TYPE_NEW_CUSTOMER
    orders = [at_one_door(f"new{n}x", newcomer) for n in range(3)]
    orders[2].order.payment_instrument.CopyFrom(orders[1].order.payment_instrument)
    answers = [stub.ScoreOrder(order, timeout=10).decision for order in orders]
    assert [one.outcome for one in answers] == [ALLOW, ALLOW, DENY]
    blocking = {use.subject for use in answers[2].limit_uses if use.blocking}
    assert blocking == {"address_door", "payment"}


def test_concurrent_orders_for_the_last_units(stub: risk_pb2_grpc.RiskServiceStub) -> None:
    """Of twenty orders at once exactly as many units are granted as the limit has."""
    requests = [flash(f"c-{n}", "crowd", sku="sku-crowd") for n in range(20)]
    with ThreadPoolExecutor(10) as pool:
        decisions = [one.decision for one in pool.map(stub.ScoreOrder, requests)]
    assert sum(line.granted for one in decisions for line in one.granted) == CAP
    assert Counter(one.outcome for one in decisions)[ALLOW] == CAP


def test_a_retry_and_a_changed_quantity_count_once(stub: risk_pb2_grpc.RiskServiceStub) -> None:
    """The same request gets its answer again; the order's next quantity replaces its hold."""
    first = stub.ScoreOrder(flash("q-1", "quantity", sku="sku-q", order_id="o-q"), timeout=10)
    again = flash("q-1", "quantity", sku="sku-q", order_id="o-q")
    again.order.ordered_at.CopyFrom(first.decision.decided_at)
    # Another time is another payload: the stored answer comes only for the very same one.
    with pytest.raises(grpc.RpcError):
        stub.ScoreOrder(again, timeout=10)
    both = flash("q-2", "quantity", sku="sku-q", units=2, order_id="o-q")
    more = stub.ScoreOrder(both, timeout=10).decision
    assert (more.number, more.outcome) == (2, ALLOW)
    assert [(line.requested, line.granted) for line in more.granted] == [(2, 2)]
    other = stub.ScoreOrder(flash("q-3", "quantity", sku="sku-q"), timeout=10).decision
    assert other.outcome == DENY


def test_the_very_same_request_holds_once(stub: risk_pb2_grpc.RiskServiceStub) -> None:
    """Sent three times over, an order holds what it asked for once."""
    request = flash("same-1", "same-request", sku="sku-same")
    answers = [stub.ScoreOrder(request, timeout=10) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    second = stub.ScoreOrder(flash("same-2", "same-request", sku="sku-same"), timeout=10)
    assert outcome(second) == ALLOW


def test_a_level_that_is_not_met_is_asked_for_once(stub: risk_pb2_grpc.RiskServiceStub) -> None:
    """Below L1 the flash sale asks for a verification; passed, the order gets its units."""
    request = flash("v-1", "level", sku="sku-v")
    request.order.verification_level = order_pb2.VERIFICATION_LEVEL_L0
    asked = stub.ScoreOrder(request, timeout=10).decision
    assert asked.outcome == risk_pb2.OUTCOME_CHALLENGE
    assert asked.required_level == order_pb2.VERIFICATION_LEVEL_L1
    assert asked.challenge.kind == risk_pb2.CHALLENGE_KIND_REAL_NAME
    assert not asked.granted
    done = stub.CompleteChallenge(
        risk_pb2.CompleteChallengeRequest(
            request_id="v-2",
            challenge_id=asked.challenge.challenge_id,
            result=risk_pb2.CHALLENGE_RESULT_PASSED,
            verification_level=order_pb2.VERIFICATION_LEVEL_L1,
        ),
        timeout=10,
    ).decision
    assert (done.outcome, [line.granted for line in done.granted]) == (ALLOW, [1])


def test_versions_of_everything_that_decided_are_told(
    stub: risk_pb2_grpc.RiskServiceStub,
) -> None:
    """Rules, lists and limits have a version in the answer, as models and features do."""
    versions = stub.ScoreOrder(score_request("versions"), timeout=10).decision.versions
    assert all(
        (versions.rules, versions.lists, versions.limits, versions.policy, versions.bundle_sha256)
    )


def test_the_fail_policy_names_what_is_limited(stub: risk_pb2_grpc.RiskServiceStub) -> None:
    """Checkout learns which promotions never fall back to ALLOW, and how long that holds."""
    told = stub.GetFailPolicies(fail_policy_pb2.GetFailPoliciesRequest(), timeout=10)
    assert FLASH in told.limited.promotion_types
    assert order_pb2.PROMOTION_TYPE_NONE not in told.limited.promotion_types
    assert told.max_age_s > 0
    closed = {rule.promotion_type for rule in told.rules if rule.policy == 2}
    assert order_pb2.PROMOTION_TYPE_LUCKY_DRAW in closed


def test_what_was_answered_is_held_after_a_kill(master_files: ServiceFiles, tmp_path: Path) -> None:
    """SIGKILL between two orders: the answered one still holds its units."""
    files = copy_files(master_files, tmp_path)
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        first = risk_pb2_grpc.RiskServiceStub(channel).ScoreOrder(
            flash("k-1", "killed", sku="sku-k", units=2),
            timeout=10,
        )
        assert outcome(first) == ALLOW
        server.signal(signal.SIGKILL)
        server.process.wait()
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        second = risk_pb2_grpc.RiskServiceStub(channel).ScoreOrder(
            flash("k-2", "killed", sku="sku-k"),
            timeout=10,
        )
        assert outcome(second) == DENY
        assert {use.used for use in second.decision.limit_uses if use.blocking} == {CAP}


def explain(*arguments: str) -> str:
    """Return what ``risk explain`` printed."""
    done = run([*RISK, "explain", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_decision_is_explained_from_both_sides(
    stub: risk_pb2_grpc.RiskServiceStub, server: RunningServer
) -> None:
    """The server and its state directory tell the same; JSON has what the text has not."""
    stub.ScoreOrder(flash("e-1", "explained", sku="sku-e"), timeout=10)
    last = stub.ScoreOrder(flash("e-2", "explained", sku="sku-e", units=2), timeout=10).decision
    assert last.outcome == LIMITED
    assert [(one.requested, one.allowed) for one in last.quantity_limits] == [(2, 1)]
    state = server.log.parent / "state"
    by_server = explain(last.decision_id, "--server", server.address)
    assert by_server == explain(last.decision_id, "--state", str(state))
    for words in ("LIMIT_QUANTITY", "flash-sale-person", "has used 1 of 2", "limits-", "sku-e"):
        assert words in by_server
    assert "acc-explained" not in by_server
    chinese = explain(last.order_id, "--by", "order", "--state", str(state), "--lang", "zh")
    assert "超出限购数量，可购买的数量已调整。" in chinese
    told = json.loads(explain(last.decision_id, "--state", str(state), "--json"))
    assert told["decision"]["outcome"] == "LIMIT_QUANTITY"
    assert told["features"]["order__units"] == 2
    assert set(told["thresholds"]) == {"scalping", "brushing", "refund"}


@pytest.mark.parametrize("where", ["state", "server", "nobody"])
def test_an_unknown_decision_is_said_to_be_unknown(server: RunningServer, where: str) -> None:
    """The command ends with one line, whether it was looked up beside the service or over it."""
    place = {
        "state": ["--state", str(server.log.parent / "state")],
        "server": ["--server", server.address],
        "nobody": ["--server", "127.0.0.1:1"],
    }[where]
    done = run([*RISK, "explain", "dec_0", *place], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    words = {"state": "dec_0", "server": "no decision", "nobody": "is the service running?"}
    assert words[where] in done.stderr
