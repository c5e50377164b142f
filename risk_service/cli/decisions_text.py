"""What ``risk decisions`` prints: lines for people, or the same as data."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from risk_service.cli.explain_format import DOT, cause_text, outcome_plain, padded, time_text
from risk_service.cli.explain_words import Words
from risk_service.cli.language import Phrases
from risk_service.cli.output import tell
from risk_service.decisions.flagged import Flagged, FlaggedRow, Ref, deciding
from risk_service.domain.decision import Cause
from risk_service.domain.shown import width
from risk_service.domain.vocabulary import Outcome

COUNT_WIDTH = 12


class DecisionsWords(Phrases):
    """The words of the command; those of causes are the same as of ``risk explain``."""

    file = "decisions_words.toml"

    def cause(self, cause: Cause) -> str:
        """Return what asked for an outcome."""
        return cause_text(cause, Words(self.language))


def data_of(found: Flagged) -> dict[str, Any]:
    """Return everything by name; times are microseconds since 1970 UTC."""
    return {
        "read": found.read,
        "matched": found.matched,
        "outcomes": {one.name: count for one, count in _worst_first(found.by_outcome)},
        "causes": [
            {"step": step.value, "ref": ref, "decisions": count}
            for (step, ref), count in found.by_cause.most_common()
        ],
        "decisions": [_row_data(row) for row in found.rows],
    }


def tell_flagged(found: Flagged, state: Path, say: DecisionsWords) -> None:
    """Print counts, then the newest."""
    if not found.matched:
        tell(say("none", f"{found.read:,}"))
        return
    tell(say("found", f"{found.matched:,}", f"{found.read:,}"))
    outcomes = {outcome_plain(one, say): n for one, n in _worst_first(found.by_outcome)}
    _tell_counts(say("outcomes"), outcomes)
    _tell_counts(say("causes"), _caused(found.by_cause, say))
    if found.rows:
        tell(f"\n{say('newest')}")
        for row in found.rows:
            tell("\n".join(_row_lines(row, say)))
    hidden = found.matched - len(found.rows)
    if found.rows and hidden:
        tell(say("more", f"{hidden:,}"))
    tell(f"\n{say('go_on', state)}")


def _caused(counts: Counter[Ref], say: DecisionsWords) -> dict[str, int]:
    told = Counter[str]()
    for (step, ref), count in counts.most_common():
        told[say.cause(Cause(step=step, ref=ref, outcome=Outcome.ALLOW))] += count
    return told


def _tell_counts(head: str, counts: Mapping[str, int]) -> None:
    """Print a table of two columns, nothing where it is empty."""
    if not counts:
        return
    columns = max(map(width, (head, *counts))) + 2
    tell(f"\n{head}")
    for name, count in counts.items():
        tell(f"  {padded(name, name, columns)}{f'{count:,}':>{COUNT_WIDTH}}")


def _row_lines(row: FlaggedRow, say: DecisionsWords) -> Iterator[str]:
    about = say(row.kind, *row.ids, str(row.number))
    yield "  ".join((time_text(row.at_us), outcome_plain(row.outcome, say), about, row.decision_id))
    told = [say.cause(one) for one in deciding(row)] or [say("nothing_asked")]
    told += [say("held", time_text(row.held_until_us))] if row.held_until_us else []
    yield f"    {DOT.join(told)}"


def _row_data(row: FlaggedRow) -> dict[str, Any]:
    data = {name: getattr(row, name) for name in row.__struct_fields__}
    causes = [
        {
            "step": one.step.value,
            "ref": one.ref,
            "outcome": one.outcome.name,
            "suppressed_by": one.suppressed_by,
        }
        for one in row.causes
    ]
    return data | {"outcome": row.outcome.name, "mode": row.mode.name, "causes": causes}


def _worst_first(counts: Counter[Outcome]) -> list[tuple[Outcome, int]]:
    return sorted(counts.items(), reverse=True)
