"""The RPCs of reservations: decode, validate, gather, answer. Decides nothing itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.reservation import LedgerAnswer, LedgerCall
from risk_service.pb.risk.v1 import limits_pb2
from risk_service.ports import ReservationLedger
from risk_service.rpc.desk import decoded
from risk_service.rpc.edge import Body, Edge, Methods
from risk_service.rpc.limits_adjust import AdjustCalls
from risk_service.rpc.limits_desk import Calls
from risk_service.rpc.limits_read import LimitsReader
from risk_service.rpc.limits_write import (
    write_drifts,
    write_grant,
    write_reservation,
    write_usage,
)

SERVICE = "risk.v1.LimitService"
Repaired = Callable[[Actor, int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitServicer:
    """Answers the calls of ``risk.v1.LimitService``.

    Parameters
    ----------
    gatherer
        Runs groups of calls in the ledger, one transaction each.
    adjusting
        The calls about counters changed by hand.
    repaired
        Puts into the trail that counters were set right, and how many.
    """

    edge: Edge
    gatherer: Calls
    ledger: ReservationLedger
    reader: LimitsReader
    adjusting: AdjustCalls
    repaired: Repaired

    @property
    def service(self) -> str:
        """Return the full name of the service."""
        return SERVICE

    def methods(self) -> Methods:
        """Return the methods by name."""
        read, answers = self.reader, limits_pb2
        reserve = Scope.LIMITS_RESERVE
        bodies: dict[str, tuple[Scope, Body]] = {
            "Check": (reserve, self._check),
            "Reserve": (reserve, self._call(read.reserve, answers.ReserveResponse)),
            "Confirm": (reserve, self._call(read.confirm, answers.ConfirmResponse)),
            "Cancel": (reserve, self._call(read.cancel, answers.CancelResponse)),
            "Extend": (reserve, self._call(read.extend, answers.ExtendResponse)),
            "Release": (reserve, self._call(read.release, answers.ReleaseResponse)),
            "GetUsage": (Scope.GOVERNANCE_READ, self._get_usage),
            "Reconcile": (Scope.LIMITS_ADJUST, self._reconcile),
            **self.adjusting.bodies(),
        }
        return {name: self.edge.unary(name, scope, body) for name, (scope, body) in bodies.items()}

    def _call(self, read: Callable[[bytes], LedgerCall], response: Any) -> Body:
        """Return the body of a call that is run in a group."""

        async def body(payload: bytes, remaining_s: float, _actor: Actor) -> bytes:
            answer = await self._run(read(payload), remaining_s)
            message = response()
            write_reservation(answer, message.reservation)
            if answer.grant is not None:
                write_grant(answer.grant, message.grant)
            return bytes(message.SerializeToString())

        return body

    async def _run(self, call: LedgerCall, remaining_s: float) -> LedgerAnswer:
        pending: Awaitable[LedgerAnswer | Exception] = self.gatherer.submit(call, remaining_s)
        answer = await pending
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _check(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        demand = self.reader.check(payload)
        message = limits_pb2.CheckResponse()
        write_grant(self.ledger.check([demand], self.reader.now_us())[0], message.grant)
        return message.SerializeToString()

    async def _get_usage(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        message = limits_pb2.GetUsageResponse()
        for subject, token in self.reader.usage(payload).items():
            write_usage(self.ledger.usage(subject, token, self.reader.now_us()), message)
        return message.SerializeToString()

    async def _reconcile(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(limits_pb2.ReconcileRequest, payload)
        found = self.ledger.reconcile(repair=request.repair, now_us=self.reader.now_us())
        if request.repair and found:
            await self.repaired(actor, len(found))
        message = limits_pb2.ReconcileResponse()
        write_drifts(found, message)
        return message.SerializeToString()
