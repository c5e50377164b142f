"""What purchase limits say to a promotion action: one draw, or one reward.

An action that passes everything else is charged at once, under its own id: the same action
again is charged once. One that needs a challenge or a person takes nothing until it passes.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from risk_service.decisions.benefits.as_order import PROMOTION_OF, campaign_of
from risk_service.domain.benefit import Benefit
from risk_service.domain.errors import RiskError, StoreUnavailable
from risk_service.domain.evidence import Evidence
from risk_service.domain.grant import Demand, DemandLine, Grant
from risk_service.domain.reservation import Confirm, HoldRequest, LedgerAnswer, Reserve
from risk_service.domain.vocabulary import Outcome, VerificationLevel
from risk_service.ports import ReservationLedger

log = logging.getLogger(__name__)

# A hold is confirmed in the same transaction; the time only bounds what a crash leaves.
HOLD_US = 60_000_000
NEW_ACCOUNT_US = 7 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An action as limits see it, with the accounts of its identity cluster.

    ``wanted`` is what the rules that matched ask to be handed in.
    """

    benefit: Benefit
    fingerprint: bytes
    level: VerificationLevel
    real_name: str
    cluster: Sequence[str]
    passed: bool
    wanted: tuple[Evidence, ...] = ()


class BenefitLimits:
    """Charges actions to the ledger.

    Parameters
    ----------
    ledger
        Knows who has used how much; None when no limits are kept.
    """

    def __init__(self, ledger: ReservationLedger | None) -> None:
        self._ledger = ledger

    def take(self, asked: Asked, now_us: int) -> Grant | None:
        """Charge the action, or return what speaks against it; None when it cannot be counted."""
        if self._ledger is None or asked.benefit.action is None:
            return Grant(outcome=Outcome.ALLOW)
        demand = demand_of(asked, now_us)
        hold = HoldRequest(demand=demand, ttl_us=HOLD_US, partial=False)
        try:
            (answer,) = self._ledger.run([Reserve(hold=hold, take_over=True)], now_us)
            grant = _grant_of(answer)
            if grant.outcome is Outcome.ALLOW:
                (confirmed,) = self._ledger.run(
                    [Confirm(reservation_id=demand.reservation_id)], now_us
                )
                _raise_error(confirmed)
        except StoreUnavailable as error:
            log.warning("limits_unavailable", extra={"error": str(error), "orders": 1})
            return None
        return grant

    def look(self, asked: Asked, now_us: int) -> Grant | None:
        """Return what limits would say; takes nothing."""
        if self._ledger is None or asked.benefit.action is None:
            return Grant(outcome=Outcome.ALLOW)
        try:
            return self._ledger.check([demand_of(asked, now_us)], now_us)[0]
        except StoreUnavailable as error:
            log.warning("limits_unavailable", extra={"error": str(error), "orders": 1})
            return None


def demand_of(asked: Asked, now_us: int) -> Demand:
    """Return one unit of the action; what it is worth counts where an order takes it off."""
    benefit = asked.benefit
    action = benefit.action
    if action is None:
        raise ValueError("limits count customers' actions")
    line = DemandLine(
        sku="",
        seller_id="",
        campaign_id=campaign_of(benefit),
        promotion_type=PROMOTION_OF[benefit.benefit_type],
        quantity=1,
        amount_minor=0,
        is_benefit=True,
    )
    return Demand(
        reservation_id=reservation_of(benefit.action_id),
        fingerprint=asked.fingerprint,
        at_us=now_us,
        subjects={
            "account": action.account,
            "device": action.device,
            "ip": action.ip,
            "ip_block": action.ip_block,
            "real_name": asked.real_name,
        },
        lines=(line,),
        verification_level=asked.level,
        traits={
            "is_new_account": _is_new(benefit, now_us),
            "challenge_passed": "true" if asked.passed else "false",
        },
        cluster=tuple(asked.cluster),
    )


def reservation_of(action_id: str) -> str:
    """Return the id under which an action holds what limits count of it."""
    return f"action:{action_id}"


def _is_new(benefit: Benefit, now_us: int) -> str:
    registered_us = benefit.facts.account_registered_at_us if benefit.facts else None
    if registered_us is None:
        return ""
    return "true" if now_us - registered_us < NEW_ACCOUNT_US else "false"


def _grant_of(answer: LedgerAnswer | RiskError) -> Grant:
    answered = _raise_error(answer)
    if answered.grant is None:
        raise ValueError("a Reserve is answered by a grant")
    return answered.grant


def _raise_error(answer: LedgerAnswer | RiskError) -> LedgerAnswer:
    if isinstance(answer, RiskError):
        raise answer
    return answer
