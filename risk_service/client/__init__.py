"""What checkout imports: deadline, one retry, an explicit fallback answer.

Stands alone on the generated messages and gRPC; ``docs/client.md`` shows the use.
"""

from risk_service.client.aio import AsyncRiskClient
from risk_service.client.answers import (
    Abuse,
    Answer,
    BatchAnswer,
    DecisionAnswer,
    FallbackAnswer,
    FallbackCause,
    Mode,
    OrderRefused,
    Outcome,
    QuantityLimit,
)
from risk_service.client.blocking import RiskClient
from risk_service.client.channel import ClientOptions, Tls
from risk_service.client.claims import (
    ActionAnswer,
    Evidence,
    RealNameAnswer,
    RealNameResult,
    RefundAnswer,
)
from risk_service.client.errors import (
    AccessRefused,
    CallTimedOut,
    ChallengeNotOpen,
    ClientError,
    Conflict,
    DecisionNotFound,
    FieldViolation,
    InvalidRequest,
    NotFound,
    RequestIdReused,
    RequestTooLarge,
    ServiceFailure,
    ServiceFault,
    ServiceOverloaded,
    ServiceUnavailable,
    TooManyAttempts,
)
from risk_service.client.events import EventReport, RefusedEvent, action_message, event_message
from risk_service.client.fallback import FallbackPolicy, FallbackRule, LimitedItems
from risk_service.client.messages import order_message

__all__ = [
    "Abuse",
    "AccessRefused",
    "ActionAnswer",
    "Answer",
    "AsyncRiskClient",
    "BatchAnswer",
    "CallTimedOut",
    "ChallengeNotOpen",
    "ClientError",
    "ClientOptions",
    "Conflict",
    "DecisionAnswer",
    "DecisionNotFound",
    "EventReport",
    "Evidence",
    "FallbackAnswer",
    "FallbackCause",
    "FallbackPolicy",
    "FallbackRule",
    "FieldViolation",
    "InvalidRequest",
    "LimitedItems",
    "Mode",
    "NotFound",
    "OrderRefused",
    "Outcome",
    "QuantityLimit",
    "RealNameAnswer",
    "RealNameResult",
    "RefundAnswer",
    "RefusedEvent",
    "RequestIdReused",
    "RequestTooLarge",
    "RiskClient",
    "ServiceFailure",
    "ServiceFault",
    "ServiceOverloaded",
    "ServiceUnavailable",
    "Tls",
    "TooManyAttempts",
    "action_message",
    "event_message",
    "order_message",
]
