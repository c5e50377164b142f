"""What purchase limits add to a verdict: the last step, which holds what the order takes.

Scores, lists and rules come first, so that denied traffic consumes nothing. A limit's
answer overrides ALLOW; nothing but DENY overrides a limit.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from risk_service.decisions.capping import capped
from risk_service.decisions.policy import SECOND_US, Policy
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import Cause, QuantityLimit, Step
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.grant import Demand, Grant, GrantedLine
from risk_service.domain.order import Order
from risk_service.domain.reservation import HoldRequest
from risk_service.domain.vocabulary import ChallengeKind, ChallengeResult, Outcome
from risk_service.limits.book import LimitBook
from risk_service.limits.policy import OF_GOODS
from risk_service.ports import Reserved

log = logging.getLogger(__name__)

UNAVAILABLE = "LIMITS_UNAVAILABLE"
# What is held for a while; anything else is answered without a hold.
HELD = frozenset({Outcome.ALLOW, Outcome.LIMIT_QUANTITY, Outcome.CHALLENGE, Outcome.REVIEW})


class Ask(Struct, frozen=True, gc=False):
    """One order that limits concern, as it stands after lists, rules and scores."""

    order: Order
    demand: Demand
    verdict: Verdict
    completed: ChallengeResult | None


class Limited(Struct, frozen=True, gc=False):
    """The verdict with limits, and the grant where limits concern the order.

    ``counted`` is False when the ledger could not be asked.
    """

    verdict: Verdict
    grant: Grant | None = None
    counted: bool = True


class Held(Struct, frozen=True):
    """What came of a group; ``reserved`` goes into the commit of its decisions."""

    answers: Sequence[Limited]
    reserved: Reserved | None


class GrantingLedger(Protocol):
    """What a decision needs of ``ports.ReservationLedger``."""

    def check(self, demands: Sequence[Demand], now_us: int) -> list[Grant]:
        """Return what each demand by itself would be granted; changes nothing."""

    def expect(self, demands: Sequence[Demand], now_us: int) -> None:
        """Be told of the orders of a group ahead of ``hold``."""

    def hold(self, requests: Sequence[HoldRequest], now_us: int) -> Reserved:
        """Hold for the orders of a group, each seeing those before."""


class Limiting:
    """Holds what orders take of purchase limits.

    Parameters
    ----------
    ledger
        Knows who has used how much.
    """

    def __init__(self, policy: Policy, ledger: GrantingLedger) -> None:
        self._policy = policy
        self._ledger = ledger

    def expect(self, demands: Sequence[Demand], now_us: int) -> None:
        """Tell the ledger ahead of the orders for which it will be asked to hold.

        What it must read for them can come while they are scored.
        """
        if demands:
            self._ledger.expect(demands, now_us)

    def hold(self, asks: Sequence[Ask], book: LimitBook, now_us: int) -> Held:
        """Hold for the orders of a group, each seeing those before; nothing for DENY.

        Parameters
        ----------
        book
            The limits in force: without the ledger they still tell what is limited.
        """
        if not asks:
            return Held(answers=(), reserved=None)
        try:
            told = self._told(asks, now_us)
            reserved = self._ledger.hold([self._request(ask, now_us) for ask in asks], now_us)
        except StoreUnavailable as error:
            log.warning("limits_unavailable", extra={"error": str(error), "orders": len(asks)})
            answers = [
                Limited(
                    verdict=self._uncounted(ask, book, now_us),
                    counted=not book.concerns(ask.demand),
                )
                for ask in asks
            ]
            return Held(answers=answers, reserved=None)
        grants = [told.get(n, grant) for n, grant in enumerate(reserved.grants)]
        answers = [
            Limited(self._combined(ask, grant), grant)
            for ask, grant in zip(asks, grants, strict=True)
        ]
        return Held(answers=answers, reserved=reserved)

    def ttl_us(self, outcome: Outcome, order: Order, now_us: int) -> int:
        """Return how long a hold lasts: 0 for DENY."""
        holds = self._policy.holds
        if outcome not in HELD:
            return 0
        if outcome is Outcome.CHALLENGE:
            return self._policy.challenge_ttl_us
        shortest_s = holds.review_s if outcome is Outcome.REVIEW else holds.payment_s
        ttl_us = shortest_s * SECOND_US
        if order.balance_due_at_us is None:
            return ttl_us
        # A deposit has been paid: the units are the customer's until the balance is due.
        due_us = min(order.balance_due_at_us - now_us, holds.presale_s_max * SECOND_US)
        return max(ttl_us, due_us)

    def _request(self, ask: Ask, now_us: int) -> HoldRequest:
        verdict = ask.verdict
        return HoldRequest(
            capped(ask.demand, verdict.quantity_limits),
            self.ttl_us(verdict.outcome, ask.order, now_us),
        )

    def _told(self, asks: Sequence[Ask], now_us: int) -> dict[int, Grant]:
        """Return what limits say of the orders that are denied: told, not held."""
        denied = [n for n, ask in enumerate(asks) if ask.verdict.outcome not in HELD]
        if not denied:
            return {}
        grants = self._ledger.check([asks[n].demand for n in denied], now_us)
        return {
            n: replace(grant, lines=(), expires_at_us=0)
            for n, grant in zip(denied, grants, strict=True)
        }

    def _combined(self, ask: Ask, grant: Grant) -> Verdict:
        before, policy = ask.verdict, self._policy
        outcome = grant.outcome
        if outcome is Outcome.ALLOW:
            return before
        unmet = grant.required_level > ask.demand.verification_level
        if outcome is Outcome.CHALLENGE and ask.completed is not None and not unmet:
            # Asked already, and still above the limit: a person decides.
            outcome = Outcome.REVIEW
        if before.outcome is Outcome.DENY:
            return before
        refs = [use.policy_id for use in grant.uses if use.blocking and not use.shadow]
        causes = [
            Cause(step=Step.LIMIT, ref=ref, outcome=outcome)
            for ref in dict.fromkeys(refs or grant.codes)
        ]
        limits = before.quantity_limits
        if outcome is Outcome.LIMIT_QUANTITY:
            limits = granted_limits(ask.order, grant.lines)
        verdict = policy.verdict((*before.causes, *causes), limits)
        if verdict.outcome is not Outcome.CHALLENGE or not unmet:
            return verdict
        return replace(
            verdict, challenge_kind=ChallengeKind.REAL_NAME, required_level=grant.required_level
        )

    def _uncounted(self, ask: Ask, book: LimitBook, now_us: int) -> Verdict:
        """Return the verdict when nothing can be counted.

        Goods that a limit covers are never let pass; where only redemptions are counted, the
        fail policy of the promotion says whether the order goes on.
        """
        claims = book.claims(ask.demand, now_us)
        active = [one.policy for one in claims.claims if not one.plan.shadow]
        outcome = self._policy.fail_outcome(
            [line.promotion_type for line in ask.demand.lines],
            of_goods=any(policy.measure in OF_GOODS for policy in active),
        )
        if not active or outcome is Outcome.ALLOW:
            return ask.verdict
        cause = Cause(step=Step.FAIL_POLICY, ref=UNAVAILABLE, outcome=outcome)
        return self._policy.verdict((*ask.verdict.causes, cause), ask.verdict.quantity_limits)


def granted_limits(order: Order, lines: Sequence[GrantedLine]) -> tuple[QuantityLimit, ...]:
    """Return the SKUs of an order of which limits grant a part alone."""
    asked: dict[str, int] = {}
    for line in order.lines:
        asked[line.sku] = asked.get(line.sku, 0) + line.quantity
    granted: dict[str, int] = {}
    for held in lines:
        granted[held.sku] = granted.get(held.sku, 0) + held.granted
    return tuple(
        QuantityLimit(sku=sku, requested=units, allowed=granted.get(sku, 0))
        for sku, units in asked.items()
        if granted.get(sku, 0) < units
    )
