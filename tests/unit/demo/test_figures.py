"""The demo's figures mean what their definitions say."""

from risk_service.client import DecisionAnswer, FallbackAnswer, FallbackCause, Outcome
from risk_service.pb.risk.v1 import risk_pb2
from training.demo.figures import measure
from training.demo.governed import LimitFigures, limit_figures, step_figures
from training.demo.stream import EventTally, TimedAnswer
from training.demo.truth import Truth

HONEST = Truth(abuse="", strategy="", persona="family")
SCALPER = Truth(abuse="scalping", strategy="device_farm", persona="")


def decided(order_id: str, outcome: int, blamed: int | None = None) -> TimedAnswer:
    """Return an answer, with one reason that blames an abuse."""
    reasons = [] if blamed is None else [risk_pb2.Reason(code="CODE", abuse=blamed)]
    decision = risk_pb2.Decision(
        decision_id=f"dec_{order_id}",
        order_id=order_id,
        outcome=outcome,
        mode=risk_pb2.MODE_FULL,
        reasons=reasons,
        scores=[risk_pb2.AbuseScore(abuse=risk_pb2.ABUSE_SCALPING, score=950)],
    )
    return TimedAnswer(order_id=order_id, answer=DecisionAnswer(decision), latency_ms=2.0)


def fallen_back() -> TimedAnswer:
    """Return an answer that the client gave by itself."""
    order_id = "h4"
    answer = FallbackAnswer(
        request_id=f"demo-{order_id}",
        order_id=order_id,
        outcome=Outcome.REVIEW,
        cause=FallbackCause.UNAVAILABLE,
        detail="",
    )
    return TimedAnswer(order_id=order_id, answer=answer, latency_ms=4.0)


ANSWERS = [
    decided("s1", risk_pb2.OUTCOME_DENY, risk_pb2.ABUSE_SCALPING),
    decided("s2", risk_pb2.OUTCOME_ALLOW),
    decided("h1", risk_pb2.OUTCOME_ALLOW),
    decided("h2", risk_pb2.OUTCOME_CHALLENGE, risk_pb2.ABUSE_SCALPING),
    decided("h3", risk_pb2.OUTCOME_REVIEW, risk_pb2.ABUSE_REFUND),
    fallen_back(),
]
EVENTS = EventTally(accepted=7, refused={"UNKNOWN_ORDER": 2})
TRUTH = {"s1": SCALPER, "s2": SCALPER} | dict.fromkeys(("h1", "h2", "h3", "h4"), HONEST)


def test_recall_is_the_stopped_share_of_an_abuse() -> None:
    """One of two scalping orders was stopped; an abuse that nobody tried has no recall."""
    scalping, brushing, _ = measure(ANSWERS, EVENTS, TRUTH, seconds=2.0, in_flight=4).abuses
    assert (scalping.orders, scalping.stopped, scalping.recall) == (2, 1, 0.5)
    assert (brushing.orders, brushing.recall) == (0, None)


def test_false_positives_are_honest_orders_stopped_for_that_abuse() -> None:
    """Each wrongly stopped order counts for the abuse it was blamed for, and no other."""
    scalping, brushing, refund = measure(ANSWERS, EVENTS, TRUTH, seconds=2.0, in_flight=4).abuses
    assert [scalping.honest_stopped, brushing.honest_stopped, refund.honest_stopped] == [1, 0, 1]
    assert scalping.false_positive_rate == 0.25


def test_who_was_hurt_is_told_by_persona() -> None:
    """Stopped honest orders, a fallback's review among them, over all honest orders."""
    figures = measure(ANSWERS, EVENTS, TRUTH, seconds=2.0, in_flight=4)
    assert figures.honest_stopped_by_persona == {"family": (3, 4)}
    assert (figures.honest_stopped, figures.fallbacks) == (3, 1)
    assert figures.orders_per_s == 3.0


def test_examples_prefer_one_stopped_order_of_each_abuse() -> None:
    """The examples are decisions with reasons, the abusive one first."""
    examples = measure(ANSWERS, EVENTS, TRUTH, seconds=2.0, in_flight=4).examples
    assert [example.order_id for example in examples] == ["s1", "h3"]
    assert examples[0].truth == "scalping (device_farm)"


def test_an_attackers_ordinary_order_is_not_an_honest_customers() -> None:
    """Camouflage counts neither as abuse nor as a customer who was hurt."""
    plain = Truth(abuse="", strategy="", persona="camouflage")
    figures = measure(ANSWERS, EVENTS, TRUTH | {"h2": plain}, seconds=2.0, in_flight=4)
    assert (figures.honest_orders, figures.honest_stopped) == (3, 2)
    assert (figures.camouflage_orders, figures.camouflage_stopped) == (1, 1)
    assert figures.abuses[0].honest_stopped == 0


def limited(order_id: str, *, blocked: bool) -> TimedAnswer:
    """Return an answer to an order in the scope of one limit and a shadow limit."""
    uses = [
        risk_pb2.LimitUse(
            policy_id="two-each",
            subject=subject,
            cap=2,
            requested=1,
            granted=0 if blocked else 1,
            blocking=blocked and subject == "device",
        )
        for subject in ("account", "device")
    ]
    uses.append(risk_pb2.LimitUse(policy_id="idea", shadow=True, blocking=True))
    outcome = risk_pb2.OUTCOME_DENY if blocked else risk_pb2.OUTCOME_ALLOW
    causes = [risk_pb2.Cause(step="limit", ref="two-each", outcome=outcome)] if blocked else []
    decision = risk_pb2.Decision(
        decision_id=f"dec_{order_id}",
        order_id=order_id,
        outcome=outcome,
        mode=risk_pb2.MODE_FULL,
        limit_uses=uses,
        causes=causes,
    )
    return TimedAnswer(order_id=order_id, answer=DecisionAnswer(decision), latency_ms=1.0)


def test_an_order_counts_once_for_a_limit_however_many_signs_it_counts_on() -> None:
    """Two subjects of one policy are one order; shadow limits are left out."""
    answers = [limited("s1", blocked=True), limited("h1", blocked=False), fallen_back()]
    assert limit_figures(answers, TRUTH) == [
        LimitFigures(
            policy="two-each",
            orders=2,
            asked=2,
            granted=1,
            blocked=1,
            blocked_abusive=1,
            blocked_honest=0,
        )
    ]


def test_who_stopped_an_order_is_told_by_step() -> None:
    """Only causes of the answer's own outcome count, with whom they hit."""
    (row,) = step_figures([limited("s1", blocked=True), limited("h1", blocked=False)], TRUTH)
    assert (row.step, row.ref, row.orders, row.abusive, row.honest) == (
        "limit",
        "two-each",
        1,
        1,
        0,
    )
