"""The RPCs on claims, promotion actions and real names: decode, validate, gather, answer."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from risk_service.decisions.benefits.actions import BenefitAttempt
from risk_service.decisions.real_names.attempts import Attempts
from risk_service.decisions.real_names.verifying import VerificationAttempt, Verifying
from risk_service.decisions.refunds.claims import ClaimAttempt
from risk_service.domain.actor import Actor, Scope
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.errors import ProviderUnavailable, TooManyAttempts
from risk_service.domain.verification import ProviderAnswer, RealNameEvidence, Verification
from risk_service.ports import RealNameVerifier
from risk_service.rpc.claims_desk import ClaimsDesk
from risk_service.rpc.convert_claims import action_response, refund_response, verified_response
from risk_service.rpc.edge import Body, Edge, Methods
from risk_service.rpc.gather import Gatherer
from risk_service.rpc.servicer import SERVICE
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

Claims = Gatherer[ClaimAttempt, AssessmentRecord | Exception]
Benefits = Gatherer[BenefitAttempt, AssessmentRecord | Exception]
Names = Gatherer[VerificationAttempt, Verification | Exception]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The provider of real names, asked off the loop, by so many at once.

    ``timeout_s`` bounds the wait whatever the provider does; what comes later is dropped.
    A provider that hangs fills its own threads and nobody else's.
    """

    verifier: RealNameVerifier
    timeout_s: float
    threads: ThreadPoolExecutor

    async def ask(self, evidence: RealNameEvidence) -> ProviderAnswer:
        """Return the provider's answer.

        Raises
        ------
        ProviderUnavailable
            It gave none in time, or failed; that is never taken for a yes.
        """
        loop, verify = asyncio.get_running_loop(), self.verifier.verify
        try:
            async with asyncio.timeout(self.timeout_s):
                return await loop.run_in_executor(self.threads, verify, evidence, self.timeout_s)
        except TimeoutError as error:
            raise ProviderUnavailable("the provider did not answer in time") from error
        except ProviderUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever fails there, nobody is verified
            # A fault of an adapter verifies nobody; its words may hold the evidence.
            log.error("provider_failed", extra={"error_type": type(error).__name__})  # noqa: TRY400 - as above
            raise ProviderUnavailable("the provider failed") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsServicer:
    """Answers the calls on claims, actions and real names of ``risk.v1.RiskService``."""

    edge: Edge
    desk: ClaimsDesk
    claims: Claims
    benefits: Benefits
    names: Names
    verifying: Verifying
    attempts: Attempts
    provider: Provider
    metrics: Metrics
    service: str = field(default=SERVICE, init=False)

    def methods(self) -> Methods:
        """Return the methods by name."""
        bodies: dict[str, Body] = {
            "ScoreRefund": self._score_refund,
            "AssessPromotionAction": self._assess_action,
            "VerifyRealName": self._verify_real_name,
        }
        return {name: self.edge.unary(name, Scope.SCORE, body) for name, body in bodies.items()}

    async def complete(self, payload: bytes, remaining_s: float) -> AssessmentRecord:
        """Decide the action whose challenge has ended."""
        answer = await self.benefits.submit(self.desk.challenge_attempt(payload), remaining_s)
        return self._counted("action", answer)

    async def _score_refund(self, payload: bytes, remaining_s: float, _actor: Actor) -> bytes:
        answer = await self.claims.submit(self.desk.refund_attempt(payload), remaining_s)
        return refund_response(self._counted("refund", answer)).SerializeToString()

    async def _assess_action(self, payload: bytes, remaining_s: float, _actor: Actor) -> bytes:
        answer = await self.benefits.submit(self.desk.action_attempt(payload), remaining_s)
        return action_response(self._counted("action", answer)).SerializeToString()

    async def _verify_real_name(self, payload: bytes, remaining_s: float, _actor: Actor) -> bytes:
        attempt, evidence = self.desk.verification(payload)
        known = self.verifying.known(attempt.request_id, attempt.fingerprint)
        if known is None:
            with self.attempts.one_payload(attempt):
                known = await self._verified(attempt, evidence, remaining_s)
        self.metrics.assessment_made("real_name", known.result.name)
        return verified_response(known).SerializeToString()

    async def _verified(
        self,
        attempt: VerificationAttempt,
        evidence: RealNameEvidence | None,
        remaining_s: float,
    ) -> Verification:
        if evidence is None or attempt.phone_failed:
            return await self._kept(attempt, remaining_s)
        try:
            with self.attempts.under_way(attempt):
                return await self._asked(attempt, evidence, remaining_s)
        except TooManyAttempts as error:
            for violation in error.violations:
                self.metrics.attempt_refused(violation.field)
            raise

    async def _asked(
        self, attempt: VerificationAttempt, evidence: RealNameEvidence, remaining_s: float
    ) -> Verification:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + remaining_s
        attempt = attempt.asked(self.provider.verifier.name)
        try:
            attempt = attempt.answered(await self.provider.ask(evidence))
        except ProviderUnavailable as error:
            log.warning("provider_unavailable", extra={"error": str(error)})
            return self.verifying.unavailable(attempt)
        return await self._kept(attempt, ends_at - loop.time())

    async def _kept(self, attempt: VerificationAttempt, remaining_s: float) -> Verification:
        answer = await self.names.submit(attempt, remaining_s)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _counted(self, kind: str, answer: AssessmentRecord | Exception) -> AssessmentRecord:
        if isinstance(answer, Exception):
            raise answer
        self.metrics.assessment_made(kind, answer.decision.outcome.name)
        return answer
