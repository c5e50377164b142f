"""The decision on one attempt to place an order, and the record that proves it.

Times are microseconds since 1970 UTC.
"""

from enum import StrEnum

from risk_service.domain.grant import GrantedLine, LimitUse
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.order import Order
from risk_service.domain.positional import Positional
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import (
    Abuse,
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    VerificationLevel,
)


class Step(StrEnum):
    """Where an outcome was asked for, in the order in which a decision goes."""

    LIST = "list"
    RULE = "rule"
    SCORE = "score"
    CHALLENGE = "challenge"
    AMOUNT = "amount"
    LIMIT = "limit"
    FAIL_POLICY = "fail_policy"


class AbuseScore(Positional, frozen=True, gc=False):
    """Calibrated probability (0 to 1) and score (0 to 1000, 900 = 2 % false positives)."""

    abuse: Abuse
    probability: float
    score: int


class Reason(Positional, frozen=True, kw_only=True, gc=False):
    """Why the outcome is not ALLOW. ``contribution`` is in log odds."""

    code: str
    abuse: Abuse | None
    customer_text: LocalizedText
    analyst_text: LocalizedText
    feature: str
    feature_value: float | None
    contribution: float


class Versions(Positional, frozen=True, kw_only=True, gc=False):
    """Everything that decided, by version."""

    bundle_sha256: str
    feature_schema: str
    policy: str
    reason_texts: str
    service: str
    rules: str = ""
    lists: str = ""
    limits: str = ""


class Cause(Positional, frozen=True, kw_only=True, gc=False):
    """A step that asked for more than ALLOW.

    ``ref`` names what asked: a list, a rule, an abuse, a limit policy. Those of the greatest
    outcome decided. ``suppressed_by`` names the allow list that took a cause off the table.
    """

    step: Step
    ref: str
    outcome: Outcome
    suppressed_by: str = ""


class Challenge(Positional, frozen=True, kw_only=True, gc=False):
    """What the customer must do before the order can pass."""

    challenge_id: str
    kind: ChallengeKind
    expires_at_us: int


class QuantityLimit(Positional, frozen=True, kw_only=True, gc=False):
    """How many units of a SKU may be sold, all its lines together."""

    sku: str
    requested: int
    allowed: int


class Decision(Positional, frozen=True, gc=False):
    """The answer that left the service.

    ``limit_uses`` is every limit that the order met and ``granted`` what is held for it until
    ``held_until_us``; 0 and empty when nothing is. ``blocking`` is the subject of the limit
    that spoke against the order, such as ``identity_cluster``. ``required_level`` is what the
    customer must be verified to first, UNSPECIFIED when nothing is asked.
    """

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
    causes: tuple[Cause, ...] = ()
    rule_hits: tuple[RuleHit, ...] = ()
    list_hits: tuple[ListHit, ...] = ()
    limit_uses: tuple[LimitUse, ...] = ()
    granted: tuple[GrantedLine, ...] = ()
    held_until_us: int = 0
    blocking: str = ""
    required_level: VerificationLevel = VerificationLevel.UNSPECIFIED


class ChallengeCompletion(Positional, frozen=True, kw_only=True, gc=False):
    """How the challenge of an earlier decision ended."""

    challenge_id: str
    result: ChallengeResult


class DecisionRecord(Positional, frozen=True, gc=False):
    """What is made durable before the answer leaves: enough to replay it bit by bit.

    ``inputs`` is the full model input, packed (``features.packing``). Records of before have it
    as ``vector`` instead, little-endian float64 bytes, shape (n_features,). ``fingerprint`` is a
    keyed digest of the request's payload.

    ``stamp_us`` is the attempt's place in the log of events, 0 when it was decided without
    windows. It is when the windows were read and when the attempt began to count in them,
    unless ``read_us`` and ``applied_us`` say so for each key group, as a shared store does.
    ``linked_us`` is when the identity cluster and the records of linked accounts were read,
    unless ``others_us`` has a stamp for each source of cluster features and linked account.
    The end of a challenge reads windows and counts in none.

    ``thresholds`` is the score (0 to 1000) from which each action was asked for, per abuse in
    the order of ``Abuse``, the four actions from the mildest on; -1 where it is not offered.
    """

    decision: Decision
    fingerprint: bytes
    order: Order
    vector: bytes
    clock_us: int
    completion: ChallengeCompletion | None = None
    stamp_us: int = 0
    read_us: tuple[int, ...] = ()
    applied_us: tuple[int, ...] = ()
    linked_us: int = 0
    thresholds: tuple[int, ...] = ()
    others_us: tuple[int, ...] = ()
    inputs: bytes = b""
