"""What the edge hands to the pipeline: one attempt to get a decision."""

from msgspec import Struct

from risk_service.domain.order import RawOrder
from risk_service.domain.vocabulary import ChallengeResult, VerificationLevel


class ChallengeReport(Struct, frozen=True, kw_only=True, gc=False):
    """How a challenge ended; UNSPECIFIED leaves the order's verification level."""

    challenge_id: str
    result: ChallengeResult
    verification_level: VerificationLevel


class Attempt(Struct, frozen=True, kw_only=True, gc=False):
    """A new order, or the end of the challenge of an earlier one.

    ``fingerprint`` is the keyed digest of the payload: a repeated ``request_id`` with
    the same one gets the stored answer.
    """

    request_id: str
    fingerprint: bytes
    subject: RawOrder | ChallengeReport
