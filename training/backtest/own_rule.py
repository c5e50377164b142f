"""A rule by its id over own events: one of a rule file whose variables the data set has."""

import re
from collections.abc import Mapping

from risk_service.domain.errors import ConfigFault, RiskError
from risk_service.rules.changes import flagging_sha256
from risk_service.rules.expression import Language
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.language import Kind
from risk_service.rules.parse import try_rules
from risk_service.rules.rule import Rule, Scope
from risk_service.rules.rule_set import given_twice
from risk_service.rules.rule_texts import read_texts
from risk_service.rules.schedule import ALWAYS
from risk_service.rules.variables import Subject
from training.backtest.faults import advice
from training.backtest.request import BacktestRequest
from training.backtest.variables import OwnVariables
from training.backtest.which import looks_like_id, rule_of, rule_set_of
from training.words import fault

# In a rule file the expressions themselves stand in quotes.
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def own_rule(
    request: BacktestRequest, variables: OwnVariables
) -> tuple[str | None, str, str | None]:
    """Return id, expression and digest of what is asked for; an expression has only itself.

    Raises
    ------
    ConfigFault
        There is no such rule, or it reads what the data set has not.
    """
    text = request.rule
    if not looks_like_id(text):
        return None, text, None
    found = variables.find(text)
    if found is not None:
        alone = "text_alone" if found.kind is Kind.TEXT else "number_alone"
        raise ConfigFault(fault(alone, text=text))
    if text in variables.vocabulary.labels:
        raise ConfigFault(fault("label_of_event", name=text))
    rule = _rule(request, variables)
    read = dict.fromkeys((*rule.expression.variables, *rule.expression.asks_known))
    missing = [name for name in read if variables.find(name) is None]
    if missing:
        told = fault(
            "unknown_here",
            rule=rule.id,
            data=request.data,
            missing=", ".join(missing),
            advice=advice(missing[0], variables.near),
        )
        raise ConfigFault(told)
    if rule.scope != Scope() or rule.schedule != ALWAYS:
        raise ConfigFault(fault("scope_here", rule=rule.id))
    return rule.id, rule.expression.source, flagging_sha256(rule)


def _rule(request: BacktestRequest, variables: OwnVariables) -> Rule:
    try:
        return rule_of(request.rule, rule_set_of(request.rules).rules)
    except RiskError:
        if request.rules is None:
            raise
        return _rule_over_own(request.rule, read_texts(request.rules), variables)


def _rule_over_own(rule_id: str, texts: Mapping[str, str], variables: OwnVariables) -> Rule:
    """Return a rule over the variables of this data set, which the service knows nothing of.

    Beside it may stand rules over other variables: they are not asked for, and not looked at.
    """
    found = {name: variables.find(name) for text in texts.values() for name in _WORD.findall(text)}
    kinds = {name: one.kind for name, one in found.items() if one is not None}
    languages = dict.fromkeys(Subject, Language(kinds))
    rules: dict[str, Rule] = {}
    faults: list[RuleFileFault] = []
    for file in sorted(texts):
        usable, wrong = try_rules(texts[file], file, languages)
        for rule in usable:
            if rule.id == rule_id and rule_id in rules:
                raise given_twice(rule, rules[rule_id])
            rules[rule.id] = rule
        faults += [one for one in wrong if one.rule_id in ("", rule_id)]
    if faults and rule_id not in rules:
        raise max(faults, key=lambda one: one.rule_id)
    return rule_of(rule_id, rules)
