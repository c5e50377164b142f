"""Services that share windows share verified levels: real Redis, real files, real servers."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import grpc
import msgspec

from risk_service.domain.vocabulary import VerificationLevel
from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.claims import id_number, verify_request
from tests.fixtures.offices import DAY_US, L1, L2, NOW_US, OpenOffice
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.service import ServiceFiles, copy_files, score_request, start_server
from tests.fixtures.verifying import L3
from tests.fixtures.waiting import wait_until


def test_what_one_service_verified_the_others_know(open_office: OpenOffice, tmp_path: Path) -> None:
    """The highest level wins wherever it was shown, and accounts of a name add up."""
    one, other = open_office(tmp_path / "one"), open_office(tmp_path / "other")
    assert other.verified.level("a", NOW_US) is VerificationLevel.UNSPECIFIED
    one.verify("a", L2, "name")
    other.verify("a", L1)
    other.verify("b", L2, "name")
    for office in (one, other, one):
        office.follow()
    for office in (one, other):
        assert office.verified.level("a", NOW_US) is L2
        assert office.verified.real_name("a", NOW_US) == "name"
        assert office.store.accounts_of("name", NOW_US) == {"a", "b"}
        assert office.store.by_request_ids(["a-L2", "a-L1"]).keys() == {"a-L2", "a-L1"}
        assert office.verified.level("a", NOW_US + 2 * DAY_US) is VerificationLevel.UNSPECIFIED


def test_nothing_is_lost_or_published_twice_over_a_restart(
    open_office: OpenOffice, redis: RedisServer, tmp_path: Path
) -> None:
    """What was durable before a kill is published by the next start, the rest is known."""
    one = open_office(tmp_path / "one")
    one.verify("a", L1)
    one.follow()
    one.verify("b", L1)
    shutil.copytree(tmp_path / "one", tmp_path / "killed" / "one")
    again = open_office(tmp_path / "killed" / "one")
    again.follow()
    one.follow()
    assert redis.call("XLEN", "{verified:1}") == 2
    other = open_office(tmp_path / "other")
    other.follow()
    assert {name: other.verified.level(name, NOW_US) for name in "ab"} == {"a": L1, "b": L1}
    assert not other.missed


def test_a_customer_verified_at_one_server_orders_at_another(
    master_files: ServiceFiles, tmp_path: Path
) -> None:
    """The record of the order has the level and the real name that the other server checked."""
    files = [copy_files(master_files, tmp_path / name) for name in ("one", "other")]
    environment = {"RISK_REAL_NAME_PROVIDER": "local"}
    with redis_server() as server, ExitStack() as ends:
        options = ["--windows", f"redis://{server.address}"]
        running = [
            ends.enter_context(start_server(one, options, environment=environment)) for one in files
        ]
        first, second = (
            risk_pb2_grpc.RiskServiceStub(ends.enter_context(grpc.insecure_channel(one.address)))
            for one in running
        )
        first.VerifyRealName(
            verify_request("vr-1", "acc-v", number=id_number(), face="face-ok", phone=1),
            timeout=10,
        )
        levels: list[str] = []

        def is_known() -> bool:
            order = score_request(f"o-{len(levels)}")
            order.order.account.account_id = "acc-v"
            decision = second.ScoreOrder(order, timeout=30).decision
            asked = risk_pb2.GetDecisionRecordRequest(decision_id=decision.decision_id)
            packed = second.GetDecisionRecord(asked, timeout=10).record
            levels.append(msgspec.msgpack.decode(packed)["order"]["verification_level"])
            return levels[-1] == L3

        wait_until(is_known, "the other server knows the level", pause_s=0.1)
