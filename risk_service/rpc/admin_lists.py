"""The calls about lists: add, import, remove, approve, look."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.errors import InvalidInput, TooLarge
from risk_service.domain.governed import Change, ChangeKind, ListedEntry
from risk_service.domain.refusals import refusal
from risk_service.governance.closing import check_closing
from risk_service.governance.listing import Intake, ListChange, RowFault
from risk_service.pb.risk.v1 import admin_pb2
from risk_service.rpc.changes import Changes
from risk_service.rpc.convert_admin import (
    STATES,
    change_message,
    entry_message,
    entry_number,
    error_messages,
    limit_of,
    list_kind,
    listed_of,
    raw_entries,
    summary_message,
)
from risk_service.rpc.desk import decoded
from risk_service.rpc.edge import Body, StreamBody

ENTRIES_PER_CALL_MAX = 500
REMOVED_PER_CALL_MAX = 10_000
IMPORT_ENTRIES_MAX = 5_000_000
# One slice takes some milliseconds of the interpreter; orders are decided between two.
SLICE_ENTRIES = 100
LISTED_DEFAULT, LISTED_MAX = 100, 1000
CHANGES_DEFAULT, CHANGES_MAX = 50, 500
SHOWN_OF_CHANGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCalls:
    """Bodies of the calls about lists."""

    changes: Changes

    def bodies(self) -> dict[str, tuple[Scope, Body]]:
        """Return each call with the scope that it needs."""
        return {
            "AddListEntries": (Scope.LISTS_WRITE, self._add),
            "RemoveListEntries": (Scope.LISTS_WRITE, self._remove),
            "ApproveChange": (Scope.APPROVE, self._approve),
            "RejectChange": (Scope.GOVERNANCE_READ, self._reject),
            "ListChanges": (Scope.GOVERNANCE_READ, self._list_changes),
            "GetChange": (Scope.GOVERNANCE_READ, self._get_change),
            "ListLists": (Scope.GOVERNANCE_READ, self._list_lists),
            "ListEntries": (Scope.GOVERNANCE_READ, self._list_entries),
            "FindEntries": (Scope.GOVERNANCE_READ, self._find),
        }

    def streams(self) -> dict[str, tuple[Scope, StreamBody]]:
        """Return the calls that take a stream."""
        return {"ImportListEntries": (Scope.LISTS_WRITE, self._import)}

    async def _add(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.AddListEntriesRequest, payload)
        if len(request.entries) > ENTRIES_PER_CALL_MAX:
            raise TooLarge.at("entries", refusal("one_call", most=ENTRIES_PER_CALL_MAX))
        entries, faults = raw_entries(request.entries, 1)
        if faults:
            raise InvalidInput(tuple(one.violation for one in faults))
        change = ListChange(
            list_id=request.list_id,
            kind=list_kind(request.kind),
            author=actor.actor_id,
            reason=request.note,
        )
        governance = self.changes.governance
        done = await self.changes.run(
            lambda: governance.took(governance.listing.add(change, entries))
        )
        return admin_pb2.AddListEntriesResponse(change=change_message(done)).SerializeToString()

    async def _import(
        self, messages: AsyncIterator[bytes], _remaining_s: float, actor: Actor
    ) -> bytes:
        first = decoded(admin_pb2.ImportListEntriesRequest, await _first(messages))
        change = ListChange(
            list_id=first.list_id,
            kind=list_kind(first.kind),
            author=actor.actor_id,
            reason=first.note,
        )
        begin = self.changes.governance.listing.begin
        intake = await self.changes.run(lambda: begin(change))
        try:
            unread = await self._take(intake, first, messages)
            response = await self.changes.run(lambda: self._imported(intake, unread))
        finally:
            # Not awaited: a caller who is gone leaves nobody to wait.
            self.changes.thread.submit(intake.close)
        return response.SerializeToString()

    async def _take(
        self, intake: Intake, first: Any, messages: AsyncIterator[bytes]
    ) -> list[RowFault]:
        """Put every entry of a stream into the intake; return those that are none."""
        unread: list[RowFault] = []
        count = await self._put(intake, first.entries, 0, unread)
        async for payload in messages:
            request = decoded(admin_pb2.ImportListEntriesRequest, payload)
            if request.list_id or request.kind or request.note:
                words = "may stand in the first message only, with kind and note"
                raise InvalidInput.at("list_id", words)
            count = await self._put(intake, request.entries, count, unread)
        return unread

    async def _put(
        self, intake: Intake, messages: Sequence[Any], count: int, unread: list[RowFault]
    ) -> int:
        if count + len(messages) > IMPORT_ENTRIES_MAX:
            raise TooLarge.at("entries", refusal("one_import", most=IMPORT_ENTRIES_MAX))
        for start in range(0, len(messages), SLICE_ENTRIES):
            entries, faults = raw_entries(
                messages[start : start + SLICE_ENTRIES], count + start + 1
            )
            unread += faults
            await self.changes.run(lambda taken=entries: intake.put(taken))  # type: ignore[misc]  # bound now
        return count + len(messages)

    def _imported(
        self, intake: Intake, unread: list[RowFault]
    ) -> admin_pb2.ImportListEntriesResponse:
        faults = sorted([*unread, *intake.faults], key=lambda fault: fault.row)
        if faults:
            return admin_pb2.ImportListEntriesResponse(
                errors=error_messages(faults[:SHOWN_OF_CHANGE]),
                error_count=intake.fault_count + len(unread),
            )
        done = self.changes.governance.kept(intake, ChangeKind.LIST_IMPORT)
        return admin_pb2.ImportListEntriesResponse(change=change_message(done))

    async def _remove(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.RemoveListEntriesRequest, payload)
        if len(request.entry_ids) > REMOVED_PER_CALL_MAX:
            raise TooLarge.at("entry_ids", refusal("one_removal", most=REMOVED_PER_CALL_MAX))
        numbers = [
            entry_number(text, f"entry_ids[{place}]")
            for place, text in enumerate(request.entry_ids)
        ]
        change = ListChange(
            list_id=request.list_id, kind=None, author=actor.actor_id, reason=request.note
        )
        governance = self.changes.governance
        done = await self.changes.run(
            lambda: governance.took(governance.listing.remove(change, numbers))
        )
        return admin_pb2.RemoveListEntriesResponse(change=change_message(done)).SerializeToString()

    async def _approve(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.ApproveChangeRequest, payload)
        governance = self.changes.governance
        done = await self.changes.run(lambda: governance.approve_change(request.number, actor))
        return admin_pb2.ApproveChangeResponse(change=change_message(done)).SerializeToString()

    async def _reject(self, payload: bytes, _remaining_s: float, actor: Actor) -> bytes:
        request = decoded(admin_pb2.RejectChangeRequest, payload)
        done = await self.changes.run(lambda: self._rejected(request.number, actor, request.note))
        return admin_pb2.RejectChangeResponse(change=change_message(done)).SerializeToString()

    def _rejected(self, number: int, actor: Actor, note: str) -> Change:
        store = self.changes.governance.listing.store
        check_closing(actor, store.change(number).author, note)
        return store.reject(number, actor.actor_id, note)

    async def _list_changes(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.ListChangesRequest, payload)
        limit = limit_of(request.limit, CHANGES_DEFAULT, CHANGES_MAX)
        store = self.changes.governance.listing.store
        found = await self.changes.run(lambda: store.changes(STATES.get(request.state), limit))
        response = admin_pb2.ListChangesResponse(changes=[change_message(one) for one in found])
        return response.SerializeToString()

    async def _get_change(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.GetChangeRequest, payload)
        listing = self.changes.governance.listing

        def read() -> tuple[Change, list[ListedEntry]]:
            change = listing.store.change(request.number)
            return change, listing.source.of_change(change.number, SHOWN_OF_CHANGE)

        change, entries = await self.changes.run(read)
        response = admin_pb2.GetChangeResponse(
            change=change_message(change), entries=[entry_message(one) for one in entries]
        )
        return response.SerializeToString()

    async def _list_lists(self, _payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        source = self.changes.governance.listing.source
        found = await self.changes.run(source.summaries)
        response = admin_pb2.ListListsResponse(
            lists=[summary_message(one) for one in found],
            version=self.changes.governance.governing.now.lists.version,
        )
        return response.SerializeToString()

    async def _list_entries(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.ListEntriesRequest, payload)
        limit = limit_of(request.limit, LISTED_DEFAULT, LISTED_MAX)
        after = request.after_entry_id
        behind = entry_number(after, "after_entry_id") if after else 0
        source = self.changes.governance.listing.source
        found = await self.changes.run(
            lambda: source.entries(request.list_id, behind, limit, every=request.every_state)
        )
        response = admin_pb2.ListEntriesResponse(entries=[entry_message(one) for one in found])
        return response.SerializeToString()

    async def _find(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        request = decoded(admin_pb2.FindEntriesRequest, payload)
        listed = listed_of(request.listed)
        listing = self.changes.governance.listing
        text, _ = listing.key_of(listed)
        found = await self.changes.run(lambda: listing.source.find(listed.entity, text))
        response = admin_pb2.FindEntriesResponse(entries=[entry_message(one) for one in found])
        return response.SerializeToString()


async def _first(messages: AsyncIterator[bytes]) -> bytes:
    async for payload in messages:
        return payload
    raise InvalidInput.at("entries", "the stream holds no message")
