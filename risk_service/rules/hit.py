"""What a rule says of one order: the hit with the values that it matched."""

import string
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from risk_service.domain.hits import MatchedValue, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.rules.faults import Fault
from risk_service.rules.rule import Rule

TEXT_MAX = 200
# Two languages of as many rules as may be in force.
TEMPLATES_MAX = 4_000
_MISSING = LocalizedText(zh="（缺失）", en="(missing)")


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
            zh=_filled(rule.analyst.zh, values, _MISSING.zh),
            en=_filled(rule.analyst.en, values, _MISSING.en),
        ),
        fault=result.code if isinstance(result, Fault) else "",
    )


def _matched(name: str, value: object) -> MatchedValue:
    if isinstance(value, (int, float)):
        missing = value != value
        return MatchedValue(name=name, number=None if missing else float(value), text="")
    return MatchedValue(name=name, number=None, text=_text(value, ""))


def _filled(template: str, values: Mapping[str, Any], missing: str) -> str:
    if "{" not in template:
        return template
    return "".join(
        [
            literal + (_text(values[name], missing) if name else "")
            for literal, name in _pieces(template)
        ]
    )


@lru_cache(TEMPLATES_MAX)
def _pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    """Return texts, each with the name that follows it."""
    return tuple((literal, name) for literal, name, _, _ in string.Formatter().parse(template))


def _text(value: object, missing: str) -> str:
    """Return a value for reading: no more digits than it has."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return missing if value != value else f"{value:.10g}"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)[:TEXT_MAX]
    return str(value)[:TEXT_MAX]
