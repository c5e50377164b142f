"""The server is killed without warning, again and again, and loses no answered decision."""

import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from risk_service.client import AsyncRiskClient, ClientOptions, DecisionAnswer
from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from tests.bench.processes import cores, serving
from tests.bench.world import World, distinct_orders
from tests.fixtures.stored import stored_records

pytestmark = pytest.mark.proof

KILLS = 20
IN_FLIGHT = 32
# Few orders, so that each collects many numbered decisions.
ORDERS = 60
REPEATED = 40
DATABASE = "decisions.sqlite3"
PATIENT = ClientOptions(deadline_ms=30_000)


@dataclass
class Ledger:
    """What was asked, and what was answered with a decision."""

    orders: Sequence[order_pb2.Order]
    asked: dict[str, order_pb2.Order] = field(default_factory=dict)
    answered: dict[str, risk_pb2.Decision] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    async def ask(self, client: AsyncRiskClient, request_id: str) -> None:
        """Ask once and note a decision; a fallback says nothing about what was stored."""
        answer = await client.score_order(self.asked[request_id], request_id)
        if isinstance(answer, DecisionAnswer):
            known = self.answered.setdefault(request_id, answer.message)
            assert answer.message == known, "a repeated request got another answer"

    def next_request(self) -> str:
        """Return the id of a new request."""
        number = next(self.numbers)
        request_id = f"req_{number}"
        self.asked[request_id] = self.orders[number % len(self.orders)]
        return request_id


async def load_until(ledger: Ledger, target: str, gone: asyncio.Event) -> None:
    """Keep requests in flight until the server has been killed."""
    async with AsyncRiskClient(target, PATIENT) as client:

        async def one_after_the_other() -> None:
            while not gone.is_set():
                await ledger.ask(client, ledger.next_request())

        await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))


async def check_by_service(ledger: Ledger, target: str, request_ids: Sequence[str]) -> None:
    """Every answered decision is there by id; the same request gets the same answer."""
    async with AsyncRiskClient(target, PATIENT) as client:
        for request_id in request_ids:
            given = ledger.answered[request_id]
            found = await client.get_decision(decision_id=given.decision_id)
            assert found.message == given
        for request_id in request_ids[-REPEATED:]:
            await ledger.ask(client, request_id)


def check_by_database(ledger: Ledger, database: Path) -> None:
    """Every answered decision is a row; numbers of an order rise by one without a gap."""
    rows = [record.decision for record in stored_records(database)]
    stored = {one.request_id: (one.decision_id, one.order_id, one.number) for one in rows}
    assert len(stored) == len(rows), "a request id was stored twice"
    lost = [
        request_id
        for request_id, given in ledger.answered.items()
        if stored.get(request_id) != (given.decision_id, given.order_id, given.number)
    ]
    assert not lost, f"{len(lost)} answered decisions were lost"
    by_order: dict[str, list[int]] = {}
    for _, order_id, number in stored.values():
        by_order.setdefault(order_id, []).append(number)
    for order_id, numbers in by_order.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), order_id


async def one_life(ledger: Ledger, command: list[str], scratch: Path, lives_s: float) -> None:
    """Start, check what the life before answered, load, kill at a random moment, check."""
    before = list(ledger.answered)
    with serving(command, scratch / "server.log", cores().server) as server:
        await check_by_service(ledger, server.target, before[-400:])
        gone = asyncio.Event()
        load = asyncio.create_task(load_until(ledger, server.target, gone))
        await asyncio.sleep(lives_s)
        server.process.kill()
        server.process.wait()
        gone.set()
        await load
    assert len(ledger.answered) > len(before), "nothing was answered: the kill proved nothing"


# The real command, with commits half a second after the answers.
ANSWER_FIRST = """
import asyncio
from risk_service.adapters.sqlite import decisions
commit = decisions.SqliteDecisionStore.commit
def later(self, records, reserved=None):
    asyncio.get_running_loop().call_later(0.5, commit, self, records, reserved)
decisions.SqliteDecisionStore.commit = later
from risk_service.cli.main import main
main()
"""


async def test_the_proof_notices_lost_decisions(
    world: World, serve_options: list[str], tmp_path: Path
) -> None:
    """A server that answers before it commits fails the check after one kill."""
    ledger = Ledger(distinct_orders(world))
    command = [sys.executable, "-c", ANSWER_FIRST, *serve_options]
    await one_life(ledger, command, tmp_path, 2.0)
    with pytest.raises(AssertionError, match="lost"):
        check_by_database(ledger, tmp_path / "state" / DATABASE)


async def test_no_answered_decision_is_lost(
    world: World, serve_command: list[str], tmp_path: Path
) -> None:
    """Twenty SIGKILLs under load: each decision that left is stored, once, unchanged."""
    ledger = Ledger(distinct_orders(world)[:ORDERS])
    draw = random.Random(9)
    for _ in range(KILLS):
        await one_life(ledger, serve_command, tmp_path, draw.uniform(0.2, 1.5))
        check_by_database(ledger, tmp_path / "state" / DATABASE)
    unanswered = [request_id for request_id in ledger.asked if request_id not in ledger.answered]
    assert unanswered, "no kill hit a request in flight: the proof proved nothing"
    with serving(serve_command, tmp_path / "server.log", cores().server) as server:
        await check_by_service(ledger, server.target, list(ledger.answered)[-400:])
        async with AsyncRiskClient(server.target, PATIENT) as client:
            for request_id in unanswered:
                await ledger.ask(client, request_id)
    assert set(ledger.answered) == set(ledger.asked)
    check_by_database(ledger, tmp_path / "state" / DATABASE)
