"""The bytes of an answer against a message whose fields protobuf wrote."""

from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.decision import (
    AbuseScore,
    Cause,
    Challenge,
    Decision,
    QuantityLimit,
    Reason,
    Step,
    Versions,
)
from risk_service.domain.grant import GrantedLine, LimitUse, Measure
from risk_service.domain.hits import ListHit, MatchedValue, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import (
    Abuse,
    ChallengeKind,
    Mode,
    Outcome,
    VerificationLevel,
)
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert import answered, answered_bytes
from risk_service.rpc.decision_bytes import decision_bytes
from risk_service.rpc.wire_write import DoubleField, NumberField, TextField, varint

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)
UINT32 = st.integers(0, 2**32 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
DOUBLE = st.floats()
TIME_US = st.integers(0, 253_402_300_799_999_999)
LATER_US = st.integers(1, 253_402_300_799_999_999)
LOCALIZED = st.builds(LocalizedText, zh=TEXT, en=TEXT)
ABUSE = st.sampled_from(Abuse)
OUTCOME = st.sampled_from(Outcome)


def few(one: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """Return up to three of something."""
    return st.lists(one, max_size=3).map(tuple)


USES = st.builds(
    LimitUse, policy_id=TEXT, version=TEXT, subject=TEXT, scope=TEXT,
    measure=st.sampled_from(Measure), window=TEXT, cap=INT64, used=INT64, requested=INT64,
    granted=INT64, remaining=INT64, blocking=st.booleans(), shadow=st.booleans(),
    resets_at_us=TIME_US,
)  # fmt: skip
REASONS = st.builds(
    Reason, code=TEXT, abuse=st.none() | ABUSE, customer_text=LOCALIZED, analyst_text=LOCALIZED,
    feature=TEXT, feature_value=st.none() | DOUBLE, contribution=DOUBLE,
)  # fmt: skip
RULE_HITS = st.builds(
    RuleHit, rule_id=TEXT, outcome=OUTCOME, shadow=st.booleans(),
    values=few(st.builds(MatchedValue, name=TEXT, number=st.none() | DOUBLE, text=TEXT)),
    customer_text=LOCALIZED, analyst_text=LOCALIZED, fault=TEXT,
)  # fmt: skip
VERSIONS = st.builds(Versions, **dict.fromkeys(Versions.__struct_fields__, TEXT))
DECISIONS = st.builds(
    Decision, decision_id=TEXT, request_id=TEXT, order_id=TEXT, number=UINT32, outcome=OUTCOME,
    scores=few(st.builds(AbuseScore, abuse=ABUSE, probability=DOUBLE, score=UINT32)),
    reasons=few(REASONS), versions=VERSIONS, mode=st.sampled_from(Mode), decided_at_us=TIME_US,
    challenge=st.none() | st.builds(
        Challenge, challenge_id=TEXT, kind=st.sampled_from(ChallengeKind), expires_at_us=TIME_US,
    ),
    quantity_limits=few(st.builds(QuantityLimit, sku=TEXT, requested=UINT32, allowed=UINT32)),
    causes=few(st.builds(
        Cause, step=st.sampled_from(Step), ref=TEXT, outcome=OUTCOME, suppressed_by=TEXT,
    )),
    rule_hits=few(RULE_HITS),
    list_hits=few(st.builds(ListHit, **dict.fromkeys(ListHit.__struct_fields__, TEXT))),
    limit_uses=few(USES),
    granted=few(st.builds(GrantedLine, sku=TEXT, requested=UINT32, granted=UINT32)),
    held_until_us=st.just(0) | LATER_US, blocking=TEXT,
    required_level=st.sampled_from(VerificationLevel),
)  # fmt: skip


@given(DECISIONS)
def test_an_answer_has_the_bytes_that_protobuf_writes(decision: Decision) -> None:
    """Whatever a decision holds, every field is where protobuf puts it."""
    expected = risk_pb2.ScoreOrderResponse(decision=_message(decision))
    assert answered_bytes(decision) == expected.SerializeToString(deterministic=True)


@given(DECISIONS)
def test_a_response_of_another_call_holds_the_same_decision(decision: Decision) -> None:
    """GetDecision returns what ScoreOrder answered."""
    held = answered(risk_pb2.GetDecisionResponse, decision).decision
    assert held.SerializeToString(deterministic=True) == decision_bytes(decision)


@given(INT64, DOUBLE, TEXT)
def test_a_field_has_the_bytes_that_protobuf_writes(whole: int, real: float, text: str) -> None:
    """Numbers of any sign and size, minus zero, NaN, and texts of any script."""
    use = risk_pb2.LimitUse(cap=whole).SerializeToString()
    score = risk_pb2.AbuseScore(probability=real).SerializeToString()
    named = risk_pb2.Decision(blocking=text).SerializeToString()
    assert (NumberField(7)[whole], DoubleField(2)(real), TextField(19)(text)) == (use, score, named)


def test_a_field_remembers_no_more_values_than_its_bound() -> None:
    """Numbers that never repeat do not fill the memory, and are still written."""
    field = NumberField(8)
    written = [field[value] for value in range(40_000)]
    assert len(field) < 20_000
    assert written[-1] == b"\x40" + varint(39_999)


def _message(decision: Decision) -> risk_pb2.Decision:
    """Return the message with every field set by protobuf."""
    message = risk_pb2.Decision(
        decision_id=decision.decision_id,
        request_id=decision.request_id,
        order_id=decision.order_id,
        number=decision.number,
        outcome=int(decision.outcome),  # type: ignore[arg-type]  # a number on the wire
        scores=[
            risk_pb2.AbuseScore(
                abuse=_abuse(one.abuse), probability=one.probability, score=one.score
            )
            for one in decision.scores
        ],
        reasons=[_reason(one) for one in decision.reasons],
        versions=risk_pb2.Versions(
            **{name: getattr(decision.versions, name) for name in Versions.__struct_fields__}
        ),
        mode=int(decision.mode),  # type: ignore[arg-type]  # as above
        rule_hits=[_rule_hit(one) for one in decision.rule_hits],
        limit_uses=[_limit_use(one) for one in decision.limit_uses],
        blocking=decision.blocking,
        required_level=int(decision.required_level),  # type: ignore[arg-type]  # as above
    )
    _set_time(message.decided_at, decision.decided_at_us)
    if decision.held_until_us:
        _set_time(message.held_until, decision.held_until_us)
    if decision.challenge is not None:
        message.challenge.challenge_id = decision.challenge.challenge_id
        message.challenge.kind = int(decision.challenge.kind)  # type: ignore[assignment]  # as above
        _set_time(message.challenge.expires_at, decision.challenge.expires_at_us)
    for limit in decision.quantity_limits:
        message.quantity_limits.add(sku=limit.sku, requested=limit.requested, allowed=limit.allowed)
    for cause in decision.causes:
        message.causes.add(
            step=cause.step.value,
            ref=cause.ref,
            outcome=int(cause.outcome),  # type: ignore[arg-type]  # as above
            suppressed_by=cause.suppressed_by,
        )
    for hit in decision.list_hits:
        message.list_hits.add(**{name: getattr(hit, name) for name in ListHit.__struct_fields__})
    for line in decision.granted:
        message.granted.add(sku=line.sku, requested=line.requested, granted=line.granted)
    return message


def _abuse(abuse: Abuse | None) -> risk_pb2.Abuse.ValueType:
    return risk_pb2.Abuse.Value(f"ABUSE_{abuse.name if abuse else 'UNSPECIFIED'}")


def _text(text: LocalizedText) -> risk_pb2.LocalizedText:
    return risk_pb2.LocalizedText(zh=text.zh, en=text.en)


def _reason(reason: Reason) -> risk_pb2.Reason:
    return risk_pb2.Reason(
        code=reason.code,
        abuse=_abuse(reason.abuse),
        customer_text=_text(reason.customer_text),
        analyst_text=_text(reason.analyst_text),
        feature=reason.feature,
        feature_value=reason.feature_value,
        contribution=reason.contribution,
    )


def _rule_hit(hit: RuleHit) -> risk_pb2.RuleHit:
    return risk_pb2.RuleHit(
        rule_id=hit.rule_id,
        outcome=int(hit.outcome),  # type: ignore[arg-type]  # a number on the wire
        shadow=hit.shadow,
        values=[
            risk_pb2.MatchedValue(name=one.name, number=one.number, text=one.text)
            for one in hit.values
        ],
        customer_text=_text(hit.customer_text),
        analyst_text=_text(hit.analyst_text),
        fault=hit.fault,
    )


def _limit_use(use: LimitUse) -> risk_pb2.LimitUse:
    message = risk_pb2.LimitUse(
        policy_id=use.policy_id,
        version=use.version,
        subject=use.subject,
        scope=use.scope,
        measure=use.measure.name.lower(),
        window=use.window,
        cap=use.cap,
        used=use.used,
        requested=use.requested,
        granted=use.granted,
        remaining=use.remaining,
        blocking=use.blocking,
        shadow=use.shadow,
    )
    if use.resets_at_us:
        _set_time(message.resets_at, use.resets_at_us)
    return message


def _set_time(stamp: object, time_us: int) -> None:
    stamp.FromMicroseconds(time_us)  # type: ignore[attr-defined]  # a Timestamp; its class is protobuf's own
