"""Wires the service of reservations: calls, groups, the trail of changes, what is forgotten."""

import logging
from collections.abc import Callable

from risk_service.adapters.sqlite.adjustments import SqliteAdjustments
from risk_service.adapters.sqlite.governance import as_json
from risk_service.bootstrap.build import SECOND_US, Service
from risk_service.bootstrap.tasks import keep_on
from risk_service.domain.actor import Actor
from risk_service.domain.audit import AuditRow
from risk_service.identity.payload import Fingerprinter
from risk_service.rpc.changes import Changes
from risk_service.rpc.edge import Edge
from risk_service.rpc.gather import Gatherer, GatherLimits
from risk_service.rpc.limits_adjust import AdjustCalls
from risk_service.rpc.limits_desk import LimitsDesk
from risk_service.rpc.limits_read import LimitsReader
from risk_service.rpc.limits_servicer import LimitServicer
from risk_service.rpc.validate import TimeWindow

log = logging.getLogger(__name__)

# Calls are short; many of them share one flush.
CALLS = GatherLimits(
    quiet_s=0.0005, max_age_s=0.004, max_group=128, max_waiting=4096, order_cost_s=100e-6
)

# Between two looks of a round over reservations that are over, and between two rounds.
FORGET_EVERY_S = 0.25
FORGET_ROUND_S = 3600.0
DAY_US = 86_400 * SECOND_US


def limit_servicer(
    service: Service,
    edge: Edge,
    changes: Changes,
    fingerprinter: Fingerprinter,
    window: Callable[[], TimeWindow],
) -> LimitServicer:
    """Return the service of reservations; its calls come together like those of orders."""
    ledger, clock, linked = service.ledger, service.clock, service.linked
    desk = LimitsDesk(ledger=ledger, now_us=clock.now_us)

    gatherer = Gatherer(desk.run, CALLS, service.metrics.event_groups)
    reader = LimitsReader(
        tokenise=service.claims.tokeniser.order,
        verified=service.claims.real_names.verified.order,
        cluster=lambda account: linked.state.members(account),
        fingerprinter=fingerprinter,
        window=window,
        now_us=clock.now_us,
    )

    async def repaired(actor: Actor, cells: int) -> None:
        row = AuditRow(
            at_us=service.governance.file.now_us(),
            actor_id=actor.actor_id,
            action="limits.repair",
            subject="limits",
            before="{}",
            after=as_json(cells=cells),
        )
        await changes.run(lambda: service.governance.file.append(row))

    return LimitServicer(
        edge=edge,
        gatherer=gatherer,
        ledger=ledger,
        reader=reader,
        adjusting=AdjustCalls(
            changes=changes,
            store=SqliteAdjustments(service.governance.file),
            calls=gatherer,
            ledger=ledger,
            reader=reader,
        ),
        repaired=repaired,
    )


async def forget_reservations(service: Service) -> None:
    """Forget reservations that are long over, some at a time between groups of orders."""
    keep_us = service.settings.ledger_keep_days * DAY_US
    if not keep_us:
        return

    def step() -> float:
        now_us = service.clock.now_us()
        forgotten = service.ledger.prune(now_us - keep_us, now_us)
        if forgotten:
            log.info("reservations_forgotten", extra={"count": forgotten})
        return FORGET_ROUND_S if forgotten is None else FORGET_EVERY_S

    await keep_on(step, "reservations_not_forgotten")
