"""Reasons of an outcome that a list, a rule, a limit or a challenge asked for.

What a customer may read never tells a threshold, a list or another person.
"""

import re

from risk_service.decisions.findings import Found
from risk_service.decisions.reasons import CHALLENGE_FAILED, Reasons
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import Cause, Reason, Step
from risk_service.domain.grant import Grant, LimitUse
from risk_service.domain.hits import RuleHit
from risk_service.domain.vocabulary import Outcome, VerificationLevel

DENY_LISTED = "DENY_LISTED"
LIMIT_REACHED = "LIMIT_REACHED"
# A limit that asks for more than a refusal leaves the customer a way on: the text must say so.
LIMIT_TO_VERIFY = "LIMIT_TO_VERIFY"
LIMIT_TO_CHECK = "LIMIT_TO_CHECK"
LIMIT_CODES = {Outcome.CHALLENGE: LIMIT_TO_VERIFY, Outcome.REVIEW: LIMIT_TO_CHECK}
VERIFICATION_REQUIRED = "LIMIT_VERIFICATION_REQUIRED"
DIMENSION_MISSING = "LIMIT_DIMENSION_MISSING"
# What else a grant may say, by the codes of the limits.
GRANT_CODES = (
    "LIMIT_QUANTITY_REDUCED",
    "LIMIT_EXCESS_AT_FULL_PRICE",
    "LIMIT_QUANTITY_STEP",
    "LIMIT_ORDER_TOO_LARGE",
    "RESERVATION_CANCELLED",
    "RESERVATION_CLOSED",
)
LIMITS_UNAVAILABLE = "LIMITS_UNAVAILABLE"
# Where the fail policy refuses, nobody is checking the order: trying again is the way on.
LIMITS_UNAVAILABLE_DENIED = "LIMITS_UNAVAILABLE_DENIED"
LARGE_AMOUNT = "LARGE_AMOUNT"
RULE_PREFIX = "RULE_"
_NO_WORD = re.compile(r"[^A-Z0-9]+")
SUBJECTS_ZH = {
    "account": "账号",
    "device": "设备",
    "payment": "支付工具",
    "phone": "手机号",
    "real_name": "实名身份",
    "address_door": "门牌户地址",
    "address_building": "楼栋地址",
    "ip": "IP",
    "ip_block": "IP 段",
    "identity_cluster": "身份簇",
    "spu": "商品（SPU）",
    "category": "商品类目",
    "GLOBAL": "全部客户",
}


def reasons_of_causes(
    verdict: Verdict, found: Found, grant: Grant | None, reasons: Reasons
) -> tuple[Reason, ...]:
    """Return one reason for each decisive cause that is no score, each code once."""
    chosen: dict[str, Reason] = {}
    for cause in verdict.decisive:
        for reason in _of_cause(cause, found, grant, reasons):
            chosen.setdefault(reason.code, reason)
    return tuple(chosen.values())


def rule_code(rule_id: str) -> str:
    """Return the stable reason code of a rule."""
    return RULE_PREFIX + _NO_WORD.sub("_", rule_id.upper()).strip("_")


def subject_zh(subject: str) -> str:
    """Return the name of what a limit counts on, such as ``account+address_door``."""
    return "+".join(SUBJECTS_ZH.get(part, part) for part in subject.split("+"))


def _of_cause(cause: Cause, found: Found, grant: Grant | None, reasons: Reasons) -> list[Reason]:
    if cause.step is Step.RULE:
        return [_of_rule(hit) for hit in found.rule_hits if hit.rule_id == cause.ref][:1]
    if cause.step is Step.LIST:
        return [
            reasons.plain(DENY_LISTED, None, list=hit.list_id, entity=hit.entity, why=hit.reason)
            for hit in found.list_hits
            if hit.list_id == cause.ref
        ][:1]
    if cause.step is Step.LIMIT and grant is not None:
        return _of_limit(cause, grant, reasons)
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


def _of_limit(cause: Cause, grant: Grant, reasons: Reasons) -> list[Reason]:
    told = []
    if grant.required_level is not VerificationLevel.UNSPECIFIED:
        level = grant.required_level.name
        told.append(reasons.plain(VERIFICATION_REQUIRED, None, level=level))
    if DIMENSION_MISSING in grant.codes:
        names = "、".join(subject_zh(name) for name in grant.missing)
        told.append(
            reasons.plain(DIMENSION_MISSING, None, what=", ".join(grant.missing), what_zh=names)
        )
    told += [reasons.plain(code, None) for code in grant.codes if code in GRANT_CODES]
    blocking = [use for use in grant.uses if use.blocking and use.policy_id == cause.ref]
    return [*told, *[_of_use(use, cause.outcome, reasons) for use in blocking[:1]]]


def _of_use(use: LimitUse, outcome: Outcome, reasons: Reasons) -> Reason:
    return reasons.plain(
        LIMIT_CODES.get(outcome, LIMIT_REACHED),
        None,
        policy=use.policy_id,
        used=use.used,
        cap=use.cap,
        subject=use.subject,
        zh=subject_zh(use.subject),
    )
