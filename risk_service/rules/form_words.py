"""What is wrong with the form of a rule file, in words of an analyst and in both languages."""

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_value import as_toml
from risk_service.domain.toml_words import parser_words, sign_hint
from risk_service.rules.faults import EVALUATION_FAILED, MISSING_VALUE
from risk_service.rules.language import near
from risk_service.rules.rule import State
from risk_service.rules.rule_file import (
    EVIDENCE,
    OUTCOMES,
    PROMOTIONS,
    TOLD,
    ExampleTable,
    ScheduleTable,
    ScopeTable,
)
from risk_service.rules.schedule import DAYS
from risk_service.rules.variables import Subject

Texts = tuple[LocalizedText, LocalizedText]
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "outcome": OUTCOMES,
    "promotions": PROMOTIONS,
    "requires": EVIDENCE,
    "subject": tuple(Subject),
    "state": tuple(State),
    "days": DAYS,
    "fault": (MISSING_VALUE, EVALUATION_FAILED),
}
_SHAPES = {
    "id": (
        "a letter, then 2 to 63 small letters, digits and _, such as coupon_device_farm",
        "以字母开头，共 3 至 64 个小写字母、数字和下划线，例如 coupon_device_farm",
    ),
    "reason": (
        "a letter, then 2 to 63 capitals, digits and _, such as COUPON_DEVICE_FARM",
        "以字母开头，共 3 至 64 个大写字母、数字和下划线，例如 COUPON_DEVICE_FARM",
    ),
    "format": ("write format = 1", "请写 format = 1"),
    "topic": (
        'write topic = "coupon", or what the rules are about',
        '请写 topic = "coupon"，即规则的主题',
    ),
    "rule": ("write each rule as a table: [[rule]]", "每条规则写成一个表：[[rule]]"),
    "example": ("write each as a table: [[rule.example]]", "每个示例写成一个表：[[rule.example]]"),
}
_TIME = (
    "write 2026-11-01T00:00:00+08:00, without quotes",
    "请写 2026-11-01T00:00:00+08:00，不加引号",
)
_LIST = ('write a list: ["a", "b"]', '请写列表：["a", "b"]')
_TABLE = ("write it as a table", "请写成一个表")
# Kind of error: message en, message zh, hint en, hint zh.
_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "missing": ("the key is missing", "缺少该键", "", ""),
    "string_pattern_mismatch": ("{found} has another form", "{found} 格式不符", "", ""),
    "literal_error": ("{found} cannot stand here", "{found} 不可用", "", ""),
    "string_type": ("{found} is not text", "{found} 不是文本", "write it in quotes", "请加引号"),
    "string_too_short": ("the text is empty", "文本为空", "", ""),
    "string_too_long": (
        "the text is longer than {max_length} characters", "文本超过 {max_length} 个字符", "", ""
    ),
    "too_short": ("the list is empty", "列表为空", "leave the key out", "请删除该键"),
    "bool_type": (
        "{found} is neither true nor false", "{found} 不是真假值",
        "write true or false, without quotes", "请写 true 或 false，不加引号",
    ),
    "timezone_aware": ("the time says no offset", "时间缺少时区偏移", *_TIME),
    "datetime_type": ("{found} is not a time", "{found} 不是时间", *_TIME),
    "datetime_parsing": ("{found} is not a time", "{found} 不是时间", *_TIME),
    "datetime_from_date_parsing": ("{found} is not a time", "{found} 不是时间", *_TIME),
    "tuple_type": ("{found} is not a list", "{found} 不是列表", *_LIST),
    "frozen_set_type": ("{found} is not a list", "{found} 不是列表", *_LIST),
    "model_type": ("{found} is not a table", "{found} 不是表", *_TABLE),
    "dict_type": ("{found} is not a table", "{found} 不是表", *_TABLE),
}  # fmt: skip
_FOUND_MAX = 60
_TOML_HINTS = (
    ("A key has more than", "write tables in tables at most two deep", "表最多嵌套两层"),
    ("Illegal character '\\n'", "the text has no closing quote; several lines stand in '''",
     "文本缺少右引号；多行文本请用 '''"),
    ("Expected \"'''\"", "the text has no closing '''", "文本缺少结尾的 '''"),
    ("Cannot overwrite", "the key stands here twice", "该键重复"),
    ("Cannot declare", "the table stands here twice; of rules and examples: [[rule]], "
     "[[rule.example]]", "该表重复；规则和示例请写 [[rule]]、[[rule.example]]"),
    ("Invalid value", "texts stand in quotes", "文本须加引号"),
    ("Invalid statement", "write key = value, or [[rule]] before a rule",
     "请写 键 = 值；规则之前写 [[rule]]"),
    ("Expected '='", "write key = value", "请写 键 = 值"),
)  # fmt: skip


