"""Who asks: the actor of a call and what it may do."""

from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct


class Scope(StrEnum):
    """What an actor may do; roles are sets of scopes."""

    SCORE = "score"
    EVENTS = "events"
    DECISIONS_READ = "decisions.read"
    LIMITS_RESERVE = "limits.reserve"
    LIMITS_ADJUST = "limits.adjust"
    LIMITS_WRITE = "limits.write"
    LISTS_WRITE = "lists.write"
    RULES_WRITE = "rules.write"
    APPROVE = "approve"
    GOVERNANCE_READ = "governance.read"
    AUDIT_READ = "audit.read"


class Role(StrEnum):
    """Usual sets of scopes. Nobody who writes rules also approves, nobody who reads writes."""

    CHECKOUT = "checkout"
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


SCOPES_OF = MappingProxyType(
    {
        Role.CHECKOUT: frozenset(
            {Scope.SCORE, Scope.EVENTS, Scope.DECISIONS_READ, Scope.LIMITS_RESERVE}
        ),
        Role.ANALYST: frozenset(
            {
                Scope.RULES_WRITE, Scope.LIMITS_WRITE, Scope.LISTS_WRITE, Scope.LIMITS_ADJUST,
                Scope.DECISIONS_READ, Scope.GOVERNANCE_READ,
            }
        ),
        Role.REVIEWER: frozenset(
            {Scope.LISTS_WRITE, Scope.DECISIONS_READ, Scope.GOVERNANCE_READ}
        ),
        Role.APPROVER: frozenset(
            {Scope.APPROVE, Scope.DECISIONS_READ, Scope.GOVERNANCE_READ, Scope.AUDIT_READ}
        ),
        Role.AUDITOR: frozenset(
            {Scope.DECISIONS_READ, Scope.GOVERNANCE_READ, Scope.AUDIT_READ}
        ),
        Role.ADMIN: frozenset({Scope.GOVERNANCE_READ, Scope.AUDIT_READ}),
    }
)  # fmt: skip


class Actor(Struct, frozen=True, kw_only=True):
    """An authenticated caller. Holds no secret."""

    actor_id: str
    scopes: frozenset[Scope]


# Names that stand in the trail for what no person did; no actors file may hold them.
SHIPPED, OPERATOR, LOCAL_ID = "shipped", "operator", "local"
RESERVED_IDS = frozenset({SHIPPED, OPERATOR, LOCAL_ID})
# The caller of a service on a laptop that knows no actors.
LOCAL = Actor(actor_id=LOCAL_ID, scopes=frozenset(Scope))
