"""Where a text is no TOML, and why it cannot be read though it might be one.

The parser tells places of its own errors alone. A number of thousands of digits, and brackets in
brackets in brackets, end it in another way: those are looked for.
"""

import re

from risk_service.domain.text import LocalizedText

# Python reads no longer ones.
DIGITS_MAX = 4_300
_AT = re.compile(r" *\(at line (\d+), column (\d+)\)| *\(at end of document\)")
_DIGITS = re.compile(rf"[0-9_]{{{DIGITS_MAX + 1}}}")
# What stands in quotes or behind # opens no bracket.
TOKEN = re.compile(
    r"#[^\n]*|'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"|[\[{]|[\]}]", re.DOTALL
)
TOO_LONG = LocalizedText(
    en=f"cannot be read: a number has more than {DIGITS_MAX:,} digits",
    zh=f"无法读取：数字超过 {DIGITS_MAX:,} 位",
)
TOO_DEEP = LocalizedText(
    en="cannot be read: brackets stand too deep in each other", zh="无法读取：括号嵌套过深"
)


def place_of(error: ValueError | RecursionError, text: str) -> tuple[int, int]:
    """Return line and column, from 1, of what ended the parser; column 0: not told."""
    if isinstance(error, RecursionError):
        return _line(text, _deepest(text)), 0
    found = _AT.search(str(error))
    if found is None:
        digits = _DIGITS.search(text)
        return _line(text, digits.start() if digits else 0), 0
    return (int(found[1]), int(found[2])) if found[1] else (_line(text, len(text.rstrip())), 0)


def unreadable(error: ValueError | RecursionError) -> LocalizedText:
    """Return why a text ended the parser that is no fault of TOML."""
    return TOO_DEEP if isinstance(error, RecursionError) else TOO_LONG


def without_place(error: ValueError) -> str:
    """Return the words of the parser alone."""
    return _AT.sub("", str(error)).strip()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _deepest(text: str) -> int:
    depth, most, at = 0, 0, 0
    for found in TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > most:
            most, at = depth, found.start()
    return at
