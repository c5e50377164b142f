"""Counters changed by hand over gRPC and at the command line: always two people."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import grpc
import pytest
from click.testing import CliRunner, Result

from risk_service.cli.main import risk
from risk_service.client.admin import AdminClient
from risk_service.client.channel import ClientOptions
from risk_service.client.errors import AccessRefused, ClientError, InvalidRequest
from risk_service.client.limits import LimitClient
from risk_service.pb.risk.v1 import limits_pb2, limits_pb2_grpc, order_pb2, risk_pb2
from tests.fixtures.actors import ActorFiles
from tests.fixtures.limit_texts import policy
from tests.fixtures.service import RunningServer, ServiceFiles, copy_files, start_server

SPENT = policy("spent", measure="amount", cap=50_000) + 'currency = "CNY"\n'
POLICIES = "format = 1\n" + policy(cap=2) + policy("drop", window='"session"', cap=99) + SPENT
ANALYST, APPROVER, AUDITOR = "analyst", "approver", "auditor"


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, actors: ActorFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server with two units per account and SKU in force."""
    directory = tmp_path_factory.mktemp("adjusted")
    (directory / "limits.toml").write_text(POLICIES, "utf-8")
    files = copy_files(master_files, directory)
    where = {"RISK_LIMITS": str(directory / "limits.toml")}
    with start_server(files, actors.options(), environment=where) as running:
        yield running


class People:
    """Calls by the actors of one server."""

    def __init__(self, server: RunningServer, actors: ActorFiles) -> None:
        self._address, self._actors = server.address, actors

    def ask(self, actor_id: str, method: str, **values: object) -> dict[str, object]:
        """Return the answer of the limit service to an actor."""
        options = ClientOptions(token=self._actors.tokens[actor_id])
        with LimitClient(self._address, options) as client:
            return client.call(method, **values)

    def propose(self, adjustment_id: str, account: str, delta: int, **more: object) -> int:
        """Let the analyst propose a change of an account's counter; return its number."""
        usual = {"policy_id": "limit", "scope": "sku-1", "reason": "bought in the old shop"}
        subjects = {"account_id": account}
        answer = self.ask(
            ANALYST, "Adjust", adjustment_id=adjustment_id, subject="account",
            subjects=subjects, delta=delta, **usual | more,
        )  # fmt: skip
        adjustment = answer["adjustment"]
        assert isinstance(adjustment, dict)
        return int(adjustment["number"])

    def approve(self, number: int, by: str = APPROVER) -> dict[str, object]:
        """Return the change as it stands after its approval."""
        found = self.ask(by, "ApproveAdjustment", number=number)["adjustment"]
        assert isinstance(found, dict)
        return found

    def used(self, account: str) -> int:
        """Return what an account has confirmed."""
        found = self.ask(AUDITOR, "GetUsage", subjects={"account_id": account})["counters"]
        assert isinstance(found, list)
        return sum(one["confirmed"] for one in found)

    def outcome(self, order_id: str, account: str, sku: str = "sku-1") -> int:
        """Return what a reservation of one unit is granted."""
        asked = limits_pb2.LimitDemand(reservation_id=order_id)
        asked.subjects.account_id = account
        asked.lines.add(
            sku=sku, quantity=1, unit_price_minor=100,
            promotion_type=order_pb2.PROMOTION_TYPE_FLASH_SALE,
        )  # fmt: skip
        request = limits_pb2.ReserveRequest(demand=asked, ttl_s=600)
        with grpc.insecure_channel(self._address) as channel:
            answer = limits_pb2_grpc.LimitServiceStub(channel).Reserve(
                request, metadata=self._actors.metadata("checkout"), timeout=10
            )
        return answer.grant.outcome

    def run(self, actor_id: str, *arguments: str) -> Result:
        """Run a command as an actor."""
        command = ["limits", *arguments, "--server", self._address]
        return CliRunner().invoke(risk, command, env={"RISK_TOKEN": self._actors.tokens[actor_id]})


@pytest.fixture(scope="module")
def people(server: RunningServer, actors: ActorFiles) -> People:
    """Return calls by actor."""
    return People(server, actors)


def test_counts_once_another_has_approved(people: People) -> None:
    """Proposed it changes nothing; approved, customers may buy less; asked again it counts once."""
    number = people.propose("a-1", "dan", 2)
    assert people.used("dan") == 0
    assert people.propose("a-1", "dan", 2) == number
    assert people.approve(number)["state"] == "applied"
    assert people.used("dan") == 2
    assert people.outcome("o-1", "dan") == risk_pb2.OUTCOME_DENY
    with pytest.raises(ClientError, match="is applied, not proposed"):
        people.approve(number)
    with pytest.raises(ClientError, match="was used for another change"):
        people.propose("a-1", "dan", 1)
    assert people.used("dan") == 2
    assert people.ask(ANALYST, "Reconcile")["count"] == 0


