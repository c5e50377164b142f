"""Which rule is meant: the id of a rule in a rule file, or an expression."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.text import LocalizedText
from risk_service.rules.language import near
from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import RuleSet, load_rule_set, shipped_rules
from training.words import fault

# No expression is one bare name or has a dash within a name, except for these two.
_ID = re.compile(r"[a-z][a-z0-9]*([_.-]+[a-z0-9]+)*")
_CONSTANTS = ("true", "false")


def looks_like_id(text: str) -> bool:
    """Tell whether a text can be the id of a rule, and so is no expression."""
    return _ID.fullmatch(text) is not None and text not in _CONSTANTS


def rule_set_of(rules: Path | None) -> RuleSet:
    """Return the rules of a directory, or the shipped ones.

    Raises
    ------
    RuleFileFault
        A rule file is wrong; names the line.
    ConfigFault
        There is no rule file.
    """
    return shipped_rules() if rules is None else load_rule_set(rules)


def rule_of(text: str, rules: Mapping[str, Rule]) -> Rule:
    """Return the rule of an id.

    Raises
    ------
    ConfigFault
        There is no such rule; names those that are like it.
    """
    if text in rules:
        return rules[text]
    found = near(text, rules)
    advice = meant_one_of(found) if found else fault("rules_listed")
    raise ConfigFault(fault("no_rule", rule=text, advice=advice))


def meant_one_of(names: Sequence[str]) -> LocalizedText:
    """Return the question for names that are like an unknown one."""
    either = fault("or")
    told = LocalizedText(zh=either.zh.join(names), en=either.en.join(names))
    return fault("meant_one_of", names=told)
