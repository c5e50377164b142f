"""Writes the fail policy into the message of the contract."""

from risk_service.decisions.fail_policies import FailPolicies
from risk_service.pb.risk.v1 import fail_policy_pb2

POLICIES = {
    "open": fail_policy_pb2.FAIL_POLICY_OPEN,
    "closed": fail_policy_pb2.FAIL_POLICY_CLOSED,
    "limits_only": fail_policy_pb2.FAIL_POLICY_LIMITS_ONLY,
}


def fail_policies_message(policies: FailPolicies) -> fail_policy_pb2.GetFailPoliciesResponse:
    """Return the answer to ``GetFailPolicies``."""
    rules, limited = policies.rules, policies.limited()
    message = fail_policy_pb2.GetFailPoliciesResponse(
        version=policies.version,
        max_age_s=rules.max_age_s,
        units_per_sku=rules.units_per_sku,
        other=POLICIES[rules.other],
    )
    for promotion, name in rules.rules:
        rule = message.rules.add(policy=POLICIES[name])
        rule.promotion_type = promotion  # type: ignore[assignment]  # a number on the wire
    message.limited.promotion_types.extend(sorted(limited.promotion_types))  # type: ignore[arg-type]  # as above
    message.limited.campaign_ids.extend(sorted(limited.campaign_ids))
    message.limited.skus.extend(sorted(limited.skus))
    message.limited.seller_ids.extend(sorted(limited.seller_ids))
    return message
