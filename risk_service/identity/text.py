"""Cleaning of texts that people type: one spelling per meaning, nothing invisible left.

Limits: traditional characters become simplified one by one, without looking at words; that
is enough to compare two spellings, not to print Chinese.
"""

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

from risk_service.domain.errors import InvalidInput
from risk_service.domain.refusals import refusal

MAX_TEXT_CHARS = 1024
_MAX_ROUNDS = 8
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
# Letters and marks that draw nothing, so that no property but their number tells them.
_BLANK = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10))
_PLANE_14_MARKS = range(0xE0000, 0xE01F0)


@cache
def _table() -> dict[int, str | None]:
    """Return what each odd character becomes; None removes it."""
    table: dict[int, str | None] = {}
    for point in range(0x10000):
        category = unicodedata.category(chr(point))
        if category in _SPACES or chr(point) in "\t\n\v\f\r":
            table[point] = " "
        elif category in _INVISIBLE:
            table[point] = None
    table.update(dict.fromkeys((*_BLANK, *_PLANE_14_MARKS)))
    del table[ord(" ")]
    return table | _simplified()


def _simplified() -> dict[int, str | None]:
    document = tomllib.loads(
        (files("risk_service.identity") / "characters.toml").read_text(encoding="utf-8")
    )
    sources = document["traditional"].replace("\n", "")
    targets = document["simplified"].replace("\n", "")
    return {ord(a): b for a, b in zip(sources, targets, strict=True)}


_TABLE = _table()
# A character class is ten times as fast as a table lookup that misses, the usual case, as
# long as the characters beyond U+FFFF stand in it as one range.
_ODD = re.compile(
    "["
    + "".join(re.escape(chr(point)) for point in sorted(_TABLE) if point < 0x10000)
    + f"{chr(_PLANE_14_MARKS[0])}-{chr(_PLANE_14_MARKS[-1])}]"
)
# Neither of the steps of cleaning changes these, alone or next to each other: ASCII but for
# blanks and capitals, and the Chinese characters that the table leaves alone.
_COMPARABLE = re.compile(
    "[!-@\\[-~"
    + "".join(chr(point) for point in range(0x4E00, 0xA000) if point not in _TABLE)
    + "]+"
)


def clean(text: str) -> str:
    """Return the text in its one comparable spelling.

    NFKC, traditional to simplified, no case, no control, format or bidi characters, no lone
    surrogates, single spaces. Cleaning a cleaned text changes nothing. Texts without a
    fixed point within 8 rounds do not occur in Unicode; the bound keeps hostile text cheap.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    if _COMPARABLE.fullmatch(text):
        return text
    for _ in range(_MAX_ROUNDS):
        before = text
        if _ODD.search(text):
            text = text.translate(_TABLE)
        text = unicodedata.normalize("NFKC", text).casefold()
        if text == before:
            break
    return " ".join(text.split())


def opaque(text: str) -> str:
    """Return an id that the shop made up, without the space around it.

    Case and form may tell two such ids apart, so nothing else is changed.
    """
    return text.strip()


def check_length(field: str, text: str) -> None:
    """Refuse a text that no person and no shop sends.

    Raises
    ------
    InvalidInput
        The text is longer than 1,024 characters; names the field.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidInput.at(field, refusal("too_long", most=MAX_TEXT_CHARS))
