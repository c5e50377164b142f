"""``risk explain`` for a claim for a refund or a promotion action."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from risk_service.cli import explain_parts as parts
from risk_service.cli.explain_data import decision_data, finite
from risk_service.cli.explain_format import (
    DOT,
    cause_text,
    outcome_text,
    padded,
    section,
    token_text,
    use_text,
)
from risk_service.cli.explain_words import Words
from risk_service.domain.assessment import AssessedRefund, AssessmentRecord, Value
from risk_service.domain.benefit import Benefit
from risk_service.domain.currency import amount_text
from risk_service.domain.decision import Decision, Step
from risk_service.domain.names import subject_name, word_name
from risk_service.domain.positional import by_name
from risk_service.features.schema import load_schema
from risk_service.rules.variables import all_variables, closed_variables, money_variables

REF_WIDTH = 34
VALUE_WIDTH = 30
# Between the entity and what is counted of it: facts of the claim or action itself have none.
FEATURE = "__"
# Below it a number would be told as a power of ten.
SMALLEST = 0.0001


def explained_assessment(record: AssessmentRecord, language: str) -> str:
    """Return the text, coloured for a terminal."""
    say, decision = Words(language), record.decision
    currency_code = _currency(record)
    sections = [
        _head(record, say),
        section(say("claim" if record.refund else "action"), _subject(record, say)),
        section(say("known"), _values(record.values, currency_code, say)),
        section(say("steps"), _steps(record, currency_code, say)),
        section(say("limits"), _uses(decision, currency_code, say)),
        section(say("reasons"), parts.reason_lines(decision, say)),
        section(say("customer"), parts.customer_lines(decision, say)),
        section(say("required"), _required(record, say)),
        section(say("versions"), parts.version_lines(decision.versions)),
    ]
    return "\n\n".join(one for one in sections if one)


def assessment_data(record: AssessmentRecord) -> dict[str, Any]:
    """Return everything that is stored of the decision, by name; what is missing is None."""
    data: dict[str, Any] = finite(msgspec.to_builtins(by_name(record)))
    data["decision"] = decision_data(record.decision)
    data["required"] = [one.name for one in record.required]
    del data["vector"]
    del data["fingerprint"]
    data["features"] = _features(record)
    return data


def _currency(record: AssessmentRecord) -> str:
    """Return the currency in which amounts are told; empty for an action that names none."""
    return str(record.values.get("currency", ""))


def _head(record: AssessmentRecord, say: Words) -> str:
    counted = say("counted" if record.counted else "not_counted")
    decided = f"{parts.decided_text(record.decision, say)}{DOT}{counted}"
    return parts.head_text(record, _of_subject(record, say), decided, say)


def _of_subject(record: AssessmentRecord, say: Words) -> str:
    number, request = record.decision.number, record.decision.request_id
    if record.refund is not None:
        claim = record.refund.claim
        return say("of_claim", claim.claim_id, claim.order_id, number, request)
    if record.benefit is not None:
        kind = word_name(record.benefit.benefit_type.name).of(say.language)
        return say("of_action", record.benefit.action_id, kind, number, request)
    return record.subject


def _subject(record: AssessmentRecord, say: Words) -> Iterator[str]:
    if record.refund is not None:
        yield from _refund(record.refund, _currency(record), say)
    elif record.benefit is not None:
        yield from _action(record.benefit, say)


def _refund(refund: AssessedRefund, currency_code: str, say: Words) -> Iterator[str]:
    claim, found = refund.claim, refund.recalculation
    reason = word_name(claim.reason.name).of(say.language)
    yield say("asked_back", amount_text(claim.amount_minor, currency_code), reason)
    for line in claim.lines:
        yield say("claimed_line", line.quantity, line.sku)
    if found.recalculated_minor is not None:
        yield say("most_back", amount_text(found.recalculated_minor, currency_code))
    if found.below_threshold:
        yield say("below_threshold")
    if found.below_threshold is None:
        yield say("threshold_unknown")
    yield say("order_decision", refund.order_decision_id)


def _action(benefit: Benefit, say: Words) -> Iterator[str]:
    subsidy, action = benefit.subsidy, benefit.action
    if subsidy is not None:
        kind = word_name(subsidy.kind.name).of(say.language)
        amount = amount_text(subsidy.amount_minor, subsidy.currency_code)
        yield say("subsidy", amount, kind, subsidy.seller_id)
    if action is None:
        return
    if action.campaign:
        yield say("campaign", action.campaign)
    for name in ("account", "device", "ip", "ip_block"):
        token = getattr(action, name)
        if token:
            yield f"{subject_name(name).of(say.language)} {token_text(token)}"
    if action.related:
        yield say("related", token_text(action.related))


def _values(values: dict[str, Value], currency_code: str, say: Words) -> Iterator[str]:
    """Yield what rules could read: its name in rules, the value, and what it is.

    Nobody finds the one count that is not 0 among dozens that are: those are told together.
    """
    texts = {one.name: one.text for one in all_variables()}
    zeros = {name for name in values if FEATURE in name and values[name] == 0}
    for name in sorted(values.keys() - zeros):
        told = _value(name, values[name], currency_code, say)
        about = texts[name].of(say.language) if name in texts else ""
        yield f"{padded(name, name, REF_WIDTH)}{padded(told, told, VALUE_WIDTH)}{about}".rstrip()
    if zeros:
        yield say("zeros", len(zeros))


def _value(name: str, value: Value, currency_code: str, say: Words) -> str:
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, tuple | list):
        return ", ".join(_worded(name, one, say) for one in value) or say("empty")
    if not isinstance(value, float):
        return _worded(name, str(value), say)
    # Nobody reads ten digits of hours; --json has all of them.
    is_whole = abs(value) >= 1_000 or value.is_integer()
    told = f"{value:,.0f}" if is_whole else f"{value:.4g}"
    if 0 < value < SMALLEST:
        told = f"<{SMALLEST}"
    if currency_code and name in money_variables():
        told += f" ({amount_text(value, currency_code)})"
    return told


def _worded(name: str, text: str, say: Words) -> str:
    """Return a word of a closed vocabulary as it is written in rules, with its Chinese."""
    if say.language != "zh" or name not in closed_variables():
        return text
    return f"{word_name(text).zh} {text}"


def _steps(record: AssessmentRecord, currency_code: str, say: Words) -> Iterator[str]:
    """Yield what each part had to say, then everything that asked for more than ALLOW."""
    decision = record.decision
    rows = [
        ("step_deny", parts.lists_text(decision, "deny", say)),
        ("step_allow", parts.lists_text(decision, "allow", say)),
        ("step_rules", parts.rules_text(decision.rule_hits, say)),
    ]
    for key, told in rows:
        yield f"{padded(say(key), say(key), REF_WIDTH)}{told}"
    yield from parts.rule_lines(decision, say, currency_code)
    if record.refund is not None:
        name = say("step_scores")
        told = "" if decision.scores else say("no_models")
        yield f"{padded(name, name, REF_WIDTH)}{told}".rstrip()
        for score in decision.scores:
            yield parts.score_line(score, decision.causes, {}, "marks_of_orders", say)
    for cause in decision.causes:
        named = cause_text(cause, say)
        # The amount may speak in several ways: the code tells which.
        named += f" ({cause.ref})" if cause.step is Step.AMOUNT else ""
        note = f"  ({say('suppressed', cause.suppressed_by)})" if cause.suppressed_by else ""
        yield f"{padded(named, named, REF_WIDTH)}{outcome_text(cause.outcome, say)}{note}"
    if not decision.causes:
        yield say("nothing_asked", outcome_text(decision.outcome, say))


def _uses(decision: Decision, currency_code: str, say: Words) -> Iterator[str]:
    for use in decision.limit_uses:
        yield use_text(use, say, currency_code)
    if decision.blocking:
        whom = subject_name(decision.blocking).of(say.language)
        active = [use for use in decision.limit_uses if not use.shadow]
        yield say("limits_block", len(active), whom)


def _required(record: AssessmentRecord, say: Words) -> Iterator[str]:
    for one in record.required:
        yield f"{padded(one.name, one.name, REF_WIDTH)}{word_name(one.name).of(say.language)}"


def _features(record: AssessmentRecord) -> dict[str, float | None]:
    schema = load_schema()
    if record.decision.versions.feature_schema != schema.version or not record.vector:
        return {}
    vector = np.frombuffer(record.vector, np.float64).tolist()
    known = zip(schema.names, vector, strict=True)
    return {name: value if math.isfinite(value) else None for name, value in known}
