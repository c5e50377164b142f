"""Which rule is meant: the id of a rule in a rule file, or an expression."""

import re
from collections.abc import Mapping
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.rules.language import near
from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import RuleSet, load_rule_set, shipped_rules

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
    advice = f"did you mean {' or '.join(found)}?" if found else "`risk rules list` shows them"
    raise ConfigFault(
        f"there is no rule {text!r}, and it is no condition; {advice}"
        f" 没有规则 {text!r}，也不是条件表达式；可用 `risk rules list` 查看规则"
    )
