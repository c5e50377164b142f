"""From the text of a rule file to rules: all of them, or the first fault with its line."""

import re
import string
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_faults import place_of, read_toml, unreadable
from risk_service.domain.vocabulary import Outcome
from risk_service.rules.expression import Expression, Language, RuleFault
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.form_words import form_texts, key_at_fault, most_telling, toml_texts
from risk_service.rules.hit import MONEY
from risk_service.rules.language import Kind, near
from risk_service.rules.places import Places
from risk_service.rules.rule import Example, Rule, State
from risk_service.rules.rule_file import RuleFile, RuleTable
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject, money_variables

RULES_MAX = 1000
INT64_END = 2**63
_DIGIT = re.compile(r"\d")
_KIND_OF_TYPE: dict[type, tuple[Kind, ...]] = {
    bool: (Kind.FLAG,),
    int: (Kind.NUMBER, Kind.INTEGER),
    float: (Kind.NUMBER,),
    str: (Kind.TEXT,),
    list: (Kind.TEXTS,),
}

Languages = Mapping[Subject, Language]
Texts = tuple[LocalizedText, LocalizedText]


def parse_rules(text: str, file: str, languages: Languages) -> tuple[Rule, ...]:
    """Return the rules of one file.

    Raises
    ------
    RuleFileFault
        The first fault: the line, the rule, and what would be right.
    """
    rules, faults = try_rules(text, file, languages)
    if faults:
        raise faults[0]
    return rules


def try_rules(
    text: str, file: str, languages: Languages
) -> tuple[tuple[Rule, ...], tuple[RuleFileFault, ...]]:
    """Return the rules of one file that can be used, and a fault for each that cannot."""
    places = Places(text)
    try:
        tables = _tables(text, file, places)
    except RuleFileFault as fault:
        return (), (fault,)
    reader = _Reader(file, places, languages)
    rules: list[Rule] = []
    faults: list[RuleFileFault] = []
    for index, table in enumerate(tables):
        try:
            rules.append(reader.rule(index, table))
        except RuleFileFault as fault:
            faults.append(fault)
    return tuple(rules), tuple(faults)


def _tables(text: str, file: str, places: Places) -> tuple[dict[str, Any], ...]:
    try:
        content = RuleFile.model_validate(read_toml(text))
    except tomllib.TOMLDecodeError as error:
        line, column = place_of(error, text)
        raise RuleFileFault(
            file, (line, column), "", toml_texts(error, text), (places.source_line(line), 1)
        ) from error
    except ValidationError as error:
        line = places.top(str(most_telling(error)["loc"][0]))
        raise RuleFileFault(file, (line, 0), "", form_texts(error, RuleFile)) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits is a plain ValueError, brackets in brackets the other.
        told = (unreadable(error), LocalizedText(zh="", en=""))
        raise RuleFileFault(file, place_of(error, text), "", told) from error
    if len(content.rule) > RULES_MAX:
        many = _pair(f"more than {RULES_MAX:,} rules", f"规则超过 {RULES_MAX:,} 条",
                     "divide them into several files", "请拆成多个文件")  # fmt: skip
        raise RuleFileFault(file, (places.rule(RULES_MAX), 0), "", many)
    return content.rule


