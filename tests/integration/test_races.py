"""Many callers at once, with the same keys, and a disk that fills up under them."""

import asyncio
import random
import resource
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio

from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.service import RunningServer, ServiceFiles, score_request, start_server
from tests.fixtures.stored import stored_records

Code = grpc.StatusCode
Stub = risk_pb2_grpc.RiskServiceStub
REQUESTS, ORDERS, CALLS = 120, 17, 600
# Allowed, and challenged: two payloads of one request id.
UNITS = (1, 9)


@dataclass
class Crowd:
    """Callers that send the same requests at the same time, and what they were told."""

    stub: Stub
    random: random.Random
    answers: dict[str, set[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(set))
    refusals: Counter[Code] = field(default_factory=Counter)
    requests: dict[tuple[int, int], risk_pb2.ScoreOrderRequest] = field(default_factory=dict)

    def request(self, n: int, payload: int) -> risk_pb2.ScoreOrderRequest:
        """Return the same message whenever the same is asked for."""
        known = self.requests.get((n, payload))
        if known is None:
            known = score_request(f"r{n}", order_id=f"o{n % ORDERS}", units=UNITS[payload])
            self.requests[n, payload] = known
        return known

    def told(self, payload: int, decision: risk_pb2.Decision) -> None:
        """Note an answer."""
        self.answers[decision.request_id].add((payload, decision.SerializeToString()))

    async def single(self, n: int, payload: int) -> None:
        """Ask for one order; complete its challenge from several callers at once."""
        try:
            reply = await self.stub.ScoreOrder(self.request(n, payload), timeout=30)
        except grpc.aio.AioRpcError as error:
            self.refusals[error.code()] += 1
            return
        self.told(payload, reply.decision)
        if reply.decision.HasField("challenge"):
            calls = [self.complete(reply.decision, caller) for caller in (0, 0, 1, 1)]
            numbers = set(await asyncio.gather(*calls)) - {0}
            assert numbers <= {reply.decision.number + 1}

    async def complete(self, challenged: risk_pb2.Decision, caller: int) -> int:
        """Report a challenge as passed; return the number of the decision, or 0."""
        report = risk_pb2.CompleteChallengeRequest(
            request_id=f"{challenged.request_id}-c{caller}",
            challenge_id=challenged.challenge.challenge_id,
            result=risk_pb2.CHALLENGE_RESULT_PASSED,
        )
        try:
            reply = await self.stub.CompleteChallenge(report, timeout=30)
        except grpc.aio.AioRpcError as error:
            self.refusals[error.code()] += 1
            return 0
        self.told(0, reply.decision)
        number: int = reply.decision.number
        return number

    async def batch(self, picks: list[tuple[int, int]]) -> None:
        """Ask for several at once, some of them twice and while others ask for them."""
        message = risk_pb2.BatchScoreOrdersRequest(requests=[self.request(*p) for p in picks])
        reply = await self.stub.BatchScoreOrders(message, timeout=30)
        for (n, payload), result in zip(picks, reply.results, strict=True):
            assert result.request_id == f"r{n}"
            if result.HasField("decision"):
                self.told(payload, result.decision)
            else:
                assert result.error.code == Code.ALREADY_EXISTS.value[0]

    def calls(self) -> list[Coroutine[None, None, None]]:
        """Return the calls of one wave."""
        picks = [(self.random.randrange(REQUESTS), self.random.randrange(2)) for _ in range(CALLS)]
        singles = [self.single(*pick) for pick in picks[: CALLS // 2]]
        rest = picks[CALLS // 2 :]
        return [
            *singles,
            *(self.batch([*rest[i : i + 9], rest[i]]) for i in range(0, len(rest), 9)),
        ]


def kept(state: Path) -> dict[str, tuple[str, int]]:
    """Return order and number of each stored request; every request stands once."""
    decisions = [record.decision for record in stored_records(state / FILE_NAME)]
    assert len({one.request_id for one in decisions}) == len(decisions)
    return {one.request_id: (one.order_id, one.number) for one in decisions}


def assert_numbered(stored: dict[str, tuple[str, int]]) -> None:
    """Each order's decisions are 1 to n, without a gap or a repeat."""
    numbers = defaultdict(list)
    for order, number in stored.values():
        numbers[order].append(number)
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())


async def crowd_of(address: str) -> Crowd:
    """Let a crowd loose on a server."""
    async with grpc.aio.insecure_channel(address) as channel:
        crowd = Crowd(Stub(channel), random.Random(7))
        for _ in range(2):
            await asyncio.gather(*crowd.calls())
    return crowd


def test_one_decision_per_request_whoever_asks_at_once(files: ServiceFiles) -> None:
    """Equal requests get equal bytes, other payloads none, challenges one end, orders 1..n."""
    with start_server(files) as server:
        crowd = asyncio.run(crowd_of(server.address))
        server.stop()
    assert set(crowd.refusals) == {Code.ALREADY_EXISTS, Code.FAILED_PRECONDITION}
    assert all(len(answers) == 1 for answers in crowd.answers.values())
    stored = kept(files.state)
    assert stored.keys() == crowd.answers.keys()
    assert_numbered(stored)


def let_grow(server: RunningServer, bytes_max: int) -> None:
    """Bound the size of the files that the server may write."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))


def ask_for(stub: Stub, ids: range) -> dict[str, risk_pb2.Decision | Code]:
    """Ask one after the other; return each decision, or the code of the refusal."""
    found: dict[str, risk_pb2.Decision | Code] = {}
    for n in ids:
        try:
            found[f"r{n}"] = stub.ScoreOrder(
                score_request(f"r{n}", order_id="o"), timeout=30
            ).decision
        except grpc.RpcError as error:
            found[f"r{n}"] = error.code()
    return found


def test_full_disk_refuses_and_recovers_without_a_gap(files: ServiceFiles) -> None:
    """No room: UNAVAILABLE, nothing stored, old answers stand; room again: it goes on."""
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        before = ask_for(stub, range(20))
        # Not a byte more, whichever file is written: the WAL may start afresh meanwhile.
        let_grow(server, 1)
        refused = ask_for(stub, range(20, 40))
        assert all(answer is Code.UNAVAILABLE for answer in refused.values())
        for request_id, decision in before.items():
            key = risk_pb2.GetDecisionRequest(request_id=request_id)
            assert stub.GetDecision(key, timeout=30).decision == decision
        let_grow(server, resource.RLIM_INFINITY)
        after = ask_for(stub, range(20, 40))
        assert server.stop() == 0
    stored = kept(files.state)
    assert stored.keys() == before.keys() | after.keys()
    assert_numbered(stored)
