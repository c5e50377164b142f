"""One table of a policy file, asked key by key; what is wrong with it knows its line."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from risk_service.domain.text import LocalizedText
from risk_service.limits.fault_words import one_of, said, words
from risk_service.limits.lines import Lines

Choice = TypeVar("Choice")


class Fault(Exception):
    """What is wrong in which line, and what would be right."""

    def __init__(self, line: int, text: LocalizedText) -> None:
        super().__init__(text.en)
        self.line = line
        self.text = text


class FaultAt(Protocol):
    """Makes a fault in the line of a key; its code is one of ``fault_words``."""

    def __call__(self, key: str, code: str, /, **values: object) -> Fault:
        """Return the fault."""


class Entry:
    """One ``[[policy]]`` of a file, asked key by key."""

    def __init__(self, table: Mapping[str, Any], lines: Lines, place: int) -> None:
        self.table = table
        self.place = place
        self.lines = lines
        self.id = table.get("id", "")

    def fault(self, key: str, code: str, /, **values: object) -> Fault:
        """Return a fault in the line of a key."""
        text = words("of_policy", id=self.id, words=words(code, **values))
        return Fault(self.lines.of(self.place, key), text)

    def tier_faults(self, tier: int) -> FaultAt:
        """Return what makes faults in the lines of a tier's keys."""

        def fault(key: str, code: str, /, **values: object) -> Fault:
            told = words(code, **values)
            text = words("of_tier", id=self.id, tier=tier + 1, words=told)
            return Fault(self.lines.of_tier(self.place, tier, key), text)

        return fault

    def text(self, key: str, most: int = 500) -> str:
        """Return a text that must be there."""
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            raise self.fault(key, "text", key=key, most=most)
        return value

    def choice(self, key: str, known: Mapping[str, Choice], default: str = "") -> Choice:
        """Return what a word of a closed list stands for."""
        word = self.table.get(key, default)
        if not isinstance(word, str) or word not in known:
            advice = one_of(word, known)
            raise self.fault(key, "unknown_word", key=key, value=said(word), advice=advice)
        return known[word]
