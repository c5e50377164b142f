"""The text of ``risk explain``: one decision from the order to the answer, step by step."""

from collections.abc import Iterable, Iterator

import click

from risk_service.cli.explain_data import features_of, thresholds_of
from risk_service.cli.explain_format import (
    DOT,
    cause_text,
    level_text,
    money_text,
    outcome_text,
    padded,
    promotion_text,
    said,
    section,
    step,
    subject_text,
    time_text,
    use_text,
    value_text,
)
from risk_service.cli.explain_words import LANGUAGES, Words
from risk_service.domain.decision import Cause, Decision, DecisionRecord, Step
from risk_service.domain.hits import RuleHit
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Outcome, VerificationLevel

__all__ = ["LANGUAGES", "explained"]

DAY_US = 86_400 * 1_000_000
TOKEN_SHOWN = 11


def explained(record: DecisionRecord, language: str) -> str:
    """Return the text, coloured for a terminal."""
    say = Words(language)
    parts = [
        _head(record, say),
        section(say("order"), _order(record.order, record.clock_us, say)),
        section(say("steps"), _steps(record, say)),
        section(say("limits"), [use_text(use, say) for use in record.decision.limit_uses]),
        section(say("reasons"), _reasons(record.decision, say)),
        section(say("customer"), _customer(record.decision, say)),
        section(say("versions"), _versions(record, say)),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(record: DecisionRecord, say: Words) -> str:
    decision = record.decision
    lines = [
        f"{outcome_text(decision.outcome)}  {decision.decision_id}",
        say("of_order", decision.order_id, decision.number, decision.request_id),
        say(
            "decided",
            time_text(decision.decided_at_us),
            decision.mode.name,
            say(f"mode_{decision.mode.name}"),
        ),
    ]
    if record.completion is not None:
        done = record.completion
        lines.append(say("after_challenge", done.challenge_id, done.result.name))
    return "\n".join(lines)


def _order(order: Order, now_us: int, say: Words) -> Iterator[str]:
    currency = order.currency_code
    for line in order.lines:
        price = money_text(line.unit_price_minor, currency)
        parts = [say("line", line.quantity, line.sku, price, line.seller_id)]
        parts += [say("product", line.spu)] if line.spu else []
        parts += [say("category", line.category)] if line.category else []
        parts += promotion_text(line.promotion_type)
        parts += [say("campaign", line.campaign_id)] if line.campaign_id else []
        yield DOT.join(parts)
    for discount in order.discounts:
        parts = [say("discount", money_text(discount.amount_minor, currency))]
        parts += promotion_text(discount.promotion_type)
        parts += [say("coupon", discount.coupon_id)] if discount.coupon_id else []
        yield DOT.join(parts)
    money = (order.goods_minor, order.discount_minor, order.shipping_minor, order.payable_minor)
    yield say("money", *[money_text(one, currency) for one in money], currency)
    yield DOT.join(_circumstances(order, now_us, say))
    tokens = order.tokens
    known = {name: getattr(tokens, name) for name in tokens.__struct_fields__}
    shown = [f"{name} {token[:TOKEN_SHOWN]}…" for name, token in known.items() if token]
    yield click.style(f"{say('tokens')}  {'  '.join(shown)}", dim=True)


def _circumstances(order: Order, now_us: int, say: Words) -> Iterator[str]:
    registered_us = order.account_registered_at_us
    if registered_us is None:
        yield say("account_unknown")
    else:
        yield say("account_age", f"{(now_us - registered_us) / DAY_US:,.0f}")
    if order.member_level:
        yield say("member", order.member_level)
    yield level_text(order.verification_level, say)
    if order.entry_path:
        yield say("entry", order.entry_path.name)
    if order.page_open_to_submit_ms is not None:
        yield say("page", f"{order.page_open_to_submit_ms / 1000:,.1f}")
    if order.drop_id:
        yield say("drop", order.drop_id)
    if order.balance_due_at_us is not None:
        yield say("presale", time_text(order.balance_due_at_us))


def _steps(record: DecisionRecord, say: Words) -> Iterator[str]:
    decision = record.decision
    yield step(1, say("step_level"), _level_step(record, say))
    yield step(2, say("step_deny"), _lists(decision, "deny", say))
    yield step(3, say("step_limits"), _limits_step(decision, say))
    yield step(4, say("step_allow"), _lists(decision, "allow", say))
    yield step(5, say("step_rules"), _rules_told(decision.rule_hits, say))
    for hit in decision.rule_hits:
        yield from _rule(hit, decision.causes, say)
    yield step(6, say("step_scores"), "" if decision.scores else say("no_models"))
    yield from _scores(record, say)
    yield step(7, say("step_worst"), _worst(decision, say))
    yield step(8, say("step_held"), _held(decision, say))


def _level_step(record: DecisionRecord, say: Words) -> str:
    level = level_text(record.order.verification_level, say)
    required = record.decision.required_level
    told = say("level_enough")
    if required is not VerificationLevel.UNSPECIFIED:
        told = click.style(say("level_unmet", required.name), fg="yellow")
    return f"{level}{DOT}{told}"


def _lists(decision: Decision, kind: str, say: Words) -> str:
    hits = [hit for hit in decision.list_hits if hit.kind == kind]
    told = [say("list_hit", hit.list_id, hit.entity, hit.reason) for hit in hits]
    if kind == "allow":
        grey = [hit for hit in decision.list_hits if hit.kind == "grey"]
        told += [say("grey_hit", hit.list_id, hit.entity) for hit in grey]
    return "; ".join(told) or say("none_hit")


def _limits_step(decision: Decision, say: Words) -> str:
    if any(cause.step is Step.FAIL_POLICY for cause in decision.causes):
        return click.style(say("limits_down"), fg="red")
    active = [use for use in decision.limit_uses if not use.shadow]
    if not decision.limit_uses:
        return say("no_limits")
    if decision.blocking:
        whom = subject_text(decision.blocking, say)
        return click.style(say("limits_block", len(active), whom), fg="red")
    return say("limits_free", len(active))


def _rules_told(hits: Iterable[RuleHit], say: Words) -> str:
    faults = [hit for hit in hits if hit.fault]
    matched = [hit for hit in hits if not hit.fault]
    if not (faults or matched):
        return say("none_hit")
    shadow = [hit for hit in matched if hit.shadow]
    return say("rules_counted", len(matched) - len(shadow), len(shadow), len(faults))


def _rule(hit: RuleHit, causes: Iterable[Cause], say: Words) -> Iterator[str]:
    notes = [say("in_shadow")] if hit.shadow else []
    notes += [say("fault", hit.fault)] if hit.fault else []
    notes += [
        say("suppressed", cause.suppressed_by)
        for cause in causes
        if cause.step is Step.RULE and cause.ref == hit.rule_id and cause.suppressed_by
    ]
    counts = not notes
    outcome = outcome_text(hit.outcome) if counts else hit.outcome.name
    told = f"      {padded(outcome, hit.outcome.name, 15)}{hit.rule_id}"
    yield told + (click.style(f"  ({', '.join(notes)})", dim=True) if notes else "")
    values = ", ".join(value_text(value, say) for value in hit.values)
    if values:
        yield click.style(f"{'':21}{values}", dim=True)
    if counts:
        yield f"{'':21}{said(hit.analyst_text, say)}"


def _scores(record: DecisionRecord, say: Words) -> Iterator[str]:
    decision, marks = record.decision, thresholds_of(record)
    for score in decision.scores:
        cause = next(
            (c for c in decision.causes if c.step is Step.SCORE and c.ref == score.abuse), None
        )
        asked = say("asks_nothing") if cause is None else say("asks", outcome_text(cause.outcome))
        if cause is not None and cause.suppressed_by:
            asked += f" ({say('suppressed', cause.suppressed_by)})"
        steps = marks.get(score.abuse, {})
        ladder = DOT.join(say("from", action, mark) for action, mark in steps.items())
        name = say(f"abuse_{score.abuse.value}")
        yield (
            f"      {padded(name, name, 18)}{score.score:>4}  p {score.probability:.3f}  {asked}"
            + click.style(f"  [{ladder or say('no_marks')}]", dim=True)
        )


def _worst(decision: Decision, say: Words) -> str:
    if decision.outcome is Outcome.ALLOW:
        return say("nothing_asked")
    decisive = [
        cause
        for cause in decision.causes
        if cause.outcome is decision.outcome and not cause.suppressed_by
    ]
    told = ", ".join(cause_text(cause, say) for cause in decisive) or "?"
    return say("asked_by", outcome_text(decision.outcome), told)


def _held(decision: Decision, say: Words) -> str:
    if not decision.held_until_us:
        return say("nothing_held")
    lines = [say("held_line", one.sku, one.granted, one.requested) for one in decision.granted]
    return f"{', '.join(lines)} {say('held_until', time_text(decision.held_until_us))}".strip()


def _reasons(decision: Decision, say: Words) -> Iterator[str]:
    for reason in decision.reasons:
        share = reason.contribution
        note = say("contribution", f"{share:+.2f}") if share else ""
        code = click.style(reason.code, bold=True)
        yield f"{code}  {said(reason.analyst_text, say)}" + click.style(
            f"  {note}" if note else "", dim=True
        )


def _customer(decision: Decision, say: Words) -> Iterator[str]:
    if decision.outcome is Outcome.ALLOW:
        yield say("no_reason")
    yield from dict.fromkeys(said(reason.customer_text, say) for reason in decision.reasons)
    for limit in decision.quantity_limits:
        yield say("sold", limit.sku, limit.allowed, limit.requested)
    challenge = decision.challenge
    if challenge is not None:
        ends = time_text(challenge.expires_at_us)
        yield say("challenge", challenge.kind.name, challenge.challenge_id, ends)


def _versions(record: DecisionRecord, say: Words) -> Iterator[str]:
    versions = record.decision.versions
    for name in versions.__struct_fields__:
        value = getattr(versions, name)
        if value:
            yield f"{name:<16}{value}"
    count = len(features_of(record))
    if count:
        yield click.style(say("features", count), dim=True)
