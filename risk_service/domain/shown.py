"""Texts of others on a terminal: nothing of them acts upon it, and a place in a line is marked."""

import unicodedata

# Control characters, marks that turn the direction of writing, line ends of other kinds.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Of a longer line only the part around the place is shown.
LINE_CHARS_MAX, BEFORE_CHARS = 160, 60


def shown(text: str) -> str:
    """Return what another person wrote, without what a terminal would act upon.

    A rule or a shop's file may hold any character; whoever looks at it must see all of it.
    """
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) not in _UNSEEN else ascii(one)[1:-1]
        for one in text
    )


class _Escapes(dict[int, str]):
    """What stands in JSON for a character by its number, looked up once each."""

    def __missing__(self, number: int) -> str:
        one = chr(number)
        is_unseen = one != "\n" and unicodedata.category(one) in _UNSEEN
        # Beyond the first 65,536 JSON writes two escapes.
        units = one.encode("utf-16-be", "surrogatepass") if is_unseen else b""
        escaped = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        self[number] = found = escaped or one
        return found


_JSON_ESCAPES = _Escapes()


def shown_json(text: str) -> str:
    """Return JSON that means the same, without what a terminal would act upon.

    Its line ends part what it holds: those within texts are escaped already.
    """
    return text if text.isascii() and "\x7f" not in text else text.translate(_JSON_ESCAPES)


def marked(line: str, column: int, length: int) -> tuple[str, str]:
    """Return a line and the marks to put below it, as wide as what they stand under.

    Parameters
    ----------
    column
        Of the first character that is marked, from 1.
    """
    start = max(column - 1 - BEFORE_CHARS, 0) if len(line) > LINE_CHARS_MAX else 0
    stop = start + LINE_CHARS_MAX
    lead, end = ("…" if start else ""), ("…" if stop < len(line) else "")
    before = lead + shown(line[start : column - 1])
    found = shown(line[column - 1 : min(column - 1 + length, stop)])
    after = shown(line[column - 1 + len(line[column - 1 : column - 1 + length]) : stop])
    return before + found + after + end, _blank(before) + "^" * max(width(found), 1)


def _blank(text: str) -> str:
    """Return spaces as wide as a text; Chinese characters take two columns."""
    return "".join("\t" if one == "\t" else " " * width(one) for one in text)


def width(text: str) -> int:
    """Return how many columns a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
