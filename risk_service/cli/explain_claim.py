"""``risk explain`` for a claim for a refund or a promotion action."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from risk_service.cli.explain_format import (
    cause_text,
    money_text,
    outcome_text,
    padded,
    said,
    section,
    time_text,
    use_text,
    value_text,
)
from risk_service.cli.explain_words import Words
from risk_service.domain.assessment import AssessedRefund, AssessmentRecord, Value
from risk_service.domain.decision import Decision, Step
from risk_service.domain.positional import by_name
from risk_service.domain.text import LocalizedText
from risk_service.features.schema import load_schema

REF_WIDTH = 34
TITLES = {
    "refund": LocalizedText(en="THE CLAIM", zh="退款申请"),
    "action": LocalizedText(en="THE ACTION", zh="活动行为"),
    "known": LocalizedText(en="WHAT WAS KNOWN", zh="决策依据"),
    "causes": LocalizedText(en="WHAT ASKED FOR MORE THAN ALLOW", zh="要求严于放行的依据"),
    "rules": LocalizedText(en="RULES", zh="规则"),
    "limits": LocalizedText(en="LIMITS", zh="限额"),
    "reasons": LocalizedText(en="REASONS, FOR ANALYSTS", zh="原因（分析师）"),
    "customer": LocalizedText(en="WHAT THE CUSTOMER MAY BE TOLD", zh="可告知客户的内容"),
    "required": LocalizedText(en="TO BE HANDED IN", zh="需提交材料"),
    "versions": LocalizedText(en="VERSIONS", zh="版本"),
}
HEAD = LocalizedText(
    en="{subject} · decision {number} on it · request {request} · {at} · mode {mode} · {counted}",
    zh="{subject} · 第 {number} 次决策 · 请求 {request} · {at} · 模式 {mode} · {counted}",
)
COUNTED = LocalizedText(en="counts in the windows", zh="计入窗口")
NOT_COUNTED = LocalizedText(en="counted before", zh="此前已计数")


def explained_assessment(record: AssessmentRecord, language: str) -> str:
    """Return the text, coloured for a terminal."""
    say, decision = Words(language), record.decision
    kind = "refund" if record.refund else "action"
    parts = [
        _head(record, say),
        _section(kind, _subject(record, say), say),
        _section("known", _values(record.values, say), say),
        _section("causes", _causes(decision, say), say),
        _section("rules", _rules(decision, say), say),
        _section("limits", [use_text(use, say) for use in decision.limit_uses], say),
        _section("reasons", _reasons(decision, say, for_customer=False), say),
        _section("customer", _reasons(decision, say, for_customer=True), say),
        _section("required", _required(record, say), say),
        _section("versions", _versions(decision), say),
    ]
    return "\n\n".join(part for part in parts if part)


def assessment_data(record: AssessmentRecord) -> dict[str, Any]:
    """Return everything that is stored of the decision, by name; what is missing is None."""
    data: dict[str, Any] = msgspec.to_builtins(by_name(record))
    data["decision"]["outcome"] = record.decision.outcome.name
    data["decision"]["mode"] = record.decision.mode.name
    data["required"] = [one.name for one in record.required]
    del data["vector"]
    del data["fingerprint"]
    data["features"] = _features(record)
    return data


def _section(title: str, lines: Iterable[str], say: Words) -> str:
    return section(said(TITLES[title], say), list(lines))


def _head(record: AssessmentRecord, say: Words) -> str:
    decision = record.decision
    told = said(HEAD, say).format(
        subject=" ".join(record.subject.split("\x1f")),
        number=decision.number,
        request=decision.request_id,
        at=time_text(decision.decided_at_us),
        mode=decision.mode.name,
        counted=said(COUNTED if record.counted else NOT_COUNTED, say),
    )
    return f"{outcome_text(decision.outcome)}  {decision.decision_id}\n{told}"


def _subject(record: AssessmentRecord, say: Words) -> Iterator[str]:
    if record.refund is not None:
        currency = str(record.values.get("currency", ""))
        yield from _refund(record.refund, currency, say)
    elif record.benefit is not None:
        yield record.benefit.benefit_type.name


def _refund(refund: AssessedRefund, currency: str, say: Words) -> Iterator[str]:
    claim, found = refund.claim, refund.recalculation
    yield f"{claim.reason.name} · {money_text(claim.amount_minor, currency)} {currency}".rstrip()
    for line in claim.lines:
        yield f"{line.quantity} x {line.sku}"
    if found.recalculated_minor is not None:
        most = money_text(found.recalculated_minor, currency)
        text = LocalizedText(en=f"at most {most} may be given back", zh=f"重算后最多可退 {most}")
        yield said(text, say)
    if found.below_threshold:
        text = LocalizedText(
            en="the rest is below the spend-and-save threshold", zh="剩余商品低于满减门槛"
        )
        yield said(text, say)


def _values(values: dict[str, Value], say: Words) -> Iterator[str]:
    for name in sorted(values):
        yield f"{padded(name, name, REF_WIDTH)}{_value(values[name], say)}".rstrip()


def _value(value: Value, say: Words) -> str:
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, tuple | list):
        return ", ".join(value)
    if not isinstance(value, float):
        return str(value)
    # Nobody reads ten digits of hours; --json has all of them.
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"


def _required(record: AssessmentRecord, say: Words) -> Iterator[str]:
    for one in record.required:
        yield f"{padded(one.name, one.name, REF_WIDTH)}{say(f'evidence_{one.name}')}"


def _causes(decision: Decision, say: Words) -> Iterator[str]:
    for cause in decision.causes:
        named = cause_text(cause, say)
        # The amount may speak in several ways: the code tells which.
        named += f" ({cause.ref})" if cause.step is Step.AMOUNT else ""
        note = f"  ({cause.suppressed_by})" if cause.suppressed_by else ""
        yield f"{padded(named, named, REF_WIDTH)} {outcome_text(cause.outcome)}{note}"


def _rules(decision: Decision, say: Words) -> Iterator[str]:
    for hit in decision.rule_hits:
        note = hit.fault or (say("in_shadow") if hit.shadow else hit.outcome.name)
        values = ", ".join(value_text(value, say) for value in hit.values)
        yield f"{padded(hit.rule_id, hit.rule_id, REF_WIDTH)}{note}  {values}".rstrip()


def _reasons(decision: Decision, say: Words, *, for_customer: bool) -> Iterator[str]:
    for reason in decision.reasons:
        text = reason.customer_text if for_customer else reason.analyst_text
        yield said(text, say) if for_customer else f"{reason.code}: {said(text, say)}"


def _versions(decision: Decision) -> Iterator[str]:
    for name, version in msgspec.structs.asdict(decision.versions).items():
        if version:
            yield f"{padded(name, name, REF_WIDTH)}{version}"


def _features(record: AssessmentRecord) -> dict[str, float | None]:
    schema = load_schema()
    if record.decision.versions.feature_schema != schema.version or not record.vector:
        return {}
    vector = np.frombuffer(record.vector, np.float64).tolist()
    known = zip(schema.names, vector, strict=True)
    return {name: value if math.isfinite(value) else None for name, value in known}
