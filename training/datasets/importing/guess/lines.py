"""Lines of a mapping that was guessed: what is read by programs, and comments in both languages."""

from collections.abc import Iterable

from risk_service.domain.text import LocalizedText
from training.datasets.toml_text import quoted
from training.words import fault

Line = str | LocalizedText


def noted(line: str, code: str, /, **facts: object) -> LocalizedText:
    """Return a line with a comment behind it, or a comment alone where there is no line."""
    told = fault(code, **facts)
    start = f"{line}      # " if line else "# "
    return LocalizedText(zh=f"{start}{told.zh}", en=f"{start}{told.en}")


def no_use(name: str, why: LocalizedText) -> LocalizedText:
    """Return a comment on a column that the mapping leaves out."""
    return noted("", "guess_unused", column=quoted(name), why=why)


def in_both(lines: Iterable[Line]) -> LocalizedText:
    """Return the whole text."""
    found = tuple(lines)
    zh = (line if isinstance(line, str) else line.zh for line in found)
    en = (line if isinstance(line, str) else line.en for line in found)
    return LocalizedText(zh="\n".join(zh) + "\n", en="\n".join(en) + "\n")
