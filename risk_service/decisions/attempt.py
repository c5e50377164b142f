"""What the edge hands to the pipeline: one attempt to get a decision."""

from dataclasses import dataclass

from risk_service.domain.order import RawOrder
from risk_service.domain.vocabulary import ChallengeResult, VerificationLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeReport:
    """How a challenge ended; UNSPECIFIED leaves the order's verification level."""

    challenge_id: str
    result: ChallengeResult
    verification_level: VerificationLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A new order, or the end of the challenge of an earlier one.

    ``fingerprint`` is the keyed digest of the payload: a repeated ``request_id`` with
    the same one gets the stored answer.
    """

    request_id: str
    fingerprint: bytes
    subject: RawOrder | ChallengeReport
