"""Why a text is no TOML, in both languages, and what to write where a wide sign is the reason."""

import tomllib

from risk_service.domain.text import LocalizedText
from risk_service.domain.toml_faults import place_of, without_place
from risk_service.domain.wide_signs import meant_by

# How the words of the parser begin, and the same in Chinese; what is not here stays English.
_CHINESE = (
    ("Invalid statement", "语句无效"),
    ("Invalid value", "值无效"),
    ("Invalid initial character for a key part", "键的首字符无效"),
    ("Invalid date or datetime", "日期或时间无效"),
    ("Unclosed array", "数组未闭合"),
    ("Unclosed inline table", "行内表未闭合"),
    ("Unterminated string", "文本缺少右引号"),
    ("Expected newline or end of document", "语句之后须换行"),
    ("Expected '=' after a key", "键之后须为 ="),
    ("Expected ']", "表名缺少 ]"),
    ("Expected", "文本缺少右引号"),
    ("Illegal character", "含有非法字符"),
    ("Cannot overwrite", "该键重复"),
    ("Duplicate inline table key", "该键重复"),
    ("Cannot declare", "该表重复"),
    ("Cannot redefine", "该键重复"),
    ("Unescaped", "文本中的反斜杠须写两次"),
)


def parser_words(error: tomllib.TOMLDecodeError) -> LocalizedText:
    """Return the words of the parser, without the place."""
    words = without_place(error)
    found = [zh for start, zh in _CHINESE if words.startswith(start)]
    return LocalizedText(en=words, zh=found[0] if found else words)


def sign_hint(error: tomllib.TOMLDecodeError, text: str) -> LocalizedText | None:
    """Return what to write where the parser ended at a wide sign; None where it did not."""
    line, column = place_of(error, text)
    rest = text.split("\n")[line - 1][max(column - 1, 0) :] if column else ""
    meant = meant_by(rest[:1])
    if not meant:
        return None
    return LocalizedText(
        en=f"write {meant} in place of {rest[0]}", zh=f"请将 {rest[0]} 改为 {meant}"
    )
