"""The desk: a group of calls in, an answer for each out."""

from collections.abc import Sequence

from risk_service.decisions.attempt import Attempt
from risk_service.domain.decision import Decision
from risk_service.domain.errors import InvalidInput, StoreUnavailable
from risk_service.identity.keys import IdentityKey
from risk_service.identity.payload import Fingerprinter
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert import answered
from risk_service.rpc.desk import Desk
from risk_service.rpc.validate import TimeWindow
from risk_service.telemetry import Metrics
from tests.fixtures.records import record
from tests.fixtures.service import score_request

ANY_TIME = TimeWindow(earliest_us=None, latest_us=None)


class Decider:
    """Answers each attempt with a decision under its request id; remembers the groups."""

    def __init__(self) -> None:
        self.groups: list[list[Attempt]] = []

    def decide(self, attempts: Sequence[Attempt]) -> list[Decision | Exception]:
        """Decide; the request id "down" meets a store that is down."""
        self.groups.append(list(attempts))
        return [
            StoreUnavailable("down")
            if attempt.request_id == "down"
            else record(attempt.request_id).decision
            for attempt in attempts
        ]


def desk_over(decider: Decider, metrics: Metrics | None = None) -> Desk:
    """Return a desk that asks this decider."""
    return Desk(
        decide=decider.decide,
        fingerprinter=Fingerprinter(IdentityKey(key_id="k1", secret=bytes(32))),
        window=lambda: ANY_TIME,
        metrics=metrics or Metrics(),
    )


def test_bytes_are_answered_by_bytes_and_attempts_by_decisions() -> None:
    """Each call of a mixed group gets its own answer, in its place."""
    decider = Decider()
    desk = desk_over(decider)
    attempt = desk.order_attempt(score_request("two"), ANY_TIME)
    answers = desk.answer([score_request("one").SerializeToString(), attempt])
    expected = answered(risk_pb2.ScoreOrderResponse, record("one").decision)
    assert answers == [expected.SerializeToString(), record("two").decision]
    assert [one.request_id for one in decider.groups[0]] == ["one", "two"]


def test_what_is_wrong_with_a_call_is_that_calls_answer() -> None:
    """Broken bytes, a broken constraint and a store that is down leave their neighbours alone."""
    desk = desk_over(Decider())
    broken = [b"\xff\xff", score_request("").SerializeToString()]
    good = [score_request(name).SerializeToString() for name in ("one", "down", "two")]
    answers = desk.answer([good[0], broken[0], good[1], broken[1], good[2]])
    kinds = [type(answer) for answer in answers]
    assert kinds == [bytes, InvalidInput, StoreUnavailable, InvalidInput, bytes]


def test_a_group_of_nothing_valid_asks_nobody() -> None:
    """The pipeline is not run for a group without an order."""
    decider = Decider()
    (answer,) = desk_over(decider).answer([b"\xff"])
    assert isinstance(answer, InvalidInput)
    assert decider.groups == []


def test_an_attempt_is_the_same_whatever_way_its_bytes_were_written() -> None:
    """Fields in another order, as another client may write them, make no other payload."""
    decider = Decider()
    desk = desk_over(decider)
    request = score_request("one")
    order = b"\x12" + _length(request.order.SerializeToString())
    desk.answer([request.SerializeToString(), order + b"\x0a\x03one"])
    first, second = decider.groups[0]
    assert first == second


def _length(message: bytes) -> bytes:
    low, high = len(message) & 0x7F | 0x80, len(message) >> 7
    assert high < 0x80
    return bytes([low, high]) + message


def test_decisions_are_counted_by_outcome() -> None:
    """The counter knows every decision of a group; errors are none."""
    metrics = Metrics()
    desk = desk_over(Decider(), metrics)
    desk.answer([score_request(name).SerializeToString() for name in ("one", "two", "down")])
    labels = {"outcome": "ALLOW", "mode": "FULL"}
    assert metrics.registry.get_sample_value("risk_decisions_total", labels) == 2.0
