"""Rows of the trail as lines for people: what was before, what is now, and why.

What a row holds stands in it as JSON, under names that no reader should have to know. A row of a
kind that is not known here is told as it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from risk_service.cli.explain_format import DOT, padded, time_text, token_text
from risk_service.cli.language import Phrases
from risk_service.cli.remote import moment
from risk_service.domain.currency import amount_text
from risk_service.domain.names import subject_name
from risk_service.domain.shown import width
from risk_service.domain.states import state_name

Side = Mapping[str, Any]
# What the trail of an adjustment says beside numbers that are money.
MONEY_KEY = "minor_units_of"
COMMA = ", "
INDENT = " " * 8
# An actor a line: scopes are long.
ACTORS = "actors.load"


class AuditWords(Phrases):
    """The words of the trail."""

    file = "audit_words.toml"

    def state(self, name: str) -> str:
        """Return what became of a change."""
        return state_name(name).of(self.language)


def row_lines(rows: list[dict[str, Any]], say: AuditWords) -> Iterator[str]:
    """Yield two lines for each row: when, who and what; below it before and after, in short."""
    actors = max((width(row["actor_id"]) for row in rows), default=0) + 2
    for row in rows:
        who = padded(row["actor_id"], row["actor_id"], actors)
        yield f"{row['number']:>6}  {moment(row['at'])}  {who}{row['action']}  {row['subject']}"
        between = f"\n{INDENT}" if row["action"] == ACTORS else DOT
        yield f"{INDENT}{between.join(_told(row, say))}"


def _told(row: dict[str, Any], say: AuditWords) -> list[str]:
    try:
        before, after = json.loads(row["before"]), json.loads(row["after"])
        return [*_TOLD[row["action"]](before, after, row["action"], say)]
    except (AttributeError, KeyError, TypeError, ValueError):
        # Of another version of the service, or another kind.
        return [f"{row['before']} -> {row['after']}"]


def _published(before: Side, after: Side, action: str, say: AuditWords) -> Iterator[str]:
    step = action.partition(".")[2]
    yield say(step, before.get("in_force") or say("nothing"), after["version"])
    yield from _why(after, say)
    if after.get("missing"):
        yield say("missing", len(after["missing"]))
    if after.get("backtests"):
        yield say("backtests", COMMA.join(after["backtests"]))


def _rejected(_: Side, after: Side, __: str, say: AuditWords) -> Iterator[str]:
    yield say("reject", after["version"])
    yield from _why(after, say)


def _listed(before: Side, after: Side, _: str, say: AuditWords) -> Iterator[str]:
    kind = after["kind"].partition(".")[2]
    yield say(kind, after["change"], after["entries"], say.state(after["state"]))
    if before["sequence"] != after["sequence"]:
        yield say("lists", before["sequence"], after["sequence"])
    yield from _why(after, say)


def _adjusted(before: Side, after: Side, _: str, say: AuditWords) -> Iterator[str]:
    code = after.get(MONEY_KEY, "")
    sign = "+" if after["delta"] > 0 else ""
    subject = subject_name(after["subject"]).of(say.language)
    where = " ".join(filter(None, (subject, token_text(after["token"]), after["scope"])))
    delta = f"{sign}{_count(after['delta'], code)}"
    yield say("adjusted", where, after["number"], delta, say.state(after["state"]))
    if "confirmed" in after:
        sides = (before["confirmed"], after["confirmed"])
        yield say("confirmed_now", *(_count(one, code) for one in sides))
    elif "confirmed" in before:
        yield say("confirmed", _count(before["confirmed"], code))
    yield from _why(after, say)


def _count(number: int, currency_code: str) -> str:
    return amount_text(number, currency_code) if currency_code else f"{number:,}"


def _repaired(_: Side, after: Side, __: str, say: AuditWords) -> Iterator[str]:
    yield say("repaired", after["cells"])


def _actors(before: Side, after: Side, _: str, say: AuditWords) -> Iterator[str]:
    """Yield who came, who went, and whose scopes are others."""
    for actor in (one for one in after if one not in before):
        yield say("joined", actor, COMMA.join(after[actor]))
    for actor in (one for one in before if one not in after):
        yield say("left", actor)
    for actor in (one for one in after if one in before and after[one] != before[one]):
        given = [f"+{scope}" for scope in after[actor] if scope not in before[actor]]
        taken = [f"-{scope}" for scope in before[actor] if scope not in after[actor]]
        yield say("changed", actor, COMMA.join(given + taken))
    if before == after:
        yield say("same")


def _looked_up(_: Side, after: Side, __: str, say: AuditWords) -> Iterator[str]:
    yield say("looked_up")
    for name in ("since", "until"):
        if f"{name}_us" in after:
            yield say(name, time_text(after[f"{name}_us"]))
    yield say("reason", after["why"])


def _why(after: Side, say: AuditWords) -> Iterator[str]:
    for name in ("reason", "note", "emergency"):
        if after.get(name):
            yield say(name, after[name])


_PUBLISHED = ("start", "publish", "approve", "rollback")
_TOLD: dict[str, Callable[[Side, Side, str, AuditWords], Iterator[str]]] = {
    **{f"{kind}.{one}": _published for kind in ("rules", "limits") for one in _PUBLISHED},
    **{f"{kind}.reject": _rejected for kind in ("rules", "limits")},
    **{f"list.{one}": _listed for one in ("add", "import", "remove")},
    **{f"change.{one}": _listed for one in ("approve", "reject")},
    **{f"adjustment.{one}": _adjusted for one in ("approve", "apply", "reject", "fail")},
    "limits.adjust": _adjusted,
    "limits.repair": _repaired,
    ACTORS: _actors,
    "person.read": _looked_up,
}
