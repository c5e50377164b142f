"""Services that share windows share verified levels: real Redis, real files, real servers."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import msgspec
import pytest

from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.shared_log import SharedLog
from risk_service.adapters.shared_verified import LOG_NAME, VerificationFeed
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.shared_verifications import (
    FILE_NAME,
    SqliteSharedVerifications,
)
from risk_service.adapters.sqlite.verifications import SqliteVerifications
from risk_service.decisions.real_names.verified import Verified
from risk_service.domain.verification import RealNameResult, Verification
from risk_service.domain.vocabulary import VerificationLevel
from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.claims import id_number, verify_request
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.service import ServiceFiles, copy_files, score_request, start_server
from tests.fixtures.verifying import L3
from tests.fixtures.waiting import wait_until

NOW_US = 1_790_000_000_000_000
LATER_US = NOW_US + 1_000_000
DAY_US = 86_400_000_000
L1, L2 = VerificationLevel.L1, VerificationLevel.L2


@dataclass(kw_only=True)
class Office:
    """What a service has of verifications."""

    store: SqliteSharedVerifications
    verified: Verified
    feed: VerificationFeed
    missed: list[str]

    def verify(self, account: str, level: VerificationLevel, name: str = "") -> None:
        """Make a verification durable, as the use case does."""
        one = Verification(
            request_id=f"{account}-{level.name}",
            fingerprint=b"f",
            account=account,
            real_name=name,
            result=RealNameResult.VERIFIED,
            level=level,
            verified_at_us=NOW_US,
            expires_at_us=NOW_US + DAY_US,
            provider="",
            policy="p",
            service="s",
            accounts_of_real_name=1,
            in_force_level=level,
            in_force_until_us=NOW_US + DAY_US,
        )
        self.store.commit([one])
        self.verified.forget([account])

    def follow(self) -> None:
        """Publish and copy all there is."""
        while self.feed.follow(LATER_US):
            pass

    def is_back(self) -> bool:
        """Follow once more; tell whether Redis answered."""
        self.feed.follow(LATER_US)
        return not self.feed.is_lost


Open = Callable[..., Office]


@pytest.fixture
def opened(redis: RedisServer) -> Iterator[Open]:
    """Return what opens the verifications of a directory; all close with the test."""
    with ExitStack() as ends:

        def start(directory: Path, entries_kept: int = 1000) -> Office:
            directory.mkdir(exist_ok=True)
            decisions = SqliteDecisionStore(directory)
            ends.callback(decisions.close)
            log = SqliteEventLog(directory)
            ends.callback(log.close)
            own = SqliteVerifications(log)
            store = SqliteSharedVerifications(directory, own, directory.name)
            shared = SharedLog(
                parse_addresses(redis.address),
                LOG_NAME,
                store.origin,
                timeout_s=5.0,
                entries_kept=entries_kept,
            )
            verified, missed = Verified(store), list[str]()
            feed = VerificationFeed(store, shared, verified.forget, lambda: missed.append("gap"))
            ends.callback(feed.close)
            return Office(store=store, verified=verified, feed=feed, missed=missed)

        yield start


def test_what_one_service_verified_the_others_know(opened: Open, tmp_path: Path) -> None:
    """The highest level wins wherever it was shown, and accounts of a name add up."""
    one, other = opened(tmp_path / "one"), opened(tmp_path / "other")
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
    opened: Open, redis: RedisServer, tmp_path: Path
) -> None:
    """What was durable before a kill is published by the next start, the rest is known."""
    one = opened(tmp_path / "one")
    one.verify("a", L1)
    one.follow()
    one.verify("b", L1)
    shutil.copytree(tmp_path / "one", tmp_path / "killed" / "one")
    again = opened(tmp_path / "killed" / "one")
    again.follow()
    one.follow()
    assert redis.call("XLEN", "{verified:1}") == 2
    other = opened(tmp_path / "other")
    other.follow()
    assert {name: other.verified.level(name, NOW_US) for name in "ab"} == {"a": L1, "b": L1}
    assert not other.missed


def backed_up(opened: Open, directory: Path) -> None:
    """Let a service verify two more accounts after a backup of it was made."""
    one = opened(directory / "one")
    one.verify("a", L1)
    one.follow()
    shutil.copytree(directory / "one", directory / "backup" / "one")
    for name in "bc":
        one.verify(name, L1)
    one.follow()


@pytest.mark.parametrize("count", [1, 4])
def test_verifications_after_a_backup_was_put_back_are_shared(
    opened: Open, redis: RedisServer, tmp_path: Path, count: int
) -> None:
    """Their places are those of others that the backup has not got, which all services know."""
    backed_up(opened, tmp_path)
    other = opened(tmp_path / "other")
    back = opened(tmp_path / "backup" / "one")
    new = [f"new-{number}" for number in range(count)]
    for name in new:
        back.verify(name, L1)
    for office in (back, other, back):
        office.follow()
    known = {name: other.verified.level(name, NOW_US) for name in ("a", "b", "c", *new)}
    assert {*known.values()} == {L1}
    assert back.verified.level("c", NOW_US) is L1
    assert not other.missed
    length = redis.call("XLEN", "{verified:1}")
    shutil.copytree(tmp_path / "backup" / "one", tmp_path / "killed" / "one")
    opened(tmp_path / "killed" / "one").follow()
    assert redis.call("XLEN", "{verified:1}") == length


def test_a_backup_is_noticed_when_redis_comes_back_after_a_restart(
    opened: Open, redis: RedisServer, tmp_path: Path
) -> None:
    """By then the log is as long as it was: the copy that knew more of it has told at once."""
    backed_up(opened, tmp_path)
    for file in (tmp_path / "one").glob(f"{FILE_NAME}*"):
        shutil.copy(file, tmp_path / "backup" / "one")
    redis.kill()
    back, new = opened(tmp_path / "backup" / "one"), [f"new-{number}" for number in range(4)]
    for name in new:
        back.verify(name, L1)
    shutil.copytree(tmp_path / "backup" / "one", tmp_path / "again" / "one")
    redis.start()
    again, other = opened(tmp_path / "again" / "one"), opened(tmp_path / "other")
    for office in (again, other):
        wait_until(office.is_back, "verifications are followed again")
        office.follow()
    assert {other.verified.level(name, NOW_US) for name in new} == {L1}


@pytest.mark.parametrize(
    ("head", "items"),
    [(None, b"\xc1"), (None, b"\x91\x81\xa7account\xa1\xff"), (b"short", b"\x90")],
    ids=["no items", "no text", "no head"],
)
def test_an_entry_that_cannot_be_read_stops_nothing(
    opened: Open,
    redis: RedisServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    head: bytes | None,
    items: bytes,
) -> None:
    """It is missed, which is said once, and what comes behind it is known."""
    one, other = opened(tmp_path / "one"), opened(tmp_path / "other")
    one.verify("a", L1)
    one.follow()
    redis.damage_last("{verified:1}", head, items)
    one.verify("b", L1)
    one.follow()
    for _ in range(2):
        other.follow()
    assert other.missed == ["gap"]
    assert caplog.messages.count("verifications_missed") == 1
    assert other.verified.level("b", NOW_US) is L1


def test_a_gap_is_said_and_a_copied_file_fills_it(opened: Open, tmp_path: Path) -> None:
    """A service that comes when the log was trimmed starts from another's copy."""
    one = opened(tmp_path / "one", entries_kept=100)
    one.follow()
    for number in range(350):
        one.verify(f"acc-{number}", L1)
        one.feed.follow(LATER_US)
    late = opened(tmp_path / "late")
    late.follow()
    assert late.missed == ["gap"]
    assert late.verified.level("acc-0", NOW_US) is VerificationLevel.UNSPECIFIED
    mended = tmp_path / "mended"
    mended.mkdir()
    one.follow()
    with (
        closing(sqlite3.connect(tmp_path / "one" / FILE_NAME)) as theirs,
        closing(sqlite3.connect(mended / FILE_NAME)) as copy,
    ):
        theirs.backup(copy)
    fresh = opened(mended)
    fresh.verify("mine", L1)
    fresh.follow()
    late.follow()
    assert not fresh.missed
    assert fresh.verified.level("acc-0", NOW_US) is L1
    assert late.verified.level("mine", NOW_US) is L1


def test_verifications_go_on_while_redis_is_away(
    opened: Open, redis: RedisServer, tmp_path: Path
) -> None:
    """Own ones count at once; afterwards the others have them."""
    one, other = opened(tmp_path / "one"), opened(tmp_path / "other")
    one.follow()
    redis.kill()
    one.verify("a", L2, "name")
    assert not one.feed.follow(LATER_US)
    assert one.feed.is_lost
    assert one.verified.level("a", NOW_US) is L2
    redis.start()
    for office in (one, other):
        wait_until(office.is_back, "verifications are followed again")
        office.follow()
    assert other.verified.level("a", NOW_US) is L2


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
