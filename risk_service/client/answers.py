"""What the client answers: a decision of the service, or a fallback of its own.

The two share no base class. A fallback has no decision id, no scores and no reasons, so
code written for a decision fails on it, under a type checker and at run time.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, IntEnum, auto
from typing import Literal, TypeAlias

from risk_service.client.errors import ClientError, ServiceFault
from risk_service.pb.risk.v1 import risk_pb2


class Outcome(IntEnum):
    """What to do with the order, ordered by severity: the worst wins."""

    ALLOW = 1
    LIMIT_QUANTITY = 2
    CHALLENGE = 3
    REVIEW = 4
    DENY = 5


class Mode(IntEnum):
    """What the answer could rest on; only FULL had everything."""

    FULL = 1
    STALE = 2
    NO_FEATURES = 3
    RULES_ONLY = 4
    STATIC = 5
    CLIENT_FALLBACK = 6
    NO_LIMITS = 7


class Abuse(IntEnum):
    """The abuses that are scored."""

    SCALPING = 1
    BRUSHING = 2
    REFUND = 3


class FallbackCause(Enum):
    """Why the client answered itself."""

    UNAVAILABLE = auto()
    TIMED_OUT = auto()
    OVERLOADED = auto()
    SERVICE_FAULT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityLimit:
    """How many units of a SKU may be sold."""

    sku: str
    requested: int
    allowed: int


@dataclass(frozen=True, slots=True)
class DecisionAnswer:
    """A decision that the service has stored before it answered.

    ``message`` is the whole decision; the properties are what checkout acts on.
    ``is_full`` tells an answer that had everything from a degraded one.
    """

    message: risk_pb2.Decision
    is_fallback: Literal[False] = field(default=False, init=False)

    @property
    def decision_id(self) -> str:
        """Return the id under which the service keeps the decision."""
        return self.message.decision_id

    @property
    def request_id(self) -> str:
        """Return the request's id, the idempotency key."""
        return self.message.request_id

    @property
    def order_id(self) -> str:
        """Return the shop's id of the order."""
        return self.message.order_id

    @property
    def number(self) -> int:
        """Return 1 for the order's first decision, 2 for the next."""
        return self.message.number

    @property
    def outcome(self) -> Outcome:
        """Return what to do with the order."""
        return Outcome(self.message.outcome)

    @property
    def mode(self) -> Mode:
        """Return what the decision could rest on."""
        return Mode(self.message.mode)

    @property
    def is_full(self) -> bool:
        """Tell whether nothing was missing when the service decided."""
        return self.mode is Mode.FULL

    @property
    def scores(self) -> dict[Abuse, int]:
        """Return the score per abuse, 0 to 1000; 900 = 2 % of honest orders score higher."""
        return {Abuse(score.abuse): score.score for score in self.message.scores}

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """Return the stable codes of the reasons, strongest first."""
        return tuple(reason.code for reason in self.message.reasons)

    @property
    def challenge_id(self) -> str:
        """Return the id to complete the challenge with; empty when there is none."""
        return self.message.challenge.challenge_id

    @property
    def quantity_limits(self) -> tuple[QuantityLimit, ...]:
        """Return what may be sold of each SKU, its lines together; empty when none is limited."""
        return tuple(
            QuantityLimit(sku=limit.sku, requested=limit.requested, allowed=limit.allowed)
            for limit in self.message.quantity_limits
        )

    @property
    def discounts_left_out(self) -> tuple[int, ...]:
        """Return the places in the order's ``discounts`` of those that must not be taken off.

        A purchase limit has none left of them; the goods may be sold at their price.
        """
        discounts = [row for row in self.message.granted if not row.sku]
        return tuple(place for place, row in enumerate(discounts) if not row.granted)

    @property
    def decided_at(self) -> datetime:
        """Return when the service decided, in UTC."""
        return self.message.decided_at.ToDatetime(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackAnswer:
    """The client's own answer, from its fallback policy, because the service gave none.

    Nothing was stored. The service may have decided the order all the same; calling
    again later with the same ``request_id`` returns that decision or makes one.
    """

    request_id: str
    order_id: str
    outcome: Outcome
    cause: FallbackCause
    detail: str
    quantity_limits: tuple[QuantityLimit, ...] = ()
    mode: Literal[Mode.CLIENT_FALLBACK] = field(default=Mode.CLIENT_FALLBACK, init=False)
    is_fallback: Literal[True] = field(default=True, init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefused:
    """One order of a batch that the service did not take; its neighbours are unharmed."""

    request_id: str
    error: ClientError


Answer: TypeAlias = DecisionAnswer | FallbackAnswer
BatchAnswer: TypeAlias = DecisionAnswer | FallbackAnswer | OrderRefused


def decision_answer(decision: risk_pb2.Decision) -> DecisionAnswer:
    """Return the answer that a decision of the service is.

    Raises
    ------
    ServiceFault
        It has no id, or an outcome or mode that a service cannot answer. An unknown
        outcome must not pass for ALLOW, nor a made-up mode for a decision.
    """
    known = (
        decision.decision_id
        and int(decision.outcome) in set(Outcome)
        and int(decision.mode) in set(Mode) - {Mode.CLIENT_FALLBACK}
    )
    if not known:
        raise ServiceFault(
            f"not a decision: id {decision.decision_id!r}, outcome {decision.outcome},"
            f" mode {decision.mode}"
        )
    return DecisionAnswer(decision)
