"""Where things stand in a TOML file: its parser keeps no lines.

Knows the one layout of rule files: ``[[rule]]`` tables with keys, sub-tables and examples.
"""

import re
from bisect import bisect_left

from risk_service.domain.toml_faults import TOKEN

_RULE = re.compile(r"^[ \t]*\[\[[ \t]*rule[ \t]*\]\]", re.MULTILINE)
_EXAMPLE = re.compile(r"^[ \t]*\[\[[ \t]*rule[ \t]*\.[ \t]*example[ \t]*\]\]", re.MULTILINE)
_LINE_END = re.compile(r"\n")


class Places:
    """Finds the lines of rules and of their keys; what is not found is line 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        # As long as the text, so that places are the same.
        self._tables = TOKEN.sub(_on_one_line, text)
        self._starts = [match.start() for match in _RULE.finditer(self._tables)]
        self._examples = [match.start() for match in _EXAMPLE.finditer(self._tables)]
        self._line_ends = [match.start() for match in _LINE_END.finditer(text)]

    def top(self, key: str) -> int:
        """Return the line of a key of the file itself, or of its table; else line 1."""
        name = re.escape(key)
        found = re.search(rf"^[ \t]*({name}[ \t]*=|\[+[ \t]*{name}\b)", self._tables, re.MULTILINE)
        return self._line(found.start()) if found else 1

    def rule(self, index: int) -> int:
        """Return the line of the index-th rule."""
        return self._line(self._block(index)[0])

    def key(self, index: int, key: str) -> int:
        """Return the line of a rule's key, or of its sub-table; else the line of the rule."""
        start, end = self._block(index)
        name = re.escape(key)
        found = re.compile(
            rf"^[ \t]*({name}[ \t]*=|\[rule\.{name}\]|{name}[ \t]*\.)", re.MULTILINE
        ).search(self._tables, start, end)
        return self._line(found.start() if found else start)

    def example(self, index: int, number: int) -> int:
        """Return the line of a rule's number-th example."""
        start, end = self._block(index)
        place = bisect_left(self._examples, start) + number
        is_there = place < len(self._examples) and self._examples[place] < end
        return self._line(self._examples[place] if is_there else start)

    def inside(self, index: int, key: str, line: int, column: int) -> tuple[int, int]:
        """Return line and column in the file of a place inside a key's text."""
        start, end = self._block(index)
        opening = re.compile(
            rf"^[ \t]*{re.escape(key)}[ \t]*=[ \t]*('''|\"\"\"|'|\")", re.MULTILINE
        ).search(self._tables, start, end)
        if opening is None:
            return self.key(index, key), 0
        at = opening.end()
        # A line end behind three quotes is none of the text.
        at += len(opening[1]) == 3 and self._text.startswith("\n", at)
        if line > 1:
            return self._line(at) + line - 1, column
        return self._line(at), at - self._text.rfind("\n", 0, at) - 1 + column

    def quoted(self, index: int, key: str, written: str) -> tuple[int, int]:
        """Return line and column of what stands in a key's text; else the key's line, column 0."""
        start, end = self._block(index)
        found = re.compile(rf"^[ \t]*{re.escape(key)}[ \t]*=", re.MULTILINE).search(
            self._tables, start, end
        )
        at = self._text.find(written, found.end(), end) if found else -1
        if at < 0:
            return self.key(index, key), 0
        return self._line(at), at - self._text.rfind("\n", 0, at)

    def source_line(self, line: int) -> str:
        """Return the text of one line, from 1."""
        lines = self._text.split("\n")
        return lines[line - 1] if 0 < line <= len(lines) else ""

    def _block(self, index: int) -> tuple[int, int]:
        if index >= len(self._starts):
            return 0, len(self._text)
        ends = [*self._starts[1:], len(self._text)]
        return self._starts[index], ends[index]

    def _line(self, at: int) -> int:
        return bisect_left(self._line_ends, at) + 1


def _on_one_line(found: re.Match[str]) -> str:
    """Return a text without its line ends: what begins a line of it is no table and no key."""
    return found[0].replace("\n", "\v")
