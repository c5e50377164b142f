"""Claims for refunds, promotion actions and real names: what the service answers.

None of them has a fallback: without an answer a claim waits, a benefit is not given and nobody
is verified. Call again with the same request id.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from risk_service.client.answers import DecisionAnswer, decision_answer
from risk_service.client.errors import ServiceFault
from risk_service.pb.risk.v1 import action_pb2, order_pb2, real_name_pb2, refund_pb2, risk_pb2


class Evidence(IntEnum):
    """What must be handed in before a claim or an action can pass."""

    PHOTOS = 1
    WEIGHT = 2
    RETURN_FIRST = 3
    TRANSACTION_PROOF = 4
    SHIPPING_DOCUMENTS = 5
    REAL_NAME = 6


class RealNameResult(IntEnum):
    """What came of a verification."""

    VERIFIED = 1
    MISMATCH = 2
    PROVIDER_UNAVAILABLE = 3
    TOO_MANY_ACCOUNTS = 4
    PHONE_FAILED = 5


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The decision on a claim; ``message`` is what stands beside it."""

    decision: DecisionAnswer
    message: refund_pb2.RefundAssessment

    @property
    def required(self) -> tuple[Evidence, ...]:
        """Return what must be handed in; send it with the same claim and a new request id."""
        return tuple(Evidence(one) for one in self.message.required)

    @property
    def recalculated_minor(self) -> int | None:
        """Return the most that may be given back, None when it cannot be told."""
        told = self.message.HasField("recalculated_minor")
        return self.message.recalculated_minor if told else None


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """The decision on a promotion action; ``message`` is what stands beside it."""

    decision: DecisionAnswer
    message: action_pb2.ActionAssessment

    @property
    def required(self) -> tuple[Evidence, ...]:
        """Return what must be handed in; send it with the same action and a new request id."""
        return tuple(Evidence(one) for one in self.message.required)


@dataclass(frozen=True, slots=True)
class RealNameAnswer:
    """What an account is verified to."""

    message: real_name_pb2.VerifyRealNameResponse

    @property
    def result(self) -> RealNameResult:
        """Return what came of this call."""
        return RealNameResult(self.message.result)

    @property
    def is_verified(self) -> bool:
        """Tell whether all that was handed in was found true; silence never is."""
        return self.result is RealNameResult.VERIFIED

    @property
    def level(self) -> "order_pb2.VerificationLevel":
        """Return the highest level in force, for the account as a whole."""
        return self.message.level

    @property
    def expires_at(self) -> datetime | None:
        """Return from when on the level no longer counts, in UTC; None without one."""
        if not self.message.HasField("expires_at"):
            return None
        return self.message.expires_at.ToDatetime(tzinfo=UTC)


def refund_request(claim: refund_pb2.RefundClaim, request_id: str) -> refund_pb2.ScoreRefundRequest:
    """Return the request for one claim."""
    return refund_pb2.ScoreRefundRequest(request_id=request_id, claim=claim)


def refund_answer(response: risk_pb2.ScoreRefundResponse) -> RefundAnswer:
    """Return the answer to a claim."""
    return RefundAnswer(decision_answer(response.decision), response.refund)


def action_answer(response: risk_pb2.AssessPromotionActionResponse) -> ActionAnswer:
    """Return the answer to a promotion action."""
    return ActionAnswer(decision_answer(response.decision), response.action)


def real_name_answer(response: real_name_pb2.VerifyRealNameResponse) -> RealNameAnswer:
    """Return the answer to a verification.

    Raises
    ------
    ServiceFault
        It has no result that the contract knows: it must not pass for a verification.
    """
    if int(response.result) not in set(RealNameResult):
        raise ServiceFault(f"not a verification: result {response.result}")
    return RealNameAnswer(response)
