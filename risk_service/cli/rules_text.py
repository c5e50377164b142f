"""The words of ``risk rules``, English and Chinese, and faults with a caret line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from risk_service.cli.chosen import LANGUAGES
from risk_service.domain.counts import Count
from risk_service.domain.shown import marked, shown
from risk_service.domain.text import LocalizedText
from risk_service.rules.changes import Change
from risk_service.rules.examples import ExampleResult
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.remarks import Remark
from risk_service.rules.rule import Rule
from risk_service.rules.variables import Variable

_WORDS: Mapping[str, tuple[str, str]] = {
    "hint": ("hint: ", "提示："),
    "of_rule": ("rule {}: ", "规则 {}："),
    "faults": (
        "{:rule|rules} cannot be used; the rules in force stay",
        "{} 条规则不可用；现行规则不变",
    ),
    "fine": ("{:rule|rules} in {:file|files}, version {}", "{} 条规则，{} 个文件，版本 {}"),
    "examples": ("{:example|examples}, {} wrong", "{} 个示例，{} 个不符"),
    "wrong": ("expected {}, found {}", "应为 {}，实为 {}"),
    "missing": ("missing: {}", "缺失：{}"),
    "match": ("match", "命中"),
    "no match": ("no match", "不命中"),
    "added": ("added", "新增"),
    "removed": ("removed", "删除"),
    "changed": ("changed", "修改"),
    "same": ("no rule changes", "规则无变化"),
    "at_once": (
        "decides at once: it was not watched in shadow before",
        "立即生效：此前未经影子观察",
    ),
    "words": ("words only", "仅文案"),
    "honest": ("honest customer", "正常客户"),
    "money": (
        "smallest units of the currency; {{{}:money}} in texts",
        "最小货币单位；文本中写 {{{}:money}}",
    ),
    "shadow": ("shadow", "影子"),
    "active": ("active", "生效"),
}


def word(key: str, lang: str, *values: object) -> str:
    """Return one phrase."""
    told = (Count(value) if type(value) is int else value for value in values)
    return _WORDS[key][LANGUAGES.index(lang)].format(*told)


def said(text: LocalizedText, lang: str) -> str:
    """Return a text in one language."""
    return text.zh if lang == "zh" else text.en


def fault_text(fault: RuleFileFault | Remark, lang: str) -> str:
    """Return a fault or remark with its place, the line, a caret under what is meant, the hint."""
    place = f"{fault.file}:{fault.line}" + (f":{fault.column}" if fault.column else "")
    rule = word("of_rule", lang, fault.rule_id) if fault.rule_id else ""
    lines = [shown(f"{place}: {rule}{said(fault.message, lang)}")]
    if fault.source_line and fault.column:
        lines += ["    " + one for one in marked(fault.source_line, fault.column, fault.length)]
    if said(fault.hint, lang):
        lines.append(shown(f"    {word('hint', lang)}{said(fault.hint, lang)}"))
    return "\n".join(lines)


def fault_data(fault: RuleFileFault | Remark) -> dict[str, Any]:
    """Return a fault or remark for a program."""
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "length": fault.length,
        "rule": fault.rule_id,
        "message": {"en": fault.message.en, "zh": fault.message.zh},
        "hint": {"en": fault.hint.en, "zh": fault.hint.zh},
    }


def example_text(result: ExampleResult, lang: str) -> str:
    """Return what an example should have given, and what it gave."""
    expected, found = (
        word(one, lang) if one in _WORDS else one for one in (result.expected, result.found)
    )
    missing = f"; {word('missing', lang, ', '.join(result.missing))}" if result.missing else ""
    where = f"{result.rule.file}:{result.example.line}: {word('of_rule', lang, result.rule.id)}"
    colon = "：" if lang == "zh" else ": "
    wrong = word("wrong", lang, expected, found)
    about = f"{where}{result.example.about}{colon}{wrong}{missing}"
    return shown(about)


def example_data(result: ExampleResult) -> dict[str, Any]:
    """Return the result of an example for a program."""
    return {
        "rule": result.rule.id,
        "file": result.rule.file,
        "line": result.example.line,
        "about": result.example.about,
        "expected": result.expected,
        "found": result.found,
        "missing": list(result.missing),
        "passed": result.passed,
    }


def change_text(change: Change, lang: str) -> str:
    """Return how one rule changes, key by key."""
    remark = word("at_once", lang) if change.at_once else ""
    if not change.decides:
        remark = word("words", lang)
    head = f"{change.rule_id}: {word(change.kind, lang)}" + (f" ({remark})" if remark else "")
    if change.kind == "removed":
        return head
    lines = [head]
    for key, before, after in change.parts:
        if change.kind == "changed" and before:
            lines.append(_key("-", key, before))
        if after:
            lines.append(_key("+", key, after))
    return shown("\n".join(lines))


def rule_rows(rules: Iterable[Rule], lang: str) -> str:
    """Return one line for each rule, and who is hurt by it."""
    lines = []
    for rule in rules:
        scope = ", ".join(one.name for one in sorted(rule.scope.promotions)) or "*"
        lines.append(
            f"{rule.id}  {rule.subject.value}  {rule.outcome.name}  "
            f"{word(rule.state.value, lang)}  {scope}\n"
            f"    {said(rule.description, lang)}\n"
            f"    {word('honest', lang)}: {said(rule.honest, lang)}"
        )
    return shown("\n".join(lines))


def rule_data(rule: Rule) -> dict[str, Any]:
    """Return a rule for a program."""
    return {
        "id": rule.id,
        "owner": rule.owner,
        "subject": rule.subject.value,
        "outcome": rule.outcome.name,
        "state": rule.state.value,
        "reason": rule.reason,
        "when": rule.expression.source,
        "variables": list(rule.expression.variables),
        "promotions": [one.name for one in sorted(rule.scope.promotions)],
        "requires": [one.name for one in rule.requires],
        "description": {"en": rule.description.en, "zh": rule.description.zh},
        "honest": {"en": rule.honest.en, "zh": rule.honest.zh},
        "file": rule.file,
        "line": rule.line,
    }


def variable_rows(variables: Sequence[Variable], lang: str) -> str:
    """Return one line for each variable."""
    return "\n".join(
        f"{one.name}  {one.kind.value}  {said(one.text, lang)}"
        + (f"  [{', '.join(one.words)}]" if one.words else "")
        + (f"  [{word('money', lang, one.name)}]" if one.money else "")
        for one in variables
    )


def _key(sign: str, key: str, text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([f"  {sign} {key}: {first}", *(f"  {sign}   {line}" for line in rest)])
