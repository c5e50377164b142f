"""What a rule says of one order: the hit with the values that it matched.

A text may quote a value as ``{name}``, and one that is money as ``{name:money}``: then it is told
in the currency of the order or claim. Words of closed vocabularies are told by their names.
"""

import math
import string
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from risk_service.domain.currency import amount_text
from risk_service.domain.hits import MatchedValue, RuleHit
from risk_service.domain.names import word_name
from risk_service.domain.text import LocalizedText
from risk_service.rules.faults import Fault
from risk_service.rules.rule import Rule
from risk_service.rules.variables import closed_variables

MONEY = "money"
CURRENCY = "currency"

TEXT_MAX = 200
# Two languages of as many rules as may be in force.
TEMPLATES_MAX = 4_000

# What a text says in place of values that are no number and no text.
MISSING = LocalizedText(zh="（缺失）", en="(missing)")
YES = LocalizedText(zh="是", en="yes")
NO = LocalizedText(zh="否", en="no")
BETWEEN = LocalizedText(zh="、", en=", ")
# What an amount says whose currency nobody told.
SMALLEST = LocalizedText(zh="（最小货币单位）", en=" (minor units)")


def hit(rule: Rule, result: bool | Fault, values: Mapping[str, Any]) -> RuleHit:
    """Return the hit of a rule that matched, or that could not be evaluated."""
    names = dict.fromkeys((*rule.expression.variables, *rule.expression.asks_known))
    return RuleHit(
        rule_id=rule.id,
        outcome=rule.outcome,
        shadow=rule.is_shadow,
        values=tuple(_matched(name, values[name]) for name in names),
        customer_text=rule.customer,
        analyst_text=LocalizedText(
            zh=_filled(rule.analyst.zh, values, "zh"),
            en=_filled(rule.analyst.en, values, "en"),
        ),
        fault=result.code if isinstance(result, Fault) else "",
    )


def _matched(name: str, value: object) -> MatchedValue:
    if isinstance(value, (int, float)):
        missing = value != value
        return MatchedValue(name=name, number=None if missing else float(value), text="")
    return MatchedValue(name=name, number=None, text=_text(value, "en"))


def _filled(template: str, values: Mapping[str, Any], language: str) -> str:
    if "{" not in template and "}" not in template:
        return template
    return "".join(
        [
            literal + (_quoted(name, form, values, language) if name else "")
            for literal, name, form in _pieces(template)
        ]
    )


@lru_cache(TEMPLATES_MAX)
def _pieces(template: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """Return texts, each with the name that follows it and how its value is told."""
    return tuple(
        (literal, name, form) for literal, name, form, _ in string.Formatter().parse(template)
    )


def _quoted(name: str, form: str | None, values: Mapping[str, Any], language: str) -> str:
    value = values[name]
    if form == MONEY and isinstance(value, (int, float)) and value == value:
        return _amount(value, values.get(CURRENCY), language)
    if name in closed_variables():
        told = [value] if isinstance(value, str) else value
        if isinstance(told, list | tuple):
            value = [word_name(one).of(language) for one in told]
    return _text(value, language)


def _amount(minor: float, currency_code: object, language: str) -> str:
    if isinstance(currency_code, str) and currency_code:
        return amount_text(minor, currency_code)
    return _digits(float(minor)) + SMALLEST.of(language)


def _text(value: object, language: str) -> str:
    """Return a value for reading; the hit's own values hold all digits."""
    if isinstance(value, bool):
        return (YES if value else NO).of(language)
    if isinstance(value, (int, float)):
        return MISSING.of(language) if value != value else _digits(float(value))
    if isinstance(value, list):
        return BETWEEN.of(language).join(str(one) for one in value)[:TEXT_MAX]
    return str(value)[:TEXT_MAX]


def _digits(value: float) -> str:
    """Return a whole number whole, and three digits of what is not."""
    if not math.isfinite(value) or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) < 1.0 else f"{value:.3f}".rstrip("0").rstrip(".")
