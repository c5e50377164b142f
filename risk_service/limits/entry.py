"""One table of a policy file, asked key by key; what is wrong with it knows its line."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from risk_service.limits.lines import Lines

Choice = TypeVar("Choice")


class Fault(Exception):
    """What is wrong in which line, and what would be right."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line = line
        self.words = words


class Entry:
    """One ``[[policy]]`` of a file, asked key by key."""

    def __init__(self, table: Mapping[str, Any], lines: Lines, place: int) -> None:
        self.table = table
        self.place = place
        self.lines = lines
        self.id = table.get("id", "")

    def fault(self, key: str, words: str) -> Fault:
        """Return a fault in the line of a key."""
        return Fault(self.lines.of(self.place, key), f"policy `{self.id}`: {words}")

    def tier_fault(self, tier: int, key: str, words: str) -> Fault:
        """Return a fault in the line of a tier's key."""
        line = self.lines.of_tier(self.place, tier, key)
        return Fault(line, f"policy `{self.id}`, tier {tier + 1}: {words}")

    def text(self, key: str, most: int = 500) -> str:
        """Return a text that must be there."""
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            raise self.fault(key, f'`{key}` must be a text of 1 to {most} characters: {key} = "…"')
        return value

    def choice(self, key: str, known: Mapping[str, Choice], default: str = "") -> Choice:
        """Return what a word of a closed list stands for."""
        word = self.table.get(key, default)
        if not isinstance(word, str) or word not in known:
            raise self.fault(key, f"`{key}` is {said(word)}; {one_of(word, known)}")
        return known[word]


def said(value: object) -> str:
    """Return how a fault names a value of the file."""
    if value in (None, ""):
        return "missing"
    return f"`{value}`" if isinstance(value, str) else f"{value!r}"


def one_of(word: object, known: Mapping[str, object] | Sequence[str]) -> str:
    """Return the words of a closed list, or the one that was meant."""
    close = get_close_matches(word, list(known), 1) if isinstance(word, str) else []
    return f"did you mean `{close[0]}`?" if close else f"one of: {', '.join(known)}"
