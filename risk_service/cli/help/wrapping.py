"""Lines of Chinese text: counted in columns, and broken where Chinese may be broken."""

import re

from risk_service.domain.shown import width

_OPENING, _CLOSING = "“‘（《「『", "，。；：！？、”’）》」』…"
_WIDE = "\u3400-\u9fff"
# What is never parted: a bracket such as ``[必填]``; a Chinese character, or a word of other
# letters, with its signs. No line ends with an opening sign, and none begins with a closing one.
_PIECE = re.compile(
    r"\[[^\s\]]*\]"
    rf"|[{_OPENING}\[(]*[{_WIDE}][{_CLOSING}\])]*"
    rf"|[{_OPENING}]*[^\s{_WIDE}{_OPENING}{_CLOSING}]+[{_CLOSING}]*"
    rf"|[{_OPENING}{_CLOSING}]+|\s+"
)


def wrapped(text: str, columns: int) -> list[str]:
    """Return lines that take so many columns at most, but for a word that alone takes more."""
    lines = [""]
    for piece in _PIECE.findall(" ".join(text.split())):
        if width(lines[-1] + piece.rstrip()) > columns and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]
