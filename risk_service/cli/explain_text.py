"""The text of ``risk explain``: one decision from the order to the answer, step by step."""

from collections.abc import Iterator

import click

from risk_service.cli import explain_parts as parts
from risk_service.cli.explain_data import features_of, thresholds_of
from risk_service.cli.explain_format import (
    DOT,
    level_text,
    promotion_text,
    section,
    step,
    time_text,
    token_text,
    use_text,
)
from risk_service.cli.explain_words import Words
from risk_service.domain.currency import money_text
from risk_service.domain.decision import Decision, DecisionRecord, Step
from risk_service.domain.names import subject_name, word_name
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import VerificationLevel

DAY_US = 86_400 * 1_000_000


def explained(record: DecisionRecord, language: str) -> str:
    """Return the text, coloured for a terminal."""
    say = Words(language)
    sections = [
        _head(record, say),
        section(say("order"), _order(record.order, record.clock_us, say)),
        section(say("steps"), _steps(record, say)),
        section(say("limits"), _uses(record, say)),
        section(say("reasons"), parts.reason_lines(record.decision, say)),
        section(say("customer"), parts.customer_lines(record.decision, say)),
        section(say("versions"), _versions(record, say)),
    ]
    return "\n\n".join(one for one in sections if one)


def _head(record: DecisionRecord, say: Words) -> str:
    decision = record.decision
    about = say("of_order", decision.order_id, decision.number, decision.request_id)
    return parts.head_text(record, about, parts.decided_text(decision, say), say)


def _order(order: Order, now_us: int, say: Words) -> Iterator[str]:
    currency = order.currency_code
    for line in order.lines:
        price = money_text(line.unit_price_minor, currency)
        parts = [say("line", line.quantity, line.sku, price, line.seller_id)]
        parts += [say("product", line.spu)] if line.spu else []
        parts += [say("category", line.category)] if line.category else []
        parts += promotion_text(line.promotion_type, say)
        parts += [say("campaign", line.campaign_id)] if line.campaign_id else []
        yield DOT.join(parts)
    for discount in order.discounts:
        parts = [say("discount", money_text(discount.amount_minor, currency))]
        parts += promotion_text(discount.promotion_type, say)
        parts += [say("coupon", discount.coupon_id)] if discount.coupon_id else []
        yield DOT.join(parts)
    money = (order.goods_minor, order.discount_minor, order.shipping_minor, order.payable_minor)
    yield say("money", *[money_text(one, currency) for one in money], currency)
    yield DOT.join(_circumstances(order, now_us, say))
    tokens = order.tokens
    known = {name: getattr(tokens, name) for name in tokens.__struct_fields__}
    shown = [
        f"{subject_name(name).of(say.language)} {token_text(token)}"
        for name, token in known.items()
        if token
    ]
    yield click.style(f"{say('tokens')}  {'  '.join(shown)}", dim=True)


def _circumstances(order: Order, now_us: int, say: Words) -> Iterator[str]:
    registered_us = order.account_registered_at_us
    if registered_us is None:
        yield say("account_unknown")
    else:
        yield say("account_age", round((now_us - registered_us) / DAY_US))
    if order.member_level:
        yield say("member", order.member_level)
    yield level_text(order.verification_level, say)
    if order.entry_path:
        yield say("entry", word_name(order.entry_path.name).of(say.language))
    if order.page_open_to_submit_ms is not None:
        yield say("page", f"{order.page_open_to_submit_ms / 1000:,.1f}")
    if order.drop_id:
        yield say("drop", order.drop_id)
    if order.balance_due_at_us is not None:
        yield say("presale", time_text(order.balance_due_at_us))


def _steps(record: DecisionRecord, say: Words) -> Iterator[str]:
    decision = record.decision
    yield step(1, say("step_level"), _level_step(record, say))
    yield step(2, say("step_deny"), parts.lists_text(decision, "deny", say))
    yield step(3, say("step_limits"), _limits_step(decision, say))
    yield step(4, say("step_allow"), parts.lists_text(decision, "allow", say))
    yield step(5, say("step_rules"), parts.rules_text(decision.rule_hits, say))
    yield from parts.rule_lines(decision, say, record.order.currency_code)
    yield step(6, say("step_scores"), "" if decision.scores else say("no_models"))
    marks = thresholds_of(record)
    without = "no_actions" if marks else "no_marks"
    for score in decision.scores:
        offered = marks.get(score.abuse, {})
        yield parts.score_line(score, decision.causes, offered, without, say)
    yield step(7, say("step_worst"), parts.worst_text(decision, say))
    yield step(8, say("step_held"), _held(decision, say))


def _level_step(record: DecisionRecord, say: Words) -> str:
    level = level_text(record.order.verification_level, say)
    required = record.decision.required_level
    told = say("level_enough")
    if required is not VerificationLevel.UNSPECIFIED:
        told = click.style(say("level_unmet", required.name), fg="yellow")
    return f"{level}{DOT}{told}"


def _limits_step(decision: Decision, say: Words) -> str:
    if any(cause.step is Step.FAIL_POLICY for cause in decision.causes):
        return click.style(say("limits_down"), fg="red")
    active = [use for use in decision.limit_uses if not use.shadow]
    if not decision.limit_uses:
        return say("no_limits")
    if decision.blocking:
        whom = subject_name(decision.blocking).of(say.language)
        return click.style(say("limits_block", len(active), whom), fg="red")
    return say("limits_free", len(active))


def _held(decision: Decision, say: Words) -> str:
    if not decision.held_until_us:
        return say("nothing_held")
    lines = [say("held_line", one.sku, one.granted, one.requested) for one in decision.granted]
    return f"{', '.join(lines)} {say('held_until', time_text(decision.held_until_us))}".strip()


def _uses(record: DecisionRecord, say: Words) -> Iterator[str]:
    for use in record.decision.limit_uses:
        yield use_text(use, say, record.order.currency_code)


def _versions(record: DecisionRecord, say: Words) -> Iterator[str]:
    yield from parts.version_lines(record.decision.versions)
    count = len(features_of(record))
    if count:
        yield click.style(say("features", count), dim=True)