def form_texts(error: ValidationError, table: type[BaseModel]) -> Texts:
    """Say what is wrong with the form of a file or a rule, and what would be right."""
    first = most_telling(error)
    path = ".".join(str(part) for part in first["loc"])
    key = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "")
    if first["type"] == "extra_forbidden":
        return _pair(
            f"{path}: there is no such key",
            f"没有 {path} 这个键",
            *_meant_or_known(key, _keys(first, table)),
        )
    if first["type"] == TOLD:
        told = first["ctx"]
        path = f"{path}.{told['key']}"
        return _pair(f"{path}: {told['en']}", f"{path}：{told['zh']}", "", "")
    if key in _CHOICES and first["type"] in ("literal_error", "enum"):
        choices = _CHOICES[key]
        listed = ", ".join(choices)
        en, zh = _did_you_mean(str(first["input"]), choices)
        return _pair(
            f"{path}: {_found(first)} is not among the choices",
            f"{path}：{_found(first)} 不在可选值中",
            en or f"one of {listed}",
            zh or f"可选：{listed}",
        )
    return _plainly(first, path, key)


def key_at_fault(error: ValidationError) -> str:
    """Return the key of a sub-table that is at fault, where only the whole table is told."""
    first = most_telling(error)
    return str(first["ctx"]["key"]) if first["type"] == TOLD else ""


def most_telling(error: ValidationError) -> ErrorDetails:
    """Return the first key that does not exist, else the first error: a typo is both."""
    found = error.errors()
    return next((one for one in found if one["type"] == "extra_forbidden"), found[0])


def toml_texts(error: tomllib.TOMLDecodeError, text: str) -> Texts:
    """Say why a text is no TOML."""
    words = parser_words(error)
    hints = [(en, zh) for start, en, zh in _TOML_HINTS if words.en.startswith(start)]
    sign = sign_hint(error, text)
    hint = (sign.en, sign.zh) if sign else (hints or [("", "")])[0]
    return _pair(f"not TOML: {words.en}", f"不是有效的 TOML：{words.zh}", *hint)


def _plainly(first: ErrorDetails, path: str, key: str) -> Texts:
    # Words that are not ours may have braces of their own.
    message = first["msg"].replace("{", "{{").replace("}", "}}")
    en, zh, hint_en, hint_zh = _WORDS.get(first["type"], (message, message, "", ""))
    told = {"found": _found(first), **first.get("ctx", {})}
    hint_en, hint_zh = _SHAPES.get(key, (hint_en, hint_zh))
    return _pair(f"{path}: {en.format(**told)}", f"{path}：{zh.format(**told)}", hint_en, hint_zh)


def _found(first: ErrorDetails) -> str:
    if isinstance(first["input"], dict):
        return "{...}"  # as TOML writes one within a line, in either language
    shown = as_toml(first["input"])
    return shown if len(shown) <= _FOUND_MAX else f"{shown[:_FOUND_MAX]}..."


def _keys(first: ErrorDetails, table: type[BaseModel]) -> list[str]:
    """Return the keys that the table at fault has."""
    inner: Mapping[Any, type[BaseModel]] = {
        "scope": ScopeTable,
        "schedule": ScheduleTable,
        "example": ExampleTable,
    }
    within = inner.get(first["loc"][0], table) if len(first["loc"]) > 1 else table
    return [field.alias or name for name, field in within.model_fields.items()]


def _did_you_mean(word: str, known: tuple[str, ...] | list[str]) -> tuple[str, str]:
    found = near(word, known)
    if not found:
        return "", ""
    return f"did you mean {' or '.join(found)}?", f"是不是 {' 或 '.join(found)}？"


def _meant_or_known(key: str, known: list[str]) -> tuple[str, str]:
    """Return the key that may have been meant, else all that can stand there."""
    en, zh = _did_you_mean(key, known)
    if key == "policy":
        return (
            "policies of limits are checked by risk limits check",
            "限购策略请用 risk limits check",
        )
    listed = ", ".join(known)
    return en or f"keys here: {listed}", zh or f"此处可用的键：{listed}"


def _pair(message_en: str, message_zh: str, hint_en: str, hint_zh: str) -> Texts:
    return LocalizedText(en=message_en, zh=message_zh), LocalizedText(en=hint_en, zh=hint_zh)
