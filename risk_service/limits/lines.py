"""Finds the line of an entry in a TOML text: the parser tells lines of broken syntax only."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_\-*]+)\"?\s*(?:\.[^=]*)?=")


class Lines:
    """Where the ``[[policy]]`` tables of a text and their keys stand; lines count from 1.

    Parameters
    ----------
    text
        Valid TOML.
    """

    def __init__(self, text: str) -> None:
        self._entries: list[tuple[int, dict[str, int], list[tuple[int, dict[str, int]]]]] = []
        self._top: dict[str, int] = {}
        self._headers: dict[str, int] = {}
        keys = self._top
        for number, line in enumerate(_outside_of_texts(text), 1):
            header = _HEADER.match(line)
            if header:
                self._headers.setdefault(header[1].partition(".")[0], number)
                keys = self._opened(header[1], number)
                continue
            key = _KEY.match(line)
            if key:
                keys.setdefault(key[1], number)

    def top(self, key: str) -> int:
        """Return the line of a key before the first policy, or of its table, else 1."""
        return self._top.get(key) or self._headers.get(key, 1)

    def of(self, policy: int, key: str = "") -> int:
        """Return the line of a policy's key, or where the policy begins."""
        if policy >= len(self._entries):
            return 1  # written as inline tables, which nobody does
        begins, keys, _ = self._entries[policy]
        return keys.get(key, begins)

    def of_tier(self, policy: int, tier: int, key: str) -> int:
        """Return the line of a tier's key, or where the tier begins."""
        tiers = self._entries[policy][2] if policy < len(self._entries) else []
        if tier >= len(tiers):
            return self.of(policy, "tier")
        begins, keys = tiers[tier]
        return keys.get(key, begins)

    def _opened(self, name: str, number: int) -> dict[str, int]:
        keys: dict[str, int] = {}
        if name == "policy":
            self._entries.append((number, keys, []))
        elif name.startswith("policy.") and self._entries:
            self._entries[-1][1].setdefault(name.removeprefix("policy."), number)
            if name == "policy.tier":
                self._entries[-1][2].append((number, keys))
        return keys


def _outside_of_texts(text: str) -> Sequence[str]:
    """Return the lines, those inside of a text of several lines emptied."""
    lines: list[str] = []
    closing = ""
    for line in text.split("\n"):
        lines.append("" if closing else line)
        for quotes in re.findall(r'"""|\'\'\'', line):
            if not closing:
                closing = quotes
            elif quotes == closing:
                closing = ""
    return lines
