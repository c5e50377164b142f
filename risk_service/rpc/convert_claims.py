"""From records of claims, actions and verifications to the messages of the contract."""

from typing import Any

from risk_service.domain.assessment import AssessedRefund, AssessmentRecord
from risk_service.domain.verification import Verification
from risk_service.pb.risk.v1 import action_pb2, real_name_pb2, refund_pb2, risk_pb2
from risk_service.rpc.convert import write_decision
from risk_service.rpc.convert_hits import write_time


def refund_response(record: AssessmentRecord) -> risk_pb2.ScoreRefundResponse:
    """Return the answer to a claim."""
    response = risk_pb2.ScoreRefundResponse()
    write_decision(record.decision, response.decision)
    write_assessment(record, response)
    return response


def action_response(record: AssessmentRecord) -> risk_pb2.AssessPromotionActionResponse:
    """Return the answer to a promotion action."""
    response = risk_pb2.AssessPromotionActionResponse()
    write_decision(record.decision, response.decision)
    write_assessment(record, response)
    return response


def write_assessment(record: AssessmentRecord, response: Any) -> None:
    """Write what stands beside the decision into a response that has room for it."""
    if record.refund is not None:
        _write_refund(record, record.refund, response.refund)
    if record.benefit is not None:
        _write_action(record, response.action)


def verified_response(verification: Verification) -> real_name_pb2.VerifyRealNameResponse:
    """Return the answer to a verification."""
    response = real_name_pb2.VerifyRealNameResponse(
        accounts_of_real_name=verification.accounts_of_real_name, provider=verification.provider
    )
    response.result = int(verification.result)  # type: ignore[assignment]  # a number on the wire
    response.level = int(verification.in_force_level)  # type: ignore[assignment]  # as above
    write_time(verification.verified_at_us, response.verified_at)
    if verification.in_force_until_us:
        write_time(verification.in_force_until_us, response.expires_at)
    return response


def _write_refund(
    record: AssessmentRecord, refund: AssessedRefund, message: refund_pb2.RefundAssessment
) -> None:
    recalculation = refund.recalculation
    message.claim_id = refund.claim.claim_id
    message.required.extend(int(one) for one in record.required)  # type: ignore[misc]  # as above
    message.is_partial = recalculation.is_partial
    message.below_threshold = bool(recalculation.below_threshold)
    if recalculation.recalculated_minor is not None:
        message.recalculated_minor = recalculation.recalculated_minor
    message.counted = record.counted


def _write_action(record: AssessmentRecord, message: action_pb2.ActionAssessment) -> None:
    benefit = record.benefit
    message.action_id = benefit.action_id if benefit else ""
    message.required.extend(int(one) for one in record.required)  # type: ignore[misc]  # as above
    message.counted = record.counted
