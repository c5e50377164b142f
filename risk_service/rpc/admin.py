"""``risk.v1.AdminService``: what people change, and the trail of it."""

from dataclasses import dataclass

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.audit import AuditFilter
from risk_service.pb.risk.v1 import admin_pb2
from risk_service.ports import AuditTrail
from risk_service.rpc.admin_lists import ListCalls
from risk_service.rpc.admin_publishing import PublishingCalls
from risk_service.rpc.changes import Changes
from risk_service.rpc.convert_admin import limit_of, row_message
from risk_service.rpc.desk import decoded
from risk_service.rpc.edge import Edge, Methods

SERVICE = "risk.v1.AdminService"
ROWS_DEFAULT, ROWS_MAX = 100, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminServicer:
    """Answers the calls of ``risk.v1.AdminService``."""

    edge: Edge
    changes: Changes
    trail: AuditTrail

    @property
    def service(self) -> str:
        """Return the service's full name."""
        return SERVICE

    def methods(self) -> Methods:
        """Return the methods by name."""
        lists = ListCalls(changes=self.changes)
        bodies = PublishingCalls(changes=self.changes).bodies() | lists.bodies()
        bodies["ListAudit"] = (Scope.AUDIT_READ, self._list_audit)
        methods: Methods = {
            name: self.edge.unary(name, scope, body) for name, (scope, body) in bodies.items()
        }
        for name, (scope, stream) in lists.streams().items():
            methods[name] = self.edge.stream_unary(name, scope, stream)
        return methods

    async def _list_audit(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.ListAuditRequest, payload)
        wanted = AuditFilter(
            after_number=request.after_number,
            limit=limit_of(request.limit, ROWS_DEFAULT, ROWS_MAX),
            actor_id=request.actor_id,
            action=request.action,
            subject=request.subject,
        )
        rows = await self.changes.run(lambda: self.trail.rows(wanted))
        response = admin_pb2.ListAuditResponse(rows=[row_message(one) for one in rows])
        return response.SerializeToString()
