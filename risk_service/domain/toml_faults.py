"""Where a text is no TOML, and why it cannot be read though it might be one.

The parser tells places of its own errors alone. A number of thousands of digits, and brackets in
brackets in brackets, end it in another way: those are looked for.
"""

import re
import tomllib
from typing import Any

from risk_service.domain.text import LocalizedText

# Python reads no longer ones.
DIGITS_MAX = 4_300
_AT = re.compile(r" *\(at line (\d+), column (\d+)\)| *\(at end of document\)")
# From where digits begin, and nowhere within them: else a file of long numbers takes for ever.
_DIGITS = re.compile(rf"(?<![0-9_])[0-9_]{{{DIGITS_MAX + 1}}}")
# What stands in quotes or behind # opens no bracket. Every piece ends without its closing quotes
# as well, and gives nothing back that it took: whoever may publish rules can write any text, and
# one that is tried again from each of its quotes would hold up every order meanwhile.
TOKEN = re.compile(
    r"""
    \#[^\n]*+
    | '{3} (?: [^']++ | '(?!'') )*+ (?: '{3,5} )?
    | "{3} (?: [^"\\]++ | \\. | "(?!"") )*+ (?: "{3,5} )?
    | ' [^'\n]*+ '?
    | " (?: [^"\\\n]++ | \\[^\n] )*+ "?
    | [\[{] | [\]}]
    """,
    re.DOTALL | re.VERBOSE,
)
# Of a key such as a.b.c. The parser's work grows with the square of them, and beyond.
KEY_PARTS_MAX = 100
_KEY = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++(?:[ \t]*+\.[ \t]*+[A-Za-z0-9_-]++)++")
_NOT_LINE_END = re.compile(r"[^\n]")
TOO_LONG = LocalizedText(
    en=f"cannot be read: a number has more than {DIGITS_MAX:,} digits",
    zh=f"无法读取：数字超过 {DIGITS_MAX:,} 位",
)
TOO_DEEP = LocalizedText(
    en="cannot be read: brackets stand too deep in each other", zh="无法读取：括号嵌套过深"
)


def read_toml(text: str) -> dict[str, Any]:
    """Return what a text says that anybody may have written, with work that is bounded.

    Raises
    ------
    TOMLDecodeError
        It is no TOML, or a key of it has more parts than any.
    ValueError, RecursionError
        A number has too many digits; brackets stand too deep in each other.
    """
    for found in _KEY.finditer(TOKEN.sub(_as_word, text)):
        if found[0].count(".") >= KEY_PARTS_MAX:
            at = found.start()
            place = f"line {_line(text, at)}, column {at - text.rfind(chr(10), 0, at)}"
            raise tomllib.TOMLDecodeError(f"A key has more than {KEY_PARTS_MAX} parts (at {place})")
    return tomllib.loads(text)


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


def _as_word(found: re.Match[str]) -> str:
    """Return what is as long: a quoted part of a key is one, what it holds is none."""
    text = found[0]
    if text[0] in "[]{}":
        return text
    return _NOT_LINE_END.sub(" " if text[0] == "#" else "q", text)
