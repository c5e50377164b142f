"""The calls on claims, promotion actions and real names, of both kinds of client."""

from abc import ABC, abstractmethod
from typing import TypeVar

from google.protobuf.message import Message

from risk_service.client.claims import (
    ActionAnswer,
    RealNameAnswer,
    RefundAnswer,
    action_answer,
    real_name_answer,
    refund_answer,
    refund_request,
)
from risk_service.pb.risk.v1 import action_pb2, real_name_pb2, refund_pb2, risk_pb2

Response = TypeVar("Response", bound=Message)
SCORE, ASSESS, VERIFY = "ScoreRefund", "AssessPromotionAction", "VerifyRealName"
# A provider of real names is asked meanwhile, so this call may take longer than a decision.
VERIFY_DEADLINE_MS = 5_000.0


class ClaimCalls(ABC):
    """The blocking calls."""

    @abstractmethod
    def _call(
        self, name: str, request: Message, response: type[Response], deadline_ms: float | None
    ) -> Response:
        """Call once, and once more when that is allowed, within one deadline."""

    def score_refund(
        self, claim: refund_pb2.RefundClaim, request_id: str, deadline_ms: float | None = None
    ) -> RefundAnswer:
        """Return the decision on a claim.

        Raises
        ------
        DecisionNotFound
            The order was never scored.
        InvalidRequest
            The claim breaks the contract, or claims what was not ordered.
        ServiceFailure
            The service gave no answer: the claim waits.
        """
        request = refund_request(claim, request_id)
        return refund_answer(self._call(SCORE, request, risk_pb2.ScoreRefundResponse, deadline_ms))

    def assess_promotion_action(
        self, request: action_pb2.AssessPromotionActionRequest, deadline_ms: float | None = None
    ) -> ActionAnswer:
        """Return the decision on a promotion action or a subsidy claim.

        Raises
        ------
        InvalidRequest
            The action breaks the contract.
        RequestIdReused
            The request id or the action id was used for something else.
        ServiceFailure
            The service gave no answer: the benefit is not given.
        """
        response = risk_pb2.AssessPromotionActionResponse
        return action_answer(self._call(ASSESS, request, response, deadline_ms))

    def verify_real_name(
        self,
        request: real_name_pb2.VerifyRealNameRequest,
        deadline_ms: float = VERIFY_DEADLINE_MS,
    ) -> RealNameAnswer:
        """Verify who is behind an account.

        Raises
        ------
        InvalidRequest
            The evidence breaks the contract, a check digit among it.
        ServiceFailure
            The service gave no answer: nobody is verified.
        """
        response = real_name_pb2.VerifyRealNameResponse
        return real_name_answer(self._call(VERIFY, request, response, deadline_ms))


class AsyncClaimCalls(ABC):
    """The same calls with ``await``."""

    @abstractmethod
    async def _call(
        self, name: str, request: Message, response: type[Response], deadline_ms: float | None
    ) -> Response:
        """Call once, and once more when that is allowed, within one deadline."""

    async def score_refund(
        self, claim: refund_pb2.RefundClaim, request_id: str, deadline_ms: float | None = None
    ) -> RefundAnswer:
        """Return the decision on a claim; raises as ``ClaimCalls.score_refund``."""
        request = refund_request(claim, request_id)
        return refund_answer(
            await self._call(SCORE, request, risk_pb2.ScoreRefundResponse, deadline_ms)
        )

    async def assess_promotion_action(
        self, request: action_pb2.AssessPromotionActionRequest, deadline_ms: float | None = None
    ) -> ActionAnswer:
        """Return the decision on an action; raises as ``ClaimCalls.assess_promotion_action``."""
        response = risk_pb2.AssessPromotionActionResponse
        return action_answer(await self._call(ASSESS, request, response, deadline_ms))

    async def verify_real_name(
        self,
        request: real_name_pb2.VerifyRealNameRequest,
        deadline_ms: float = VERIFY_DEADLINE_MS,
    ) -> RealNameAnswer:
        """Verify who is behind an account; raises as ``ClaimCalls.verify_real_name``."""
        response = real_name_pb2.VerifyRealNameResponse
        return real_name_answer(await self._call(VERIFY, request, response, deadline_ms))
