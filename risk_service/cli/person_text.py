"""What ``risk person`` prints: lines for people, or the same as data."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from risk_service.cli.explain_format import outcome_plain, time_text
from risk_service.cli.output import tell
from risk_service.cli.person_words import PersonWords
from risk_service.decisions.person.records import Found, Kept
from risk_service.decisions.person.rows import (
    ActionRow,
    ClaimRow,
    DecisionRow,
    EventRow,
    PastOrderRow,
    ReservationRow,
    VerificationRow,
)
from risk_service.domain.currency import amount_text
from risk_service.domain.decision import Reason
from risk_service.domain.governed import Adjustment, ListedEntry
from risk_service.domain.names import word_name
from risk_service.domain.person import PersonQuestion
from risk_service.domain.positional import Positional, by_name

# Kept elsewhere in a form that adds nothing to these records, or forgotten soon.
DERIVED = ("live_windows", "clusters")


def data_of(question: PersonQuestion, found: Found, say: PersonWords) -> dict[str, Any]:
    """Return everything by name; times are microseconds since 1970 UTC."""
    kinds = {
        name: {"total": kept.total, "records": [_named(row) for row in kept.rows]}
        for name, kept in found.kinds.items()
    }
    return {
        "asked": {
            "identifiers": [
                {"kind": one.kind.value, "token": one.token} for one in question.identifiers
            ],
            "orders": list(question.orders),
        },
        **kinds,
        "not_read": _unread(found, say),
    }


def tell_found(question: PersonQuestion, found: Found, say: PersonWords) -> None:
    """Print everything, kind by kind, and what was not read."""
    for one in question.identifiers:
        tell(say("asked", say(f"kind_{one.kind.value}"), one.token))
    for order_id in question.orders:
        tell(say("asked_order", order_id))
    there = {name: kept for name, kept in found.kinds.items() if kept.total}
    for name, kept in there.items():
        _tell_kind(name, kept, say)
    absent = [say(f"head_{name}") for name in found.kinds if name not in there]
    tell(say("none_of", say("between").join(absent)) if there else say("nothing"))
    if "decisions" in there:
        tell(say("go_on"))
    tell(f"\n{say('not_read')}")
    for told in _unread(found, say).values():
        tell(f"  {_one_line(told)}")


def _unread(found: Found, say: PersonWords) -> dict[str, str]:
    names = (*found.unread, *DERIVED)
    return {name: say(f"unread_{name}", found.unread.get(name, "")) for name in names}


def _tell_kind(name: str, kept: Kept, say: PersonWords) -> None:
    cut = say("cut", f"{len(kept.rows):,}") if kept.total > len(kept.rows) else ""
    tell(say("head", say(f"head_{name}"), f"{kept.total:,}", cut))
    for row in kept.rows:
        line, *more = _LINES[type(row)](row, say)
        tell(f"  {_one_line(line)}")
        for text in more:
            tell(f"      {_one_line(text)}")


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").replace("\x1f", " ")


def _decision(row: DecisionRow, say: PersonWords) -> list[str]:
    outcome = outcome_plain(row.outcome, say)
    head = say("decision", time_text(row.at_us), outcome, row.order_id, row.number, row.decision_id)
    return [f"{head}{_by(row.by, say)}", *_reasons(row.reasons, say), *_account(row, say)]


def _account(row: DecisionRow, say: PersonWords) -> list[str]:
    """Return whose order it is, unless that is what was asked by."""
    known = "account" in row.by or not row.tokens.account
    return [] if known else [say("account", row.tokens.account)]


def _claim(row: ClaimRow, say: PersonWords) -> list[str]:
    outcome = outcome_plain(row.outcome, say)
    head = say("claim", time_text(row.at_us), outcome, row.claim_id, row.order_id, row.decision_id)
    return [f"{head}{_by(row.by, say)}", *_reasons(row.reasons, say)]


def _action(row: ActionRow, say: PersonWords) -> list[str]:
    outcome, kind = outcome_plain(row.outcome, say), _word(row.kind, say)
    head = say("action", time_text(row.at_us), outcome, kind, row.action_id, row.decision_id)
    return [f"{head}{_by(row.by, say)}", *_reasons(row.reasons, say)]


def _event(row: EventRow, say: PersonWords) -> list[str]:
    parts = [time_text(row.at_us), _word(row.kind, say), row.event_id]
    parts += [say("of_order", row.order_id)] if row.order_id else []
    parts += [_word(row.reason, say)] if row.reason else []
    return [f"{'  '.join(parts)}{_by(row.by, say)}"]


def _past(row: PastOrderRow, say: PersonWords) -> list[str]:
    return [f"{say('of_order', row.order_id)}{_by(row.by, say)}"]


def _reservation(row: ReservationRow, say: PersonWords) -> list[str]:
    state = say.named("state", row.state.name)
    head = say("reservation", time_text(row.at_us), state, row.reservation_id)
    lines = [say("line", line.sku, line.granted, line.left) for line in row.lines]
    notes = [row.note] if row.note else []
    return [f"{head}{_by(row.by, say)}", *lines, *notes]


def _verification(row: VerificationRow, say: PersonWords) -> list[str]:
    result = say.named("result", row.result.name)
    head = say("verification", time_text(row.at_us), result, row.level.name, row.request_id)
    return [f"{head}{_by(row.by, say)}"]


def _entry(row: ListedEntry, say: PersonWords) -> list[str]:
    kind, state = say.named("list", row.kind.value), say.named("entry", row.state)
    head = say("entry", time_text(row.added_us), kind, row.terms.list_id, state, row.author)
    return [head, row.terms.reason]


def _adjustment(row: Adjustment, say: PersonWords) -> list[str]:
    state = say.named("entry", row.state.value)
    is_money = bool(row.currency_code)
    moved = amount_text(row.delta, row.currency_code) if is_money else f"{row.delta:+,}"
    head = say("adjustment", time_text(row.created_us), row.policy_id, moved, state, row.author)
    return [head, row.reason]


_LINES: Mapping[type[Struct], Callable[[Any, PersonWords], list[str]]] = {
    DecisionRow: _decision,
    ClaimRow: _claim,
    ActionRow: _action,
    EventRow: _event,
    PastOrderRow: _past,
    ReservationRow: _reservation,
    VerificationRow: _verification,
    ListedEntry: _entry,
    Adjustment: _adjustment,
}


def _reasons(reasons: Sequence[Reason], say: PersonWords) -> list[str]:
    chinese = say.language == "zh"
    return [
        f"{one.code}  {one.analyst_text.zh if chinese else one.analyst_text.en}" for one in reasons
    ]


def _by(by: Sequence[str], say: PersonWords) -> str:
    return say("by", ", ".join(say(f"kind_{one}") for one in by))


def _word(name: str, say: PersonWords) -> str:
    return word_name(name).of(say.language)


def _named(row: Any) -> Any:
    """Return a row as plain data; what people read as words is there by its name."""
    if isinstance(row, Enum):
        return row.name if not isinstance(row, str) else row.value
    if isinstance(row, Positional):
        return _named(by_name(row))
    if isinstance(row, Struct):
        return {name: _named(getattr(row, name)) for name in row.__struct_fields__}
    if isinstance(row, list | tuple):
        return [_named(one) for one in row]
    return msgspec.to_builtins(row)
