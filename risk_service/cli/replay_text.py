"""What ``risk replay`` says to people."""

from collections.abc import Iterator
from pathlib import Path

from risk_service.cli.language import Phrases
from risk_service.decisions.replay.compared import Part
from risk_service.decisions.replay.tally import Tally
from risk_service.domain.shown import width

SHOWN = 20
TEXT_MAX = 160


class ReplayWords(Phrases):
    """The words of the command."""

    file = "replay_words.toml"

    def decisions(self, count: int) -> str:
        """Return so many decisions."""
        return self("decision_one" if count == 1 else "decision_many", f"{count:,}")


class ReplayText:
    """The answer of the command, line by line."""

    def __init__(self, words: ReplayWords, tally: Tally, state: Path) -> None:
        self._say = words
        self._tally = tally
        self._state = state

    def lines(self, taken_s: float) -> str:
        """Return everything, ready to be printed."""
        if not self._tally.decisions:
            return self._say("none")
        return "\n".join(self._lines(taken_s))

    def _lines(self, taken_s: float) -> Iterator[str]:
        say, tally = self._say, self._tally
        yield say("title", say.decisions(tally.decisions), f"{taken_s:.1f}")
        yield ""
        yield self._row("", say("same"), say("differs"), say("left"))
        for part in Part:
            counts = (tally.same[part], tally.differ[part], tally.left[part])
            yield self._row(say(f"part_{part}"), *(f"{count:,}" for count in counts))
        yield ""
        for lacking, count in tally.lacking.most_common():
            yield say(f"lacks_{lacking.lacking}", say.decisions(count), lacking.version)
        if tally.differing:
            yield from self._differences()
        else:
            yield say("all_same")

    def _row(self, name: str, *cells: str) -> str:
        return _padded(name, 14, left=True) + "".join(_padded(cell, 14) for cell in cells)

    def _differences(self) -> Iterator[str]:
        say, tally = self._say, self._tally
        yield say("some_differ", say.decisions(tally.differing))
        for decision_id, part, how in tally.differences[:SHOWN]:
            yield f"  {decision_id}  {say(f'part_{part}')}"
            yield f"    {say('recorded')}: {_cut(how.recorded)}"
            yield f"    {say('again')}: {_cut(how.again)}"
        further = sum(tally.differ.values()) - min(SHOWN, len(tally.differences))
        if further:
            yield say("more", f"{further:,}")
        yield say("explain", self._state)


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + " ..."


def _padded(text: str, columns: int, *, left: bool = False) -> str:
    space = " " * max(0, columns - width(text))
    return text + space if left else space + text
