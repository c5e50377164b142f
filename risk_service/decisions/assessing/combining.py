"""From lists, rules and own findings to one outcome and its reasons: the worst wins.

As for orders (see ``decisions.policy``), without scores by promotion type: a claim and an
action have findings of their own, each with a reason text.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from risk_service.decisions.cause_reasons import DENY_LISTED, list_facts, rule_code
from risk_service.domain.decision import Cause, Reason, Step
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.text import LocalizedText, filled
from risk_service.domain.vocabulary import Outcome

DENY_LIST, ALLOW_LIST = "deny", "allow"
LISTED = LocalizedText(
    zh="很抱歉，该申请无法受理，如有疑问请联系客服。",
    en="We are sorry, we cannot take this request. "
    "Please contact customer service if you have questions.",
)
LISTED_FOR_ANALYSTS = LocalizedText(
    zh="命中黑名单 {list}（{entity}）：{why}", en="On the deny list {list} ({entity}): {why}"
)


class Finding(Struct, frozen=True, kw_only=True):
    """Something that speaks for more than ALLOW, with the reason to tell."""

    cause: Cause
    reason: Reason


def hit_findings(lists: Sequence[ListHit], rules: Sequence[RuleHit]) -> list[Finding]:
    """Return what lists and rules ask for; an allow list lifts soft rules, never a denial."""
    allow = next((hit.list_id for hit in lists if hit.kind == ALLOW_LIST), "")
    found = [_of_list(hit) for hit in lists if hit.kind == DENY_LIST]
    return found + [_of_rule(hit, allow) for hit in rules if not hit.shadow and not hit.fault]


def worst(findings: Iterable[Finding]) -> tuple[Outcome, tuple[Cause, ...], tuple[Reason, ...]]:
    """Return the outcome, all causes with the worst first, and the reasons of those that count.

    Of a refusal those alone that refuse: nobody who is refused is asked for evidence as well.
    """
    ordered = sorted(findings, key=_severity)
    counting = [one for one in ordered if not one.cause.suppressed_by]
    outcome = max((one.cause.outcome for one in counting), default=Outcome.ALLOW)
    if outcome is Outcome.DENY:
        counting = [one for one in counting if one.cause.outcome is Outcome.DENY]
    reasons = () if outcome is Outcome.ALLOW else tuple(one.reason for one in counting)
    causes = dict.fromkeys(one.cause for one in ordered)
    return outcome, tuple(causes), reasons


def plain_reason(code: str, customer: LocalizedText, analyst: LocalizedText) -> Reason:
    """Return a reason that no feature stands behind."""
    return Reason(
        code=code,
        abuse=None,
        customer_text=customer,
        analyst_text=analyst,
        feature="",
        feature_value=None,
        contribution=0.0,
    )


def _severity(finding: Finding) -> tuple[bool, int]:
    return bool(finding.cause.suppressed_by), -finding.cause.outcome


def _of_list(hit: ListHit) -> Finding:
    analyst = filled(LISTED_FOR_ANALYSTS, list_facts(hit))
    return Finding(
        cause=Cause(step=Step.LIST, ref=hit.list_id, outcome=Outcome.DENY),
        reason=plain_reason(DENY_LISTED, LISTED, analyst),
    )


def _of_rule(hit: RuleHit, allow: str) -> Finding:
    hard = hit.outcome is Outcome.DENY
    return Finding(
        cause=Cause(
            step=Step.RULE,
            ref=hit.rule_id,
            outcome=hit.outcome,
            suppressed_by="" if hard else allow,
        ),
        reason=plain_reason(rule_code(hit.rule_id), hit.customer_text, hit.analyst_text),
    )
