"""Reasons of an outcome that a list, a rule, a limit or a challenge asked for.

What a customer may read never tells a threshold, a list or another person.
"""

import re
from collections.abc import Iterable

from risk_service.decisions.findings import Found
from risk_service.decisions.reasons import CHALLENGE_FAILED, Reasons
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import Cause, Reason, Step
from risk_service.domain.grant import Grant
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.names import subject_name, subject_names, use_facts
from risk_service.domain.vocabulary import Outcome, VerificationLevel
from risk_service.limits.cutting import QUANTITY_STEP

DENY_LISTED = "DENY_LISTED"
LIMIT_REACHED = "LIMIT_REACHED"
# A limit that asks for less than a refusal leaves the customer a way on: the text must say so.
LIMIT_PART_GRANTED = "LIMIT_PART_GRANTED"
LIMIT_TO_VERIFY = "LIMIT_TO_VERIFY"
LIMIT_TO_CHECK = "LIMIT_TO_CHECK"
LIMIT_CODES = {
    Outcome.LIMIT_QUANTITY: LIMIT_PART_GRANTED,
    Outcome.CHALLENGE: LIMIT_TO_VERIFY,
    Outcome.REVIEW: LIMIT_TO_CHECK,
}
VERIFICATION_REQUIRED = "LIMIT_VERIFICATION_REQUIRED"
DIMENSION_MISSING = "LIMIT_DIMENSION_MISSING"
# What else a grant may say, by the codes of the limits: of an order of which a part is sold, and
# of one that is refused. Where more is asked for, nothing is held and there is no part; whoever
# decides then reads that the quantity does not fit, and the customer what comes next.
PART_CODES = (
    "LIMIT_QUANTITY_REDUCED",
    "LIMIT_EXCESS_AT_FULL_PRICE",
    "LIMIT_REDUCTION_LEFT_OUT",
    QUANTITY_STEP,
)
REFUSAL_CODES = (
    QUANTITY_STEP,
    "LIMIT_ORDER_TOO_LARGE",
    "RESERVATION_CANCELLED",
    "RESERVATION_CLOSED",
)
STEP_TO_VERIFY = "LIMIT_STEP_TO_VERIFY"
STEP_TO_CHECK = "LIMIT_STEP_TO_CHECK"
GRANT_CODES = tuple(dict.fromkeys((*PART_CODES, *REFUSAL_CODES, STEP_TO_VERIFY, STEP_TO_CHECK)))
_CODES = {
    Outcome.LIMIT_QUANTITY: {code: code for code in PART_CODES},
    Outcome.CHALLENGE: {QUANTITY_STEP: STEP_TO_VERIFY},
    Outcome.REVIEW: {QUANTITY_STEP: STEP_TO_CHECK},
    Outcome.DENY: {code: code for code in REFUSAL_CODES},
}
LIMITS_UNAVAILABLE = "LIMITS_UNAVAILABLE"
# Where the fail policy refuses, nobody is checking the order: trying again is the way on.
LIMITS_UNAVAILABLE_DENIED = "LIMITS_UNAVAILABLE_DENIED"
LARGE_AMOUNT = "LARGE_AMOUNT"
RULE_PREFIX = "RULE_"
_NO_WORD = re.compile(r"[^A-Z0-9]+")


def reasons_of_causes(
    verdict: Verdict, found: Found, grant: Grant | None, reasons: Reasons, currency_code: str
) -> tuple[Reason, ...]:
    """Return one reason for each decisive cause that is no score, each code once.

    Parameters
    ----------
    currency_code
        Of the order: in it amounts are told.
    """
    chosen: dict[str, Reason] = {}
    for cause in verdict.decisive:
        if cause.step is Step.LIMIT and grant is not None:
            of_cause = _of_limit(cause, grant, reasons, currency_code)
        else:
            of_cause = _of_cause(cause, found, reasons)
        for reason in of_cause:
            chosen.setdefault(reason.code, reason)
    return tuple(chosen.values())


def grant_codes(outcome: Outcome, told: Iterable[str]) -> tuple[str, ...]:
    """Return what a grant said to an order of an outcome, by the codes of its reasons."""
    said = {code: of_grant for of_grant, code in _CODES.get(outcome, {}).items()}
    return tuple([said[code] for code in told if code in said])


def rule_code(rule_id: str) -> str:
    """Return the stable reason code of a rule."""
    return RULE_PREFIX + _NO_WORD.sub("_", rule_id.upper()).strip("_")


def list_facts(hit: ListHit) -> dict[str, object]:
    """Return what texts about a deny list tell: ``list``, ``entity``, ``why``."""
    return {"list": hit.list_id, "entity": subject_name(hit.entity), "why": hit.reason}


def _of_cause(cause: Cause, found: Found, reasons: Reasons) -> list[Reason]:
    if cause.step is Step.RULE:
        return [_of_rule(hit) for hit in found.rule_hits if hit.rule_id == cause.ref][:1]
    if cause.step is Step.LIST:
        return [
            reasons.plain(DENY_LISTED, None, **list_facts(hit))
            for hit in found.list_hits
            if hit.list_id == cause.ref
        ][:1]
    if cause.step is Step.AMOUNT:
        return [reasons.plain(LARGE_AMOUNT, None)]
    if cause.step is Step.FAIL_POLICY:
        denied = cause.outcome is Outcome.DENY
        return [reasons.plain(LIMITS_UNAVAILABLE_DENIED if denied else LIMITS_UNAVAILABLE, None)]
    return [reasons.plain(CHALLENGE_FAILED, None)] if cause.step is Step.CHALLENGE else []


def _of_rule(hit: RuleHit) -> Reason:
    return Reason(
        code=rule_code(hit.rule_id),
        abuse=None,
        customer_text=hit.customer_text,
        analyst_text=hit.analyst_text,
        feature="",
        feature_value=None,
        contribution=0.0,
    )


def _of_limit(cause: Cause, grant: Grant, reasons: Reasons, currency_code: str) -> list[Reason]:
    told = []
    # Where another limit refuses, or hands the order to a person, a level is of no use.
    asks = cause.outcome is Outcome.CHALLENGE
    if asks and grant.required_level is not VerificationLevel.UNSPECIFIED:
        level = grant.required_level.name
        told.append(reasons.plain(VERIFICATION_REQUIRED, None, level=level))
    if DIMENSION_MISSING in grant.codes:
        told.append(reasons.plain(DIMENSION_MISSING, None, what=subject_names(grant.missing)))
    code_of = _CODES[cause.outcome]
    told += [reasons.plain(code_of[code], None) for code in grant.codes if code in code_of]
    blocking = [use for use in grant.uses if use.blocking and use.policy_id == cause.ref]
    code = LIMIT_CODES.get(cause.outcome, LIMIT_REACHED)
    told += [reasons.plain(code, None, **use_facts(use, currency_code)) for use in blocking[:1]]
    return told
