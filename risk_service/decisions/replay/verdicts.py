"""The outcome and the reasons of a record, formed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.policy import Policy, promotions_of
from risk_service.decisions.reasons import Reasons, Told
from risk_service.decisions.replay.compared import Finding, compared
from risk_service.decisions.replay.limits import (
    grant_again,
    limits_again,
    told_again,
    without_missing,
)
from risk_service.decisions.scoring import Floats, Models, Variant
from risk_service.decisions.verdict import NO_THRESHOLDS, Evidence, Ladders, Verdict
from risk_service.domain.decision import Decision, DecisionRecord, Reason, Step
from risk_service.domain.vocabulary import ChallengeKind, Mode, Outcome, VerificationLevel

# What these asked for rests on counters of that moment: taken as it is recorded.
_OF_LIMITS = (Step.LIMIT, Step.FAIL_POLICY)
_WITHOUT_MODELS = (Mode.RULES_ONLY, Mode.STATIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What the models say of one record now; without models, nothing.

    ``raw`` is in log odds, in the order of ``Abuse``; ``row`` has shape (features,), of ``names``.
    """

    names: Sequence[str]
    row: Floats
    variant: Variant
    models: Models | None = None
    ladders: Ladders | None = None
    raw: tuple[float, ...] = ()


def outcome_again(record: DecisionRecord, scored: Scored, policy: Policy) -> Finding:
    """Judge the recorded evidence anew: lists, rules and limits as they were found then."""
    decision = record.decision
    thresholds = NO_THRESHOLDS
    if scored.ladders is not None:
        thresholds = policy.thresholds(scored.ladders, promotions_of(record.order))
    judged = policy.judge(
        record.order,
        Evidence(
            scored.raw,
            thresholds,
            _mode(decision.mode),
            None if record.completion is None else record.completion.result,
            decision.list_hits,
            decision.rule_hits,
        ),
    )
    verdict = _with_limits(record, judged, policy)
    recorded, again = _sides(record, verdict)
    of_limits = told_again(decision, judged)
    recorded |= of_limits[0] | _written(record)
    again |= of_limits[1] | _written_again(record, policy)
    if record.thresholds:  # records of before have none
        recorded["thresholds"], again["thresholds"] = record.thresholds, thresholds.scores
    return compared(recorded, again)


def _mode(mode: Mode) -> Mode:
    """Return what the evidence rested on: limits that nobody could count come after it."""
    return Mode.FULL if mode is Mode.NO_LIMITS else mode


def _with_limits(record: DecisionRecord, judged: Verdict, policy: Policy) -> Verdict:
    asked = [cause for cause in record.decision.causes if cause.step in _OF_LIMITS]
    limits = limits_again(record, judged, asked)
    return policy.verdict((*judged.causes, *asked), limits)


def _sides(record: DecisionRecord, verdict: Verdict) -> tuple[dict[str, Any], dict[str, Any]]:
    decision = record.decision
    # A level that is not met asks for the real name, whatever else would be asked for.
    unmet = decision.required_level is not VerificationLevel.UNSPECIFIED
    kind = ChallengeKind.REAL_NAME if unmet else verdict.challenge_kind
    recorded: dict[str, Any] = {
        "outcome": decision.outcome.name,
        "causes": decision.causes,
        "quantity_limits": decision.quantity_limits,
        "challenge": decision.challenge and decision.challenge.kind.name,
    }
    again: dict[str, Any] = {
        "outcome": verdict.outcome.name,
        "causes": verdict.causes,
        "quantity_limits": verdict.quantity_limits,
        "challenge": kind and kind.name,
    }
    return recorded, again


def _written(record: DecisionRecord) -> dict[str, Any]:
    decision = record.decision
    return {
        "order_id": decision.order_id,
        "mode": decision.mode.name,
        "decided_at_us": decision.decided_at_us,
        "challenge_until_us": decision.challenge and decision.challenge.expires_at_us,
    }


def _written_again(record: DecisionRecord, policy: Policy) -> dict[str, Any]:
    """Return what the record says a second time elsewhere."""
    until_us = record.clock_us + policy.challenge_ttl_us
    return {
        "order_id": record.order.order_id,
        "mode": _mode_again(record.decision).name,
        "decided_at_us": record.clock_us,
        "challenge_until_us": record.decision.challenge and until_us,
    }


def _mode_again(decision: Decision) -> Mode:
    """Return the mode, or one that what was found allows."""
    mode = decision.mode
    if (mode in _WITHOUT_MODELS) == bool(decision.versions.bundle_sha256):
        return Mode.FULL if decision.versions.bundle_sha256 else Mode.RULES_ONLY
    uncounted = any(cause.step is Step.FAIL_POLICY for cause in decision.causes)
    if uncounted and mode in (Mode.FULL, Mode.STALE):
        return Mode.NO_LIMITS
    return Mode.FULL if mode is Mode.NO_LIMITS and decision.limit_uses else mode


def reasons_again(record: DecisionRecord, scored: Scored, reasons: Reasons) -> Finding:
    """Form the reasons of the recorded causes anew."""
    decision = record.decision
    if decision.outcome is Outcome.ALLOW:
        return compared(decision.reasons, ())
    verdict = Verdict(outcome=decision.outcome, causes=decision.causes)
    of_scores = _of_scores(record, verdict, scored, reasons)
    found = Found(list_hits=decision.list_hits, rule_hits=decision.rule_hits)
    of_causes = reasons_of_causes(
        verdict, found, grant_again(decision), reasons, record.order.currency_code
    )
    return compared(without_missing(decision.reasons), (*of_causes, *of_scores))


def _of_scores(
    record: DecisionRecord, verdict: Verdict, scored: Scored, reasons: Reasons
) -> Sequence[Reason]:
    if not verdict.abuses or scored.models is None:
        return ()
    row, models = scored.row, scored.models
    shares = {abuse: models.attribute(row, scored.variant, abuse) for abuse in verdict.abuses}
    values = dict(zip(scored.names, row.tolist(), strict=True))
    told = Told(outcome=record.decision.outcome, currency_code=record.order.currency_code)
    return reasons.explain(shares, values, told)
