"""What purchase limits said, as far as a record tells, and what must follow from it.

Counters are those of that moment and are taken as recorded, use by use; whom they block, what
may be sold, which limits are named and how they are told follows from the uses.
"""

from collections.abc import Sequence
from typing import Any

from risk_service.decisions.cause_reasons import DIMENSION_MISSING, grant_codes
from risk_service.decisions.limiting import granted_limits
from risk_service.decisions.records import blocking_of
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import (
    Cause,
    Decision,
    DecisionRecord,
    QuantityLimit,
    Reason,
    Step,
)
from risk_service.domain.grant import Grant
from risk_service.domain.vocabulary import Outcome


def limits_again(
    record: DecisionRecord, judged: Verdict, asked: Sequence[Cause]
) -> tuple[QuantityLimit, ...]:
    """Return what may be sold, by what limits granted or by what was judged before them."""
    decision = record.decision
    if any(one.step is Step.LIMIT and one.outcome is Outcome.LIMIT_QUANTITY for one in asked):
        # Records of before kept no lines where nothing is held: of an order that was paid already.
        if not decision.granted:
            return decision.quantity_limits
        return granted_limits(record.order, decision.granted)
    return judged.quantity_limits


def told_again(decision: Decision, judged: Verdict) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was said of limits, and what their uses say."""
    refs = [one.policy_id for one in decision.limit_uses if one.blocking and not one.shadow]
    recorded: dict[str, Any] = {"blocking": decision.blocking}
    again: dict[str, Any] = {"blocking": blocking_of(decision.limit_uses)}
    # Where nothing blocks, codes stand in for policies; an order denied before is told no more.
    if refs and judged.outcome is not Outcome.DENY:
        causes = [cause.ref for cause in decision.causes if cause.step is Step.LIMIT]
        recorded["limits"], again["limits"] = causes, list(dict.fromkeys(refs))
    return recorded, again


def grant_again(decision: Decision) -> Grant:
    """Return the grant as far as reasons tell it."""
    return Grant(
        outcome=decision.outcome,
        uses=decision.limit_uses,
        codes=grant_codes(decision.outcome, [reason.code for reason in decision.reasons]),
        required_level=decision.required_level,
    )


def without_missing(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Leave out the reason that names what an order lacked: the record has it nowhere else."""
    return tuple([reason for reason in reasons if reason.code != DIMENSION_MISSING])
