"""Wires the service of reservations: its calls, its groups, and the end of holds."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import asdict

from risk_service.decisions.linked import Linked
from risk_service.domain.actor import Actor
from risk_service.domain.audit import AuditRow
from risk_service.domain.errors import RiskError, StoreUnavailable
from risk_service.domain.reservation import LedgerAnswer, LedgerCall
from risk_service.ports import AuditTrail, Clock, ReservationLedger
from risk_service.rpc.edge import Edge
from risk_service.rpc.gather import Gatherer, GatherLimits, GroupObserver
from risk_service.rpc.limits_read import LimitsReader
from risk_service.rpc.limits_servicer import LimitServicer

log = logging.getLogger(__name__)

EXPIRE_EVERY_S = 1.0
# A turn of the loop ends some hundred holds at most, so that no order waits for them.
EXPIRE_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserving:
    """What the calls of reservations need of the service."""

    ledger: ReservationLedger
    reader: LimitsReader
    audit: AuditTrail
    clock: Clock

    def run(self, calls: Sequence[LedgerCall]) -> Sequence[LedgerAnswer | RiskError]:
        """Run a group of calls in one transaction."""
        return self.ledger.run(calls, self.clock.now_us())

    def adjusted(self, actor: Actor, call: LedgerCall) -> None:
        """Put a change by hand into the trail; the ledger has its row already."""
        change = asdict(call)
        row = AuditRow(
            at_us=self.clock.now_us(),
            actor_id=actor.actor_id,
            action="limits.adjust",
            subject=f"limits/{change['policy_id']}/{change['adjustment_id']}",
            before="",
            after=json.dumps(change, ensure_ascii=False, sort_keys=True),
        )
        self.audit.append(row)


def limit_servicer(
    reserving: Reserving, edge: Edge, limits: GatherLimits, observer: GroupObserver
) -> LimitServicer:
    """Return the service of reservations; its calls come together like those of orders."""
    return LimitServicer(
        edge=edge,
        gatherer=Gatherer(reserving.run, limits, observer),
        ledger=reserving.ledger,
        reader=reserving.reader,
        adjusted=reserving.adjusted,
    )


def cluster_of(linked: Linked, account: str) -> tuple[str, ...]:
    """Return the accounts of an account's identity cluster, itself first."""
    return linked.state.members(account)


async def keep_expiring(ledger: ReservationLedger, clock: Clock) -> None:
    """End holds whose time is over, also while nobody asks for anything."""
    while True:
        await asyncio.sleep(EXPIRE_EVERY_S)
        try:
            for _ in range(EXPIRE_ROUNDS):
                if not ledger.expire(clock.now_us()):
                    break
                await asyncio.sleep(0)
        except StoreUnavailable as error:
            log.error("holds_not_expired", extra={"error": str(error)})  # noqa: TRY400 - the message says it all
