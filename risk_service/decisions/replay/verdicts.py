"""The outcome and the reasons of a record, formed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.policy import Policy, promotions_of
from risk_service.decisions.reasons import Reasons, Told
from risk_service.decisions.replay.compared import Differs, Finding, compared
from risk_service.decisions.scoring import Floats, Models, Variant
from risk_service.decisions.verdict import NO_THRESHOLDS, Evidence, Ladders, Verdict
from risk_service.domain.decision import DecisionRecord, Reason, Step
from risk_service.domain.vocabulary import Mode, Outcome, VerificationLevel

# What these asked for rests on counters of that moment: taken as it is recorded.
_OF_LIMITS = (Step.LIMIT, Step.FAIL_POLICY)


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
    return compared(*_sides(record, verdict, thresholds.scores))


def _mode(mode: Mode) -> Mode:
    """Return what the evidence rested on: limits that nobody could count come after it."""
    return Mode.FULL if mode is Mode.NO_LIMITS else mode


def _with_limits(record: DecisionRecord, judged: Verdict, policy: Policy) -> Verdict:
    asked = [cause for cause in record.decision.causes if cause.step in _OF_LIMITS]
    if not asked:
        return judged
    return policy.verdict((*judged.causes, *asked), record.decision.quantity_limits)


def _sides(
    record: DecisionRecord, verdict: Verdict, thresholds: tuple[int, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    decision = record.decision
    recorded: dict[str, Any] = {
        "outcome": decision.outcome.name,
        "causes": decision.causes,
        "quantity_limits": decision.quantity_limits,
    }
    again: dict[str, Any] = {
        "outcome": verdict.outcome.name,
        "causes": verdict.causes,
        "quantity_limits": verdict.quantity_limits,
    }
    # A level that is not met asks for the real name, whatever else would be asked for.
    if decision.required_level is VerificationLevel.UNSPECIFIED:
        kind = verdict.challenge_kind
        recorded["challenge"] = decision.challenge and decision.challenge.kind.name
        again["challenge"] = kind and kind.name
    if record.thresholds:  # records of before have none
        recorded["thresholds"], again["thresholds"] = record.thresholds, thresholds
    return recorded, again


def reasons_again(record: DecisionRecord, scored: Scored, reasons: Reasons) -> Finding:
    """Form the reasons of the recorded causes anew.

    What a limit says is filled with what its counters said: of such a decision only the reasons
    of scores are compared.
    """
    decision = record.decision
    if decision.outcome is Outcome.ALLOW:
        return compared(decision.reasons, ())
    verdict = Verdict(outcome=decision.outcome, causes=decision.causes)
    of_scores = _of_scores(record, verdict, scored, reasons)
    if any(cause.step is Step.LIMIT for cause in verdict.decisive):
        return _at_the_end(decision.reasons, of_scores)
    found = Found(list_hits=decision.list_hits, rule_hits=decision.rule_hits)
    of_causes = reasons_of_causes(verdict, found, None, reasons, record.order.currency_code)
    return compared(decision.reasons, (*of_causes, *of_scores))


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


def _at_the_end(recorded: Sequence[Reason], of_scores: Sequence[Reason]) -> Differs | None:
    last = recorded[len(recorded) - len(of_scores) :]
    return compared(tuple(last), tuple(of_scores))