def test_local_actor_cannot_approve_its_own(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On a laptop without actors one person proposes, and the constraint refuses the approval."""
    directory = tmp_path_factory.mktemp("alone")
    (directory / "limits.toml").write_text(POLICIES, "utf-8")
    files = copy_files(master_files, directory)
    where = {"RISK_LIMITS": str(directory / "limits.toml")}
    with start_server(files, environment=where) as server, LimitClient(server.address) as client:
        one = client.call(
            "Adjust", adjustment_id="a-1", policy_id="limit", subject="account",
            subjects={"account_id": "dan"}, scope="sku-1", delta=1, reason="a gift",
        )["adjustment"]  # fmt: skip
        assert (one["state"], one["author"]) == ("proposed", "local")
        with pytest.raises(AccessRefused, match="cannot approve it"):
            client.call("ApproveAdjustment", number=one["number"])
        assert client.call("GetUsage", subjects={"account_id": "dan"})["counters"] == []


def test_reaches_a_sku_with_a_blank(people: People) -> None:
    """Only a campaign or session stands behind a blank; elsewhere it is part of the SKU."""
    people.approve(people.propose("blank", "ned", 2, scope="red shoe"))
    assert people.outcome("o-blank", "ned", "red shoe") == risk_pb2.OUTCOME_DENY


def test_what_the_ledger_refuses_is_told(people: People) -> None:
    """More than is confirmed cannot be taken off; the change is closed and says so."""
    one = people.approve(people.propose("less", "eva", -1))
    assert one["state"] == "failed"
    assert "takes off more than is confirmed: 0 units 扣减超过已确认的 0 件" in str(one["note"])
    assert people.used("eva") == 0


def test_money_is_kept_with_its_currency(people: People) -> None:
    """So is why the ledger refuses a change."""
    one = people.approve(people.propose("m", "gus", -9_900, policy_id="spent", scope="s"))
    refused = "more than is confirmed: 0.00 CNY" in str(one["note"])
    assert (one["measure"], one["currency_code"], refused) == ("amount", "CNY", True)


def test_rejected_by_its_author_or_an_approver(people: People) -> None:
    """Closed it never counts, and nobody else may close it."""
    number = people.propose("no", "fay", 1)
    with pytest.raises(AccessRefused, match="is not its author"):
        people.ask(AUDITOR, "RejectAdjustment", number=number, note="no")
    with pytest.raises(InvalidRequest, match="note"):
        people.ask(ANALYST, "RejectAdjustment", number=number, note="")
    done = people.ask(ANALYST, "RejectAdjustment", number=number, note="a slip")["adjustment"]
    assert isinstance(done, dict)
    assert (done["state"], done["closed_by"], done["note"]) == ("rejected", ANALYST, "a slip")
    with pytest.raises(ClientError, match="is rejected, not proposed"):
        people.approve(number)
    assert people.used("fay") == 0


def test_wrong_proposals_are_refused_at_once(people: People) -> None:
    """What the policies in force cannot count is told to the author, not to the approver."""
    with pytest.raises(InvalidRequest, match="subject: the policy counts account"):
        people.ask(
            ANALYST, "Adjust", adjustment_id="x", policy_id="limit", subject="device",
            subjects={"device_id": "d"}, delta=1, reason="r",
        )  # fmt: skip
    with pytest.raises(ClientError, match="no policy `gone` counts"):
        people.ask(
            ANALYST, "Adjust", adjustment_id="x", policy_id="gone", subject="account",
            subjects={"account_id": "d"}, delta=1, reason="r",
        )  # fmt: skip
    with pytest.raises(InvalidRequest, match="scope: must name a timed drop: the SKU, a blank"):
        people.ask(
            ANALYST, "Adjust", adjustment_id="x", policy_id="drop", subject="account",
            subjects={"account_id": "d"}, scope="sku-1", delta=1, reason="r",
        )  # fmt: skip
    with pytest.raises(InvalidRequest, match="reason: holds what looks like a phone"):
        people.ask(
            ANALYST, "Adjust", adjustment_id="x", policy_id="limit", subject="account",
            subjects={"account_id": "d"}, delta=1, reason="13800138000 complains",
        )  # fmt: skip
    with pytest.raises(ClientError, match="there is no adjustment 999"):
        people.approve(999)


def test_every_step_stands_in_the_trail(server: RunningServer, people: People) -> None:
    """Who proposed, who approved, from what to what: without the raw id of the customer."""
    people.approve(people.propose("trail-1", "kim", 1))
    file = server.log.parent / "state" / "governance.sqlite3"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        sql = "SELECT actor_id, action, subject, before, after FROM audit ORDER BY number"
        rows = [row for row in db.execute(sql) if "trail-1" in row[4]]
    assert [row[:3] for row in rows] == [
        (ANALYST, "limits.adjust", "limits/limit"),
        (APPROVER, "adjustment.approve", "limits/limit"),
        (APPROVER, "adjustment.apply", "limits/limit"),
    ]
    assert "bought in the old shop" in rows[0][4]
    assert json.loads(rows[0][3]) == {"confirmed": 0}
    assert (json.loads(rows[2][3]), json.loads(rows[2][4])["confirmed"]) == ({"confirmed": 0}, 1)
    assert not any('"kim"' in text for row in rows for text in row)


def test_database_refuses_what_the_program_does_not(server: RunningServer, people: People) -> None:
    """An approval by the author, or a change of what was proposed, fails in the file itself."""
    number = people.propose("file", "leo", 1)
    file = server.log.parent / "state" / "governance.sqlite3"
    with closing(sqlite3.connect(file, timeout=20)) as db:
        for change in (
            "state = 'approved', approver = ' ANALYST'",
            "state = 'applied'",
            "delta = 5",
            "author = 'eve'",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(f"UPDATE adjustments SET {change} WHERE number = ?", (number,))  # noqa: S608 - texts of the test
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("DELETE FROM adjustments WHERE number = ?", (number,))


def test_interrupted_approval_is_given_again(server: RunningServer, people: People) -> None:
    """A process that died between approval and ledger leaves a change that goes on, once."""
    number = people.propose("half", "max", 1)
    file = server.log.parent / "state" / "governance.sqlite3"
    with closing(sqlite3.connect(file, timeout=20)) as db:
        db.execute(
            "UPDATE adjustments SET state = 'approved', approver = 'approver' WHERE number = ?",
            (number,),
        )
        db.commit()
    found = people.ask(AUDITOR, "ListAdjustments", state="approved")["adjustments"]
    assert isinstance(found, list)
    assert [one["number"] for one in found] == [number]
    assert people.approve(number)["state"] == "applied"
    assert people.used("max") == 1


def test_commands(server: RunningServer, people: People) -> None:
    """Propose, look, approve and reject at the command line."""
    change = ("--policy", "limit", "--subject", "account", "--scope", "sku-1", "--delta", "1")
    words = ("--id", "case-1", "--reason", "old shop", "--account", "jon")
    told = people.run(ANALYST, "adjust", *change, *words).stdout
    number = told.partition("number ")[2].partition(".")[0]
    assert told.endswith(f"risk limits adjustments approve {number}\n")
    listed = people.run(APPROVER, "adjustments", "list", "--state", "proposed").stdout
    assert "proposed  case-1: +1 unit on limit account " in listed
    own = people.run(ANALYST, "adjustments", "approve", number)
    assert own.exit_code == 1
    assert "lacks the scope approve" in own.stderr
    done = people.run(APPROVER, "adjustments", "approve", number).stdout
    assert done.startswith("applied   case-1: +1 unit on limit account ")
    assert done.endswith("by analyst, approved by approver: old shop\n")
    again = people.run(ANALYST, "adjust", *change, *words).stdout
    assert again == done
    more = people.run(
        ANALYST, "adjust", *change, "--id", "case-2", "--reason", "r", "--account", "jon"
    ).stdout
    number = more.partition("number ")[2].partition(".")[0]
    closed = people.run(APPROVER, "adjustments", "reject", number, "--note", "twice", "--json")
    assert json.loads(closed.stdout)["state"] == "rejected"


def test_repair_stands_in_the_trail(
    server: RunningServer, people: People, actors: ActorFiles
) -> None:
    """A counter that was damaged in the file is set right, and the trail says who did it."""
    people.approve(people.propose("damage", "pia", 1))
    assert people.ask(ANALYST, "Reconcile")["count"] == 0  # which writes what is in memory
    file = server.log.parent / "state" / "limit_counters.sqlite3"
    with closing(sqlite3.connect(file, timeout=20)) as db:
        db.execute("UPDATE limit_cells SET confirmed = confirmed + 3 WHERE confirmed > 0")
        db.commit()
    count = people.ask(ANALYST, "Reconcile", repair=True)["count"]
    assert isinstance(count, int)
    assert count > 0
    assert people.ask(ANALYST, "Reconcile")["count"] == 0
    options = ClientOptions(token=actors.tokens[AUDITOR])
    with AdminClient(server.address, options) as client:
        rows = client.call("ListAudit", action="limits.repair")["rows"]
    assert [(row["actor_id"], json.loads(row["after"])) for row in rows] == [
        (ANALYST, {"cells": count})
    ]
