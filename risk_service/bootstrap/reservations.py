"""Wires the service of reservations: its calls, its groups, and the trail of its changes."""

import json
from collections.abc import Callable

from msgspec.structs import asdict

from risk_service.bootstrap.build import Service
from risk_service.domain.actor import Actor
from risk_service.domain.audit import AuditRow
from risk_service.domain.reservation import Adjust
from risk_service.identity.payload import Fingerprinter
from risk_service.rpc.changes import Changes
from risk_service.rpc.edge import Edge
from risk_service.rpc.gather import Gatherer, GatherLimits
from risk_service.rpc.limits_desk import LimitsDesk
from risk_service.rpc.limits_read import LimitsReader
from risk_service.rpc.limits_servicer import LimitServicer
from risk_service.rpc.validate import TimeWindow

# Calls are short; many of them share one flush.
CALLS = GatherLimits(
    quiet_s=0.0005, max_age_s=0.004, max_group=128, max_waiting=4096, order_cost_s=100e-6
)


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

    async def adjusted(actor: Actor, call: Adjust, before: int, after: int) -> None:
        row = _row(actor, call, (before, after), service.governance.file.now_us())
        await changes.run(lambda: service.governance.file.append(row))

    return LimitServicer(
        edge=edge,
        gatherer=Gatherer(desk.run, CALLS, service.metrics.event_groups),
        ledger=ledger,
        reader=LimitsReader(
            tokenise=service.claims.tokeniser.order,
            cluster=lambda account: linked.state.members(account),
            fingerprinter=fingerprinter,
            window=window,
            now_us=clock.now_us,
        ),
        adjusted=adjusted,
    )


def _row(actor: Actor, call: Adjust, confirmed: tuple[int, int], now_us: int) -> AuditRow:
    """Return the trail's row; the ledger's own says the same."""
    before, after = confirmed
    return AuditRow(
        at_us=now_us,
        actor_id=actor.actor_id,
        action="limits.adjust",
        subject=f"limits/{call.policy_id}",
        before=json.dumps({"confirmed": before}),
        after=json.dumps(asdict(call) | {"confirmed": after}, ensure_ascii=False, sort_keys=True),
    )
