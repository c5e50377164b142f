"""From the bytes of calls about claims, actions and real names to what the use cases take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from risk_service.decisions.benefits.actions import BenefitAttempt
from risk_service.decisions.real_names.verifying import VerificationAttempt
from risk_service.decisions.refunds.claims import ClaimAttempt
from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.verification import PhoneCodeResult, RealNameEvidence
from risk_service.identity.payload import Fingerprinter
from risk_service.identity.real_name import parse_real_name_id
from risk_service.pb.risk.v1 import action_pb2, event_pb2, real_name_pb2, refund_pb2, risk_pb2
from risk_service.rpc.constraints import COMPLETE_CHALLENGE
from risk_service.rpc.constraints_claims import VERIFY_REAL_NAME
from risk_service.rpc.convert import challenge_report
from risk_service.rpc.desk import decoded
from risk_service.rpc.read_claims import raw_benefit, refund_claim
from risk_service.rpc.validate import TimeWindow, require

# Fingerprints of different calls must differ even for equal bytes; "e" is that of events and
# "c" that of challenges of orders.
_REFUND, _ACTION, _CHALLENGE, _REAL_NAME, _EVENT = b"r", b"a", b"ac", b"n", b"e"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTokens:
    """Turns an account id and a real-name id into tokens."""

    account: Callable[[str], str]
    real_name: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsDesk:
    """Decodes, validates and fingerprints.

    Parameters
    ----------
    window
        Returns which times are taken right now.
    """

    fingerprinter: Fingerprinter
    window: Callable[[], TimeWindow]
    tokens: NameTokens

    def refund_attempt(self, payload: bytes) -> ClaimAttempt:
        """Return the attempt of a ``ScoreRefundRequest``."""
        request = decoded(refund_pb2.ScoreRefundRequest, payload)
        claim = refund_claim(request, self.window())
        return ClaimAttempt(
            request_id=request.request_id,
            fingerprint=self._fingerprint(_REFUND, request),
            claim=claim,
        )

    def action_attempt(self, payload: bytes) -> BenefitAttempt:
        """Return the attempt of an ``AssessPromotionActionRequest``."""
        request = decoded(action_pb2.AssessPromotionActionRequest, payload)
        benefit = raw_benefit(request, self.window())
        return BenefitAttempt(
            request_id=request.request_id,
            fingerprint=self._fingerprint(_ACTION, request),
            subject=benefit,
            event_fingerprint=self._event_fingerprint(request),
        )

    def challenge_attempt(self, payload: bytes) -> BenefitAttempt:
        """Return the attempt of a ``CompleteChallengeRequest`` for an action's challenge."""
        request = decoded(risk_pb2.CompleteChallengeRequest, payload)
        require(request, COMPLETE_CHALLENGE, self.window())
        return BenefitAttempt(
            request_id=request.request_id,
            fingerprint=self._fingerprint(_CHALLENGE, request),
            subject=challenge_report(request),
        )

    def verification(self, payload: bytes) -> tuple[VerificationAttempt, RealNameEvidence | None]:
        """Return the attempt of a ``VerifyRealNameRequest``, and what the provider is asked.

        Raises
        ------
        InvalidInput
            A constraint is broken, the id's check digit among them; no value is repeated.
        """
        request = decoded(real_name_pb2.VerifyRealNameRequest, payload)
        require(request, VERIFY_REAL_NAME, self.window())
        _require_evidence(request)
        attempt = VerificationAttempt(
            request_id=request.request_id,
            fingerprint=self._fingerprint(_REAL_NAME, request),
            account=self.tokens.account(request.account_id),
            real_name=self.tokens.real_name(request.real_name_id),
            phone=PhoneCodeResult(request.phone_code_result),
        )
        if not request.real_name_id:
            return attempt, None
        return attempt, RealNameEvidence(
            name=request.name, real_name_id=request.real_name_id, face_token=request.face_token
        )

    def _fingerprint(self, call: bytes, request: Message) -> bytes:
        return self.fingerprinter.fingerprint(call + request.SerializeToString(deterministic=True))

    def _event_fingerprint(self, request: Any) -> bytes:
        """Return the fingerprint of the reported event that says the same as this action."""
        if not request.HasField("customer"):
            return b""
        name = action_pb2.AssessedActionType.Name(request.type).removeprefix("ASSESSED_ACTION_")
        kind = event_pb2.EventType.DESCRIPTOR.values_by_name.get(f"EVENT_{name}")
        event = event_pb2.ReportedEvent(
            event_id=request.action_id,
            occurred_at=request.occurred_at,
            action=request.customer.action,
        )
        event.type = kind.number if kind else 0  # type: ignore[assignment]  # a number on the wire
        return self._fingerprint(_EVENT, event)


def _require_evidence(request: Any) -> None:
    """Hold the parts of a verification to each other.

    Raises
    ------
    InvalidInput
        Something is missing or is no number of a document; names the fields.
    """
    found: list[Violation] = []
    has_id, has_name = bool(request.real_name_id.strip()), bool(request.name.strip())
    if has_id and not has_name:
        found.append(Violation(field="name", description="must be set beside real_name_id"))
    if has_name and not has_id:
        found.append(Violation(field="real_name_id", description="must be set beside name"))
    if request.face_token and not has_id:
        found.append(Violation(field="face_token", description="must come with real_name_id"))
    if not has_id and not request.phone_code_result:
        words = "must be set, or name and real_name_id"
        found.append(Violation(field="phone_code_result", description=words))
    if has_id:
        found += _id_violations(request.real_name_id)
    if found:
        raise InvalidInput(tuple(found))


def _id_violations(text: str) -> list[Violation]:
    parsed = parse_real_name_id(text)
    if parsed is None:
        words = "must be a whole number of a document, not a masked one"
    elif parsed.checksum_ok == 0.0:
        words = "must be an id number whose length, birthday and check digit are right"
    else:
        return []
    return [Violation(field="real_name_id", description=words)]
