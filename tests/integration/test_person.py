"""What ``risk person`` tells of a customer of the real service, beside it and after its death."""

import json
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from risk_service.identity.keys import new_identity_key, write_identity_key
from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.claims import action_request, claim_request, id_number, verify_request
from tests.fixtures.events import life, report
from tests.fixtures.limit_texts import with_flash_level
from tests.fixtures.postgres_server import PASSWORD, postgres_server
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    score_request,
    start_server,
)

Stub = risk_pb2_grpc.RiskServiceStub
NAME = id_number()
PHONE = "13912345678"
KINDS = ("decisions", "claims", "actions", "events", "reservations", "verifications")
# What Ann has done comes to so many records of each.
OF_ANN = (3, 1, 2, 4, 4, 1)


def order_of(person: str, request_id: str, phone: str = PHONE) -> risk_pb2.ScoreOrderRequest:
    """Return an order of flash sale goods, so that something is reserved."""
    request = score_request(request_id, order_id=f"o-{request_id}")
    order = request.order
    order.account.account_id = f"acc-{person}"
    order.device_id, order.recipient.phone = f"dev-{person}", phone
    order.payment_instrument.payment_instrument_id = f"pay-{person}"
    order.address.detail = f"世纪大道{len(request_id) + ord(person[0])}号8栋1201室"
    order.session.drop_id = "drop-1"
    order.lines[0].sku = f"sku-{request_id}"
    order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
    order.lines[0].campaign_id = "campaign-1"
    return request


def lives(stub: Stub, person: str) -> None:
    """Let a customer verify, order twice, pay, ask for a refund, draw and be invited."""
    number = NAME if person == "ann" else id_number(birthday="19880101")
    stub.VerifyRealName(verify_request(f"v-{person}", f"acc-{person}", number=number), timeout=10)
    for n in (1, 2):
        phone = PHONE if person == "ann" else "13700000000"
        stub.ScoreOrder(order_of(person, f"{person}-{n}", phone), timeout=10)
    report(stub, [life(f"paid-{person}", f"o-{person}-1")])
    stub.ScoreRefund(claim_request(f"claim-{person}", f"o-{person}-1"), timeout=10)
    stub.AssessPromotionAction(action_request(f"act-{person}", account=f"acc-{person}"), timeout=10)
    stub.AssessPromotionAction(
        action_request(f"inv-{person}", account="acc-host", related=f"acc-{person}"), timeout=10
    )


@dataclass(kw_only=True)
class Shop:
    """A service with customers, and how it is asked about them."""

    files: ServiceFiles
    server: RunningServer
    stub: Stub
    options: list[str]
    environment: dict[str, str]

    def run(self, *arguments: str, typed: str = "") -> Any:
        """Run the command in this process."""
        command = ["person", "--state", str(self.files.state), *self.options, *arguments]
        return CliRunner().invoke(risk, command, input=typed, env=self.environment)

    def told(self, typed: str, *arguments: str) -> dict[str, Any]:
        """Return what is told of what was typed."""
        done = self.run("--from", "-", "--json", *self.key, *arguments, typed=typed)
        assert done.exit_code == 0, done.output
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    @property
    def key(self) -> list[str]:
        """Return the option of the key."""
        return ["--identity-key", str(self.files.identity_key)]


