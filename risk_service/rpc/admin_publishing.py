"""The calls about publications: publish, approve, reject, roll back, look."""

from dataclasses import dataclass

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.governed import Publication, PublishedKind, Sources
from risk_service.governance.closing import check_closing
from risk_service.limits.book import LimitBook
from risk_service.pb.risk.v1 import admin_pb2
from risk_service.rpc.changes import Changes
from risk_service.rpc.convert_admin import (
    evidence_of,
    files_of,
    limit_of,
    publication_message,
    published_kind,
    sources_of,
)
from risk_service.rpc.desk import decoded
from risk_service.rpc.edge import Body

PUBLICATIONS_DEFAULT, PUBLICATIONS_MAX = 50, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingCalls:
    """Bodies of the calls about publications."""

    changes: Changes

    def bodies(self) -> dict[str, tuple[Scope, Body]]:
        """Return each call with the scope that it needs."""
        return {
            "PublishRules": (Scope.RULES_WRITE, self._publish_rules),
            "PublishLimits": (Scope.LIMITS_WRITE, self._publish_limits),
            "ApprovePublication": (Scope.APPROVE, self._approve),
            "RejectPublication": (Scope.GOVERNANCE_READ, self._reject),
            "RollbackRules": (Scope.RULES_WRITE, self._rollback_rules),
            "RollbackLimits": (Scope.LIMITS_WRITE, self._rollback_limits),
            "ListPublications": (Scope.GOVERNANCE_READ, self._list),
            "GetPublication": (Scope.GOVERNANCE_READ, self._get),
            "GetInForce": (Scope.GOVERNANCE_READ, self._in_force),
        }

    async def _publish_rules(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.PublishRulesRequest, payload)
        sources = sources_of(request.files)
        evidence = evidence_of(request)
        publish = self.changes.governance.publishing.publish
        done = await self.changes.run(
            lambda: publish(PublishedKind.RULES, sources, actor.actor_id, request.note, evidence)
        )
        response = admin_pb2.PublishRulesResponse(publication=publication_message(done))
        return response.SerializeToString()

    async def _publish_limits(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.PublishLimitsRequest, payload)
        sources = sources_of([request.file] if request.HasField("file") else [])
        publish = self.changes.governance.publishing.publish
        done = await self.changes.run(
            lambda: publish(PublishedKind.LIMITS, sources, actor.actor_id, request.note)
        )
        remarks = await self.changes.run(lambda: self._remarks(sources))
        response = admin_pb2.PublishLimitsResponse(
            publication=publication_message(done), remarks=remarks
        )
        return response.SerializeToString()

    def _remarks(self, sources: Sources) -> list[str]:
        loaded = self.changes.governance.publishing.loaded(PublishedKind.LIMITS, sources)
        if not isinstance(loaded, LimitBook):
            return []
        return [overlap.words(language) for overlap in loaded.overlaps() for language in LANGUAGES]

    async def _approve(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.ApprovePublicationRequest, payload)
        kind = published_kind(request.kind)
        done = await self.changes.run(
            lambda: self.changes.governance.approve(kind, request.number, request.version, actor)
        )
        response = admin_pb2.ApprovePublicationResponse(publication=publication_message(done))
        return response.SerializeToString()

    async def _reject(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.RejectPublicationRequest, payload)
        kind = published_kind(request.kind)
        done = await self.changes.run(
            lambda: self._rejected(kind, request.number, actor, request.note)
        )
        response = admin_pb2.RejectPublicationResponse(publication=publication_message(done))
        return response.SerializeToString()

    def _rejected(self, kind: PublishedKind, number: int, actor: Actor, note: str) -> Publication:
        store = self.changes.governance.publishing.store
        check_closing(actor, store.publication(kind, number).author, note)
        return store.reject(kind, number, actor.actor_id, note)

    async def _rollback_rules(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.RollbackRulesRequest, payload)
        done = await self._rolled_back(PublishedKind.RULES, request.number, actor, request.note)
        response = admin_pb2.RollbackRulesResponse(publication=publication_message(done))
        return response.SerializeToString()

    async def _rollback_limits(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.RollbackLimitsRequest, payload)
        done = await self._rolled_back(PublishedKind.LIMITS, request.number, actor, request.note)
        response = admin_pb2.RollbackLimitsResponse(publication=publication_message(done))
        return response.SerializeToString()

    async def _rolled_back(
        self, kind: PublishedKind, number: int, actor: Actor, note: str
    ) -> Publication:
        return await self.changes.run(
            lambda: self.changes.governance.rollback(kind, number, actor, note)
        )

    async def _list(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.ListPublicationsRequest, payload)
        kind = published_kind(request.kind)
        limit = limit_of(request.limit, PUBLICATIONS_DEFAULT, PUBLICATIONS_MAX)
        store = self.changes.governance.publishing.store
        found = await self.changes.run(lambda: store.publications(kind, limit))
        response = admin_pb2.ListPublicationsResponse(
            publications=[publication_message(one) for one in found]
        )
        return response.SerializeToString()

    async def _get(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.GetPublicationRequest, payload)
        kind = published_kind(request.kind)
        found, sources = await self.changes.run(lambda: self._one(kind, request.number))
        response = admin_pb2.GetPublicationResponse(
            publication=publication_message(found), files=files_of(sources)
        )
        return response.SerializeToString()

    def _one(self, kind: PublishedKind, number: int) -> tuple[Publication, Sources]:
        store = self.changes.governance.publishing.store
        active = store.active(kind) if not number else None
        found = active or store.publication(kind, number)
        return found, store.sources(found.number)

    async def _in_force(self, _payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        now = self.changes.governance.governing.now
        response = admin_pb2.GetInForceResponse(
            rules=now.rules.version, limits=now.limits.version, lists=now.lists.version
        )
        return response.SerializeToString()


LANGUAGES = ("zh", "en")
