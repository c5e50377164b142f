"""What validators and the reader of TOML say of a file that people write, in both languages."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_faults import unreadable
from risk_service.domain.toml_words import parser_words
from training.words import WrongValue, as_it_is, fault

# Kinds of errors of the validator in Chinese; what is not here stays English.
_CHINESE: Mapping[str, str] = {
    "missing": "缺少该键",
    "extra_forbidden": "没有这个键",
    "string_type": "须为文本，请加引号",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符，须匹配 {pattern}",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "literal_error": "须为 {expected} 之一",
    "enum": "须为 {expected} 之一",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "float_type": "须为数字",
    "float_parsing": "须为数字",
    "finite_number": "须为有限的数字",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "datetime_type": "须为时间",
    "datetime_parsing": "须为时间",
    "datetime_from_date_parsing": "须为时间",
    "timezone_aware": "须带时区",
    "tuple_type": "须为列表",
    "list_type": "须为列表",
    "dict_type": "须为表",
    "model_type": "须为表",
    "model_attributes_type": "须为表",
}
_INPUT = "Input should be "
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


def no_toml(error: Exception) -> LocalizedText:
    """Return why a text cannot be read as TOML."""
    if isinstance(error, tomllib.TOMLDecodeError):
        told = LocalizedText(en=str(error), zh=f"{parser_words(error).zh}{_place(error)}")
    elif isinstance(error, RecursionError):
        told = unreadable(error)
    else:
        told = as_it_is(error)
    return fault("not_toml", error=told)


def first_fault(error: ValidationError) -> LocalizedText:
    """Return the first fault of a file, with the key."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    text = wrong_value(first)
    return fault("at", where=where, text=text) if where else text


def wrong_value(item: ErrorDetails) -> LocalizedText:
    """Return what is wrong with one value, without its key."""
    told: Mapping[str, Any] = item.get("ctx", {})
    if isinstance(told.get("error"), WrongValue):
        text: LocalizedText = told["error"].text
        return text
    message = item["msg"].removeprefix("Value error, ")
    if message.startswith(_INPUT):
        message = f"must be {message.removeprefix(_INPUT)}"
    # Words of the validator: its "or" stands between the values of a list.
    facts = {name: str(value).replace(" or ", "、") for name, value in told.items()}
    chinese = _CHINESE.get(item["type"])
    return LocalizedText(en=message, zh=chinese.format(**facts) if chinese else message)


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Return where the parser ended."""
    found = _AT.search(str(error))
    return f"（第 {found[1]} 行第 {found[2]} 列）" if found else "（文件末尾）"
