"""The decision on one attempt to place an order, and the record that proves it.

Times are microseconds since 1970 UTC.
"""

from dataclasses import dataclass

from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Abuse, ChallengeKind, ChallengeResult, Mode, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseScore:
    """Calibrated probability (0 to 1) and score (0 to 1000, 900 = 2 % false positives)."""

    abuse: Abuse
    probability: float
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedText:
    """The same sentence in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the outcome is not ALLOW. ``contribution`` is in log odds."""

    code: str
    abuse: Abuse | None
    customer_text: LocalizedText
    analyst_text: LocalizedText
    feature: str
    feature_value: float | None
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Everything that decided, by version."""

    bundle_sha256: str
    feature_schema: str
    policy: str
    reason_texts: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the customer must do before the order can pass."""

    challenge_id: str
    kind: ChallengeKind
    expires_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityLimit:
    """How many units of a line may be sold."""

    sku: str
    requested: int
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer that left the service."""

    decision_id: str
    request_id: str
    order_id: str
    number: int
    outcome: Outcome
    scores: tuple[AbuseScore, ...]
    reasons: tuple[Reason, ...]
    versions: Versions
    mode: Mode
    decided_at_us: int
    challenge: Challenge | None = None
    quantity_limits: tuple[QuantityLimit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeCompletion:
    """How the challenge of an earlier decision ended."""

    challenge_id: str
    result: ChallengeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What is made durable before the answer leaves: enough to replay it bit by bit.

    ``vector`` is the full model input as little-endian float64 bytes, shape
    (n_features,); ``fingerprint`` is a keyed digest of the request's payload.
    """

    decision: Decision
    fingerprint: bytes
    order: Order
    vector: bytes
    clock_us: int
    completion: ChallengeCompletion | None = None
