"""Who asks: the actor of a call and what it may do."""

from enum import StrEnum

from msgspec import Struct


class Scope(StrEnum):
    """What an actor may do; roles are sets of scopes."""

    SCORE = "score"
    EVENTS = "events"
    DECISIONS_READ = "decisions.read"
    LIMITS_RESERVE = "limits.reserve"
    LIMITS_ADJUST = "limits.adjust"
    LISTS_WRITE = "lists.write"
    RULES_WRITE = "rules.write"
    APPROVE = "approve"
    AUDIT_READ = "audit.read"


class Actor(Struct, frozen=True, kw_only=True):
    """An authenticated caller. Holds no secret."""

    actor_id: str
    scopes: frozenset[Scope]