class _Reader:
    def __init__(self, file: str, places: Places, languages: Languages) -> None:
        self._file = file
        self._places = places
        self._languages = languages

    def rule(self, index: int, raw: dict[str, Any]) -> Rule:
        try:
            table = RuleTable.model_validate(raw)
        except ValidationError as error:
            line = self._line_of(index, error)
            raise self._fault(line, str(raw.get("id", "")), form_texts(error, RuleTable)) from error
        subject = Subject(table.subject)
        language = self._languages[subject]
        expression = self._expression(index, table, language)
        self._check_texts(index, table, language)
        return Rule(
            id=table.id,
            owner=table.owner,
            subject=subject,
            outcome=Outcome[table.outcome],
            state=State(table.state),
            reason=table.reason,
            description=LocalizedText(zh=table.description_zh, en=table.description_en),
            customer=LocalizedText(zh=table.customer_zh, en=table.customer_en),
            analyst=LocalizedText(zh=table.analyst_zh, en=table.analyst_en),
            honest=LocalizedText(zh=table.honest_zh, en=table.honest_en),
            expression=expression,
            examples=self._examples(index, table, language),
            scope=table.scope.scope(),
            schedule=table.schedule.schedule(),
            requires=table.requires,
            file=self._file,
            line=self._places.rule(index),
        )

    def _expression(self, index: int, table: RuleTable, language: Language) -> Expression:
        # The line break before closing quotes is the file's, not the rule's.
        source = table.when.rstrip()
        try:
            return language.compile(source)
        except RuleFault as fault:
            place = self._places.inside(index, "when", fault.line, fault.column)
            message, hint = fault.texts
            span = (self._places.source_line(place[0]), fault.length)
            raise RuleFileFault(self._file, place, table.id, (message, hint), span) from fault

    def _check_texts(self, index: int, table: RuleTable, language: Language) -> None:
        for key in ("customer_zh", "customer_en"):
            text = getattr(table, key)
            if _DIGIT.search(text) or "{" in text:
                raise self._fault(
                    self._places.key(index, key),
                    table.id,
                    _pair(
                        f"{key} tells a number or a value",
                        f"{key} 中含有数字或变量值",
                        "customers must not learn thresholds; quote values in the analyst's text",
                        "不得向客户透露阈值；变量值请写在分析师文案中",
                    ),
                )
        for key in ("analyst_zh", "analyst_en"):
            self._check_places_in_text(index, key, table, language)

    def _check_places_in_text(
        self, index: int, key: str, table: RuleTable, language: Language
    ) -> None:
        line = self._places.key(index, key)
        try:
            parts = list(string.Formatter().parse(getattr(table, key)))
        except ValueError as error:
            raise self._fault(line, table.id, _broken_place(key, str(error))) from error
        for _, name, form, conversion in parts:
            # Behind the last place stands text alone.
            if name is None:
                continue
            if not name:
                raise self._fault(line, table.id, _broken_place(key, "{} names no variable"))
            if name not in language.variables:
                raise self._fault(line, table.id, _unknown(name, language))
            written = (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            if form not in ("", MONEY) or conversion:
                texts = _unknown_form(key, name, written, language)
                raise self._fault_in_text(index, key, f"{{{name}{written}}}", table, texts)
            if form == MONEY and name not in money_variables():
                texts = _no_money(key, name)
                raise self._fault_in_text(index, key, f"{{{name}{written}}}", table, texts)

    def _fault_in_text(
        self, index: int, key: str, written: str, table: RuleTable, texts: Texts
    ) -> RuleFileFault:
        place = self._places.quoted(index, key, written)
        span = (self._places.source_line(place[0]), len(written))
        return RuleFileFault(self._file, place, table.id, texts, span)

    def _examples(self, index: int, table: RuleTable, language: Language) -> tuple[Example, ...]:
        missing = {True, False} - {example.matches for example in table.example}
        if missing:
            wanted = "matches" if True in missing else "does not match"
            wanted_zh = "命中" if True in missing else "不命中"
            raise self._fault(
                self._places.rule(index),
                table.id,
                _pair(
                    f"there is no example that {wanted}",
                    f"缺少{wanted_zh}的示例",
                    "add [[rule.example]] with about, matches and values, near the threshold",
                    "请添加 [[rule.example]]，写明 about、matches 和 values，取值靠近阈值",
                ),
            )
        return tuple(
            self._example(index, number, table, language) for number in range(len(table.example))
        )

    def _example(self, index: int, number: int, table: RuleTable, language: Language) -> Example:
        example = table.example[number]
        line = self._places.example(index, number)
        for name, value in example.values.items():
            kind = language.variables.get(name)
            if kind is None:
                raise self._fault(line, table.id, _unknown(name, language))
            if kind not in _KIND_OF_TYPE.get(type(value), ()) or not _can_be_had(value):
                raise self._fault(
                    line,
                    table.id,
                    _pair(f"example: {name} is a {kind}", f"示例：{name} 的类型是 {kind}", "", ""),
                )
        return Example(
            about=example.about,
            matches=example.matches,
            fault=example.fault,
            values=Values(example.values),
            line=line,
        )

    def _line_of(self, index: int, error: ValidationError) -> int:
        where = most_telling(error)["loc"]
        if len(where) > 1 and where[0] == "example" and isinstance(where[1], int):
            return self._places.example(index, where[1])
        for part in (key_at_fault(error), *where[1:2], *where[:1]):
            line = self._places.key(index, str(part))
            if line != self._places.rule(index):
                return line
        return self._places.rule(index)

    def _fault(self, line: int, rule_id: str, texts: Texts) -> RuleFileFault:
        return RuleFileFault(self._file, (line, 0), rule_id, texts)


def _can_be_had(value: object) -> bool:
    """Tell whether a value of the right type is one that the engine takes."""
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return not isinstance(value, int) or -INT64_END <= value < INT64_END


def _unknown(name: str, language: Language) -> Texts:
    found = near(name, language.variables)
    return _pair(
        f"there is no variable {name}",
        f"没有变量 {name}",
        f"did you mean {' or '.join(found)}?" if found else "`risk rules variables` lists them",
        f"是不是 {' 或 '.join(found)}？" if found else "`risk rules variables` 列出全部变量",
    )


def _no_money(key: str, name: str) -> Texts:
    return _pair(
        f"{key}: {{{name}:{MONEY}}}: {name} is not an amount of money",
        f"{key}：{{{name}:{MONEY}}}：{name} 不是金额",
        f"write {{{name}}}",
        f"请写 {{{name}}}",
    )


def _unknown_form(key: str, name: str, written: str, language: Language) -> Texts:
    known = [f"{{{name}}}"] + [f"{{{name}:{MONEY}}}"] * (name in money_variables())
    is_number = language.variables[name] in (Kind.NUMBER, Kind.INTEGER)
    digits = "; fractions are told to three digits" if is_number else ""
    digits_zh = "；小数自动保留三位" if is_number else ""
    return _pair(
        f"{key}: values are not told as {{{name}{written}}}",
        f"{key}：变量值不能写成 {{{name}{written}}}",
        f"write {' or '.join(known)}{digits}",
        f"请改写为 {' 或 '.join(known)}{digits_zh}",
    )


def _broken_place(key: str, detail: str) -> Texts:
    return _pair(
        f"{key}: {detail}",
        f"{key}：大括号有误（{detail}）",
        "a value is quoted as {name}; a brace itself is written {{ or }}",
        "引用变量值请写 {变量名}；大括号本身请写 {{ 或 }}",
    )


def _pair(message_en: str, message_zh: str, hint_en: str, hint_zh: str) -> Texts:
    return LocalizedText(en=message_en, zh=message_zh), LocalizedText(en=hint_en, zh=hint_zh)
