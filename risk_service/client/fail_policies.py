"""The service's fail policy, kept by the client for the time when the service is gone.

Asked for beside an order, never before one: no order waits for it. What was told last holds
on when the service cannot be asked again, because that is when it is needed.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from risk_service.client.fallback import (
    SHIPPED_LIMITED,
    FallbackPolicy,
    FallbackRule,
    LimitedItems,
)
from risk_service.pb.risk.v1 import fail_policy_pb2

log = logging.getLogger("risk_service.client")

RULES = {
    fail_policy_pb2.FAIL_POLICY_OPEN: FallbackRule.OPEN,
    fail_policy_pb2.FAIL_POLICY_CLOSED: FallbackRule.CLOSED,
    fail_policy_pb2.FAIL_POLICY_LIMITS_ONLY: FallbackRule.LIMITS_ONLY,
}
# After a failure, or an answer that cannot be read, the client asks again no sooner.
RETRY_AFTER_S = 30.0
ASK_TIMEOUT_S = 2.0


class KeptPolicy:
    """The fallback policy of a client, as the service told it last.

    Parameters
    ----------
    own
        Given by the caller: its rules are never replaced. None: what is compiled in, until the
        service has told its own. Either way the service says what is limited: checkout cannot
        know, and must not let pass what a limit counts.
    now_s
        Time source; tests give their own.
    """

    def __init__(
        self, own: FallbackPolicy | None, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._own = own
        self.policy = _limiting(own or FallbackPolicy(), SHIPPED_LIMITED)
        self.version = ""
        self._now_s = now_s
        self._due_s = now_s()

    def claim(self) -> bool:
        """Tell whether the caller shall ask the service now; nobody else will be told so."""
        if self._now_s() < self._due_s:
            return False
        self._due_s = self._now_s() + RETRY_AFTER_S
        return True

    def take(self, told: fail_policy_pb2.GetFailPoliciesResponse) -> None:
        """Keep what the service told, and ask again when it is older than it said."""
        try:
            policy = fallback_policy(told)
        except ValueError as error:
            log.warning("fail policy of the service not used: %s", error)
            return
        self.policy = policy if self._own is None else _limiting(self._own, policy.limited)
        self.version = told.version
        self._due_s = self._now_s() + max(1.0, float(told.max_age_s))


def _limiting(policy: FallbackPolicy, limited: LimitedItems) -> FallbackPolicy:
    return replace(policy, limited=policy.limited | limited)


def fallback_policy(told: fail_policy_pb2.GetFailPoliciesResponse) -> FallbackPolicy:
    """Return the policy that the service told.

    Raises
    ------
    ValueError
        It has a rule that this client does not know, or sells nothing: the old one holds.
    """
    unknown = {int(rule.policy) for rule in told.rules} | {int(told.other)}
    unknown -= {int(known) for known in RULES}
    if unknown:
        raise ValueError(f"unknown rule {min(unknown)}")
    rules = {int(rule.promotion_type): RULES[rule.policy] for rule in told.rules}
    limited = LimitedItems(
        promotion_types=frozenset(int(kind) for kind in told.limited.promotion_types),
        campaign_ids=frozenset(told.limited.campaign_ids),
        skus=frozenset(told.limited.skus),
        seller_ids=frozenset(told.limited.seller_ids),
    )
    return replace(
        FallbackPolicy(),
        rules=rules,
        other=RULES[told.other],
        units_per_sku=told.units_per_sku,
        limited=limited,
    )
