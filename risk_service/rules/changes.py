"""What changes from one rule set to another, rule by rule.

Used by ``risk rules diff`` and by whoever approves a publication.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import RuleSet

Kind = Literal["added", "removed", "changed"]
# A change of these decides other orders; the rest are words.
DECIDING = frozenset({"when", "outcome", "subject", "scope", "schedule", "state", "requires"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one rule differs.

    Parameters
    ----------
    parts
        Key, text before, text after; for an added or removed rule, all of its keys.
    at_once
        What is new decides from the first order on, without having been watched in shadow.
    """

    rule_id: str
    kind: Kind
    parts: tuple[tuple[str, str, str], ...]
    at_once: bool

    @property
    def decides(self) -> bool:
        """Tell whether other orders may be decided otherwise."""
        return self.kind != "changed" or any(key in DECIDING for key, _, _ in self.parts)


def compare(old: RuleSet, new: RuleSet) -> tuple[Change, ...]:
    """Return what changes, in the order of the rules of ``new``, removed ones at the end."""
    gone = [id_ for id_ in old.rules if id_ not in new.rules]
    changes = (_change(id_, old.rules.get(id_), new.rules.get(id_)) for id_ in [*new.rules, *gone])
    return tuple(change for change in changes if change is not None)


def described(rule: Rule) -> dict[str, str]:
    """Return every key of a rule as text."""
    return dict(_described(rule))


def decides_alike(one: Rule, other: Rule) -> bool:
    """Tell whether two rules are the same but for their words and their state."""
    parts, others = described(one), described(other)
    return all(parts[key] == others[key] for key in DECIDING if key != "state")


def flagging_sha256(rule: Rule) -> str:
    """Return what tells a rule from every other that flags something else, in hex.

    The condition counts word for word: a line break ends a comment, so what differs in white
    space alone may still be another condition. Names are told apart one by one, whatever
    they hold.
    """
    scope = rule.scope
    told = {
        "when": _condition(rule),
        "subject": rule.subject.value,
        "promotions": sorted(one.name for one in scope.promotions),
        "campaigns": sorted(scope.campaigns),
        "sellers": sorted(scope.sellers),
        "regions": sorted(scope.regions),
        "schedule": _schedule(rule),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _change(rule_id: str, old: Rule | None, new: Rule | None) -> Change | None:
    before = described(old) if old else {}
    after = described(new) if new else {}
    keys = dict.fromkeys((*before, *after))
    parts = tuple(
        (key, before.get(key, ""), after.get(key, ""))
        for key in keys
        if before.get(key, "") != after.get(key, "")
    )
    if not parts:
        return None
    kind: Kind = "changed" if old and new else "added" if new else "removed"
    return Change(rule_id=rule_id, kind=kind, parts=parts, at_once=_at_once(old, new, parts))


def _at_once(old: Rule | None, new: Rule | None, parts: tuple[tuple[str, str, str], ...]) -> bool:
    if new is None or new.is_shadow:
        return False
    changed = {key for key, _, _ in parts} & DECIDING
    # From shadow to active, and nothing else, is how it should be.
    return old is None or bool(changed - {"state"})


def _described(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "when", _condition(rule)
    yield "outcome", rule.outcome.name
    yield "state", rule.state.value
    yield "subject", rule.subject.value
    yield "scope", "; ".join(_scope(rule))
    yield "schedule", _schedule(rule)
    yield "requires", ", ".join(one.name for one in rule.requires)
    yield "reason", rule.reason
    yield "owner", rule.owner
    for key in ("description", "customer", "analyst", "honest"):
        text = getattr(rule, key)
        yield f"{key}_zh", text.zh
        yield f"{key}_en", text.en


def _scope(rule: Rule) -> Iterator[str]:
    scope = rule.scope
    promotions = [one.name for one in sorted(scope.promotions)]
    pairs = (
        ("promotions", promotions),
        ("campaigns", sorted(scope.campaigns)),
        ("sellers", sorted(scope.sellers)),
        ("regions", sorted(scope.regions)),
    )
    return (f"{name} {', '.join(map(_name, found))}" for name, found in pairs if found)


def _name(text: str) -> str:
    """Return a name so that no other name, nor several of them, read the same."""
    plain = text.isprintable() and text == text.strip() and not set(text) & set(",;'\"\\")
    return text if plain else repr(text)


def _condition(rule: Rule) -> str:
    return rule.expression.source.strip()


def _schedule(rule: Rule) -> str:
    return "" if rule.schedule.always else str(rule.schedule)