@pytest.fixture(scope="module", params=["embedded", "postgres"])
def shop(
    request: pytest.FixtureRequest,
    master_files: ServiceFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """Return a service on either ledger, with two customers who share a phone once."""
    directory = tmp_path_factory.mktemp(f"person-{request.param}")
    files = copy_files(master_files, directory)
    where = {
        "RISK_REAL_NAME_PROVIDER": "local", "RISK_LIMITS": str(with_flash_level(directory)),
    }  # fmt: skip
    with ExitStack() as opened:
        options = []
        if request.param == "postgres":
            options = ["--ledger", opened.enter_context(postgres_server()).address]
            # On a busy machine it answers late, which is an outage to an order.
            where |= {"RISK_LEDGER_PASSWORD": PASSWORD, "RISK_LEDGER_TIMEOUT_MS": "5000"}
        server = opened.enter_context(start_server(files, options, environment=where))
        channel = opened.enter_context(grpc.insecure_channel(server.address))
        one = Shop(
            files=files, server=server, stub=Stub(channel), options=options, environment=where
        )
        for person in ("ann", "bob"):
            lives(one.stub, person)
        one.stub.ScoreOrder(order_of("bob", "bob-gift", PHONE), timeout=10)
        listed = ["lists", "add", "ring-1", "--kind", "deny", "--entity", "account", "--value",
                  "acc-ann", "--reason", "ring 1", "--server", server.address]  # fmt: skip
        assert CliRunner().invoke(risk, listed).exit_code == 0
        yield one


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    """Return how many records there are of each kind."""
    return tuple(answer[kind]["total"] for kind in KINDS)


ASKED = f'account = "acc-ann"\nphone = "+86 139-1234-5678"\nreal_name = "{NAME}"\n'


def test_every_record_of_a_customer_is_told_and_none_of_another(shop: Shop) -> None:
    """Typed as people type; the gift that another sent to her phone is told as that."""
    answer = shop.told(ASKED)
    assert counts(answer) == OF_ANN
    by = {row["order_id"]: row["by"] for row in answer["decisions"]["records"]}
    everything = ["account", "phone", "real_name"]
    assert by == {"o-ann-1": everything, "o-ann-2": everything, "o-bob-gift": ["phone"]}
    kinds = [(row["kind"], row["by"]) for row in answer["events"]["records"]]
    assert ("PAID", ["order"]) in kinds
    assert [row["by"] for row in answer["actions"]["records"]] == [["account"], ["related"]]
    states = {row["reservation_id"]: row["state"] for row in answer["reservations"]["records"]}
    assert set(states) == {"o-ann-1", "o-ann-2", "o-bob-gift", "action:a-act-ann"}
    assert states["o-ann-1"] == "CONFIRMED"
    assert states["o-ann-2"] == "HELD"
    (entry,) = answer["list_entries"]["records"]
    assert (entry["terms"]["list_id"], entry["state"]) == ("ring-1", "live")
    (verification,) = answer["verifications"]["records"]
    assert verification["by"] == ["account", "real_name"]


def test_each_identifier_finds_the_person_and_an_order_itself(shop: Shop) -> None:
    """By one alone; a token of a record needs no key; an order tells of no other."""
    for text, decisions in (
        ('account = "acc-ann"', 2), ('device = "dev-ann"', 2), ('payment = " pay-ann "', 2),
        ('phone = "13912345678"', 3), ('account = ["acc-ann", "acc-bob"]', 5),
        (f'real_name = "{NAME}"', 2), ('account = "nobody"', 0),
    ):  # fmt: skip
        assert shop.told(text)["decisions"]["total"] == decisions, text
    token = shop.told('account = "acc-ann"')["asked"]["identifiers"][0]["token"]
    done = shop.run("--token", f"account={token}", "--json")
    assert json.loads(done.stdout)["decisions"]["total"] == 2
    alone = json.loads(shop.run("--order", "o-ann-1", "--json").stdout)
    assert counts(alone) == (1, 1, 0, 2, 1, 0)


def test_no_identifier_is_printed_logged_or_kept(shop: Shop) -> None:
    """Neither where it is told nor where it was noted that somebody read it."""
    done = shop.run("--from", "-", *shop.key, "--lang", "zh", "--why", "appeal 17", typed=ASKED)
    assert done.exit_code == 0
    assert "实名核验" in done.stdout
    place = shop.files.state / "governance.sqlite3"
    with sqlite3.connect(place) as db:
        rows = db.execute("SELECT * FROM audit WHERE action = 'person.read'").fetchall()
    assert any('"why":"appeal 17"' in row[-1] for row in rows)
    assert all(row[2].startswith("os:") for row in rows)
    everywhere = done.output + repr(rows) + shop.server.log.read_text()
    for secret in ("acc-ann", PHONE, "1234-5678", NAME):
        assert secret not in everywhere


def test_reading_beside_a_writer_disturbs_neither(shop: Shop) -> None:
    """Orders go on being answered, and every answer is complete."""
    stop, answered = threading.Event(), []

    def writes() -> None:
        while not stop.is_set():
            n = len(answered)
            answered.append(shop.stub.ScoreOrder(order_of("cyd", f"cyd-{n}", "1"), timeout=10))

    writer = threading.Thread(target=writes)
    writer.start()
    try:
        reads = 0
        while reads < 5 or (len(answered) <= 5 and writer.is_alive()):
            assert counts(shop.told(ASKED)) == OF_ANN
            reads += 1
    finally:
        stop.set()
        writer.join()
    assert len(answered) > 5
    assert shop.told('account = "acc-cyd"')["decisions"]["total"] == len(answered)


def test_another_key_is_refused_and_not_answered_with_nothing(shop: Shop, tmp_path: Path) -> None:
    """An empty answer would be a wrong one; nor does a token of another key match."""
    write_identity_key(tmp_path / "other.key", new_identity_key())
    done = shop.run(
        "--from", "-", "--identity-key", str(tmp_path / "other.key"), typed='account = "acc-ann"'
    )
    assert "another identity key" in str(done.exception)
    done = shop.run("--token", f"account=k9:{'0' * 32}", "--lang", "zh")
    assert "不会有任何匹配" in done.output
    done = shop.run("--from", "-", typed='account = "acc-ann"')
    assert "--identity-key" in str(done.exception)


def test_a_ledger_that_was_not_read_is_named(shop: Shop) -> None:
    """One that is not there, one without these tables; the rest is told all the same."""
    if not shop.options:
        assert "PostgreSQL" in shop.told(ASKED)["not_read"]["shared_ledger"]
        return
    option, address = shop.options
    assert "shared_ledger" not in shop.told(ASKED)["not_read"]
    for other in (address.replace("/postgres", "/template1"), "postgresql://l@127.0.0.1:1/none"):
        answer = shop.told(ASKED, option, other)
        assert "PostgreSQL" in answer["not_read"]["reservations"]
        assert answer["decisions"]["total"] == OF_ANN[0]


def test_after_a_kill_the_same_is_told(shop: Shop) -> None:
    """Nothing was closed, copied back or indexed; last, for the service is gone then."""
    before = shop.told(ASKED)
    shop.server.signal(signal.SIGKILL)
    shop.server.process.wait()
    assert shop.told(ASKED) == before
    read_only = shop.run("--from", "-", *shop.key, "--without-trail", "--json", typed=ASKED)
    assert json.loads(read_only.stdout) == before
    (shop.files.state / "governance.sqlite3").rename(shop.files.state / "away")
    done = shop.run("--order", "o-ann-1")
    assert "--without-trail" in str(done.exception)
