"""The calls about counters changed by hand: propose, approve, reject, look.

A change counts once another actor than its author has approved it. The approval is durable
before the ledger is told, and what came of it is written after; the ledger knows an adjustment
by its id, so an approval that was interrupted is simply given again.
"""

from dataclasses import dataclass

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    RequestIdReused,
    RiskError,
)
from risk_service.domain.governed import Adjustment, AdjustmentState
from risk_service.domain.reservation import Adjust, CounterUse
from risk_service.governance.closing import check_closing
from risk_service.governance.free_text import check_why
from risk_service.governance.stores import AdjustmentStore
from risk_service.limits.adjusting import adjustable
from risk_service.limits.scope_text import named
from risk_service.pb.risk.v1 import limits_pb2
from risk_service.ports import ReservationLedger
from risk_service.rpc.changes import Changes
from risk_service.rpc.constraints_limits import REJECT_ADJUSTMENT
from risk_service.rpc.convert_admin import limit_of
from risk_service.rpc.desk import decoded
from risk_service.rpc.edge import Body
from risk_service.rpc.limits_desk import Calls
from risk_service.rpc.limits_read import LimitsReader
from risk_service.rpc.limits_write import ADJUSTMENT_STATES, write_adjustment
from risk_service.rpc.validate import require

LISTED_DEFAULT, LISTED_MAX = 50, 500
STATE_OF = {number: state for state, number in ADJUSTMENT_STATES.items()}
# The ledger has looked at the change and will not make it; whatever else may pass.
REFUSALS = (NotFound, InvalidInput, RequestIdReused, Conflict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustCalls:
    """Bodies of the calls about adjustments.

    Parameters
    ----------
    changes
        The thread that uses the store.
    calls
        Does calls in the ledger, on the event loop.
    """

    changes: Changes
    store: AdjustmentStore
    calls: Calls
    ledger: ReservationLedger
    reader: LimitsReader

    def bodies(self) -> dict[str, tuple[Scope, Body]]:
        """Return each call with the scope that it needs."""
        return {
            "Adjust": (Scope.LIMITS_ADJUST, self._propose),
            "ApproveAdjustment": (Scope.APPROVE, self._approve),
            "RejectAdjustment": (Scope.GOVERNANCE_READ, self._reject),
            "ListAdjustments": (Scope.GOVERNANCE_READ, self._list),
        }

    async def _propose(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        call = self.reader.adjust(payload, actor.actor_id)
        check_why("reason", call.reason)
        policy = adjustable(self.changes.governance.governing.now.limits, call)
        uses = self._uses(call)
        if not uses:
            # Of a counter that is not there yet the words alone must say which is meant.
            named(policy, call.scope, tuple)
        confirmed = sum([use.confirmed for use in uses])
        counts = policy.measure.name.lower(), policy.currency
        kept = await self.changes.run(lambda: self.store.propose(call, confirmed, *counts))
        message = limits_pb2.AdjustResponse(adjustment_id=kept.adjustment_id)
        write_adjustment(kept, message.adjustment)
        return message.SerializeToString()

    async def _approve(self, payload: bytes, remaining_s: float, actor: Actor) -> bytes:
        request = decoded(limits_pb2.ApproveAdjustmentRequest, payload)
        number = request.number
        approved = await self.changes.run(lambda: self.store.approve(number, actor.actor_id))
        settled = await self._settle(approved, actor.actor_id, remaining_s)
        message = limits_pb2.ApproveAdjustmentResponse()
        write_adjustment(settled, message.adjustment)
        return message.SerializeToString()

    async def _settle(self, approved: Adjustment, actor_id: str, remaining_s: float) -> Adjustment:
        """Tell the ledger of an approved change, and write what came of it."""
        answer = await self.calls.submit(approved.call, remaining_s)
        if isinstance(answer, REFUSALS):
            words = _in_both_languages(answer)
            return await self.changes.run(
                lambda: self.store.failed(approved.number, actor_id, words)
            )
        if isinstance(answer, Exception):
            raise answer
        # Orders are paid meanwhile: a reading of ours would tell them as part of the change.
        after = self._confirmed(approved.call) if answer.confirmed is None else answer.confirmed
        confirmed = after - approved.call.delta, after
        return await self.changes.run(
            lambda: self.store.applied(approved.number, actor_id, confirmed)
        )

    async def _reject(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(limits_pb2.RejectAdjustmentRequest, payload)
        require(request, REJECT_ADJUSTMENT, self.reader.window())
        done = await self.changes.run(lambda: self._rejected(request.number, actor, request.note))
        message = limits_pb2.RejectAdjustmentResponse()
        write_adjustment(done, message.adjustment)
        return message.SerializeToString()

    def _rejected(self, number: int, actor: Actor, note: str) -> Adjustment:
        check_closing(actor, self.store.adjustment(number).author, note)
        return self.store.reject(number, actor.actor_id, note)

    async def _list(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(limits_pb2.ListAdjustmentsRequest, payload)
        limit = limit_of(request.limit, LISTED_DEFAULT, LISTED_MAX)
        state = self._state(request.state)
        found = await self.changes.run(lambda: self.store.adjustments(state, limit))
        message = limits_pb2.ListAdjustmentsResponse()
        for one in found:
            write_adjustment(one, message.adjustments.add())
        return message.SerializeToString()

    def _state(self, number: int) -> AdjustmentState | None:
        if number and number not in STATE_OF:
            raise InvalidInput.at("state", f"must be 0 to {max(STATE_OF)}")
        return STATE_OF.get(number)

    def _confirmed(self, call: Adjust) -> int:
        """Return what the counter that a call adjusts stands at."""
        return sum([use.confirmed for use in self._uses(call)])

    def _uses(self, call: Adjust) -> list[CounterUse]:
        """Return the counters that a call names, none where nothing is used."""
        counters = self.ledger.usage(call.subject, call.token, self.reader.now_us())
        meant = call.policy_id, call.scope
        return [use for use in counters if (use.policy_id, use.scope) == meant]


def _in_both_languages(error: RiskError) -> str:
    """Return the one text that is kept of a refusal: who approves may read either language."""
    told = [error.zh]
    if isinstance(error, InvalidInput):
        told = [one.description_zh for one in error.violations]
    return " ".join(filter(None, (str(error), *told)))
