"""List entries in ``governance.sqlite3``: changes, their approval, and the book made of them.

Entries come in as one change, staged beside the tables and copied in one transaction: a million
of them are there at once, or none. An entry that is in force just so is counted and not repeated.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from risk_service.adapters.sqlite.connection import transaction, unavailable
from risk_service.adapters.sqlite.governance import GovernanceFile, as_json, second_person
from risk_service.adapters.sqlite.governance_schema import ENTRY_STATE
from risk_service.adapters.sqlite.list_stage import Stage
from risk_service.domain.errors import Conflict, NotFound
from risk_service.domain.governed import Change, ChangeState, ListDraft
from risk_service.domain.listed import ListKind
from risk_service.domain.refusals import refusal
from risk_service.rules.lists.book import EMPTY_VERSION

_CHANGE = (
    "SELECT number, kind, subject, state, author, reason, entries, created_us, repeated, approver, "
    "decided_us, closed_by FROM changes"
)
DIGEST_SHOWN = 12


class SqliteLists:
    """Lists, entries and changes of one file, with a row of the trail for every change."""

    def __init__(self, file: GovernanceFile) -> None:
        self._file = file

    def stage(self) -> Stage:
        """Return a place for the entries of one change; close it whatever happens."""
        return Stage(self._file.db)

    def kind_of(self, list_id: str) -> ListKind | None:
        """Return the kind of a list, or None when there is none of that name."""
        with unavailable("governance"):
            return self._kind_of(list_id)

    def add(self, draft: ListDraft, list_kind: ListKind, stage: Stage) -> Change:
        """Keep the staged entries as one change.

        Raises
        ------
        Conflict
            The list is of another kind.
        """
        now_us = self._file.now_us()
        with unavailable("governance"), transaction(self._file.db):
            self._make_list(draft, list_kind, now_us)
            number = self._next_number()
            fresh = stage.write(number)
            self._keep(number, draft, fresh, stage.count - fresh, stage.digest)
            return self._noted(number, draft.author, draft.kind.value)

    def remove(self, draft: ListDraft, entries: Sequence[int]) -> Change:
        """Take entries out, or propose that.

        Raises
        ------
        Conflict
            One of them is not in force.
        """
        db = self._file.db
        with unavailable("governance"), transaction(db):
            digest = sha256()
            for number in entries:
                row = db.execute(
                    f"SELECT {ENTRY_STATE} FROM list_entries JOIN list_terms USING (terms_no) "  # noqa: S608 - own names
                    "JOIN changes ON number = added_by WHERE entry_no = ? AND list_id = ?",
                    (number, draft.list_id),
                ).fetchone()
                if row is None or row[0] != "live":
                    entry = f"le_{number}"
                    raise Conflict(refusal("not_in_force", entry=entry, list=draft.list_id))
                digest.update(number.to_bytes(8, "big"))
            change = self._next_number()
            self._keep(change, draft, len(entries), 0, digest.digest())
            db.executemany(
                "INSERT OR IGNORE INTO list_removals VALUES (?, ?)",
                [(change, number) for number in entries],
            )
            if not draft.needs_approval:
                self._apply_removal(change)
            return self._noted(change, draft.author, draft.kind.value)

    def approve(self, number: int, approver: str) -> Change:
        """Apply a proposed change.

        Raises
        ------
        NotFound, Conflict, Forbidden
            There is none, it is not proposed, or the approver is its author.
        """
        with unavailable("governance"), second_person(), transaction(self._file.db):
            self._proposed(number)
            self._file.db.execute(
                "UPDATE changes SET state = 'applied', approver = ?, decided_us = ? "
                "WHERE number = ?",
                (approver, self._file.now_us(), number),
            )
            self._apply_removal(number)
            return self._noted(number, approver, "change.approve")

    def reject(self, number: int, actor_id: str, note: str) -> Change:
        """Close a proposed change; its author may do that as well.

        Raises
        ------
        NotFound, Conflict
            There is none, or it is not proposed.
        """
        with unavailable("governance"), transaction(self._file.db):
            self._proposed(number)
            self._file.db.execute(
                "UPDATE changes SET state = 'rejected', closed_by = ?, decided_us = ? "
                "WHERE number = ?",
                (actor_id, self._file.now_us(), number),
            )
            return self._noted(number, actor_id, "change.reject", note=note)

    def change(self, number: int) -> Change:
        """Return one change.

        Raises
        ------
        NotFound
            There is none of that number.
        """
        with unavailable("governance"):
            return self._change(number)

    def changes(self, state: ChangeState | None, limit: int) -> list[Change]:
        """Return the newest changes, the newest first."""
        where, values = ("WHERE state = ?", [state.value]) if state else ("", [])
        with unavailable("governance"):
            rows = self._file.db.execute(
                f"{_CHANGE} {where} ORDER BY number DESC LIMIT ?", (*values, limit)
            ).fetchall()
        return [_change(row) for row in rows]

    def sequence(self) -> tuple[int, str]:
        """Return how many changes are in force, and the name of that state."""
        with unavailable("governance"):
            sequence, digest = self._version()
        name = f"lists-{sequence}-{digest.hex()[:DIGEST_SHOWN]}"
        return sequence, name if sequence else EMPTY_VERSION

    def _version(self) -> tuple[int, bytes]:
        row = self._file.db.execute("SELECT sequence, digest FROM lists_version").fetchone()
        return row[0], row[1]

    def _kind_of(self, list_id: str) -> ListKind | None:
        sql = "SELECT kind FROM lists WHERE list_id = ?"
        row = self._file.db.execute(sql, (list_id,)).fetchone()
        return ListKind(row[0]) if row else None

    def _make_list(self, draft: ListDraft, list_kind: ListKind, now_us: int) -> None:
        there = self._kind_of(draft.list_id)
        if there is None:
            self._file.db.execute(
                "INSERT INTO lists VALUES (?, ?, ?, ?)",
                (draft.list_id, list_kind.value, draft.author, now_us),
            )
        elif there is not list_kind:
            raise Conflict(refusal("other_kind", list=draft.list_id, there=there, asked=list_kind))

    def _next_number(self) -> int:
        sql = "SELECT seq FROM sqlite_sequence WHERE name = 'changes'"
        row = self._file.db.execute(sql).fetchone()
        return int(row[0]) + 1 if row else 1

    def _keep(
        self, number: int, draft: ListDraft, entries: int, repeated: int, digest: bytes
    ) -> None:
        state = ChangeState.PROPOSED if draft.needs_approval else ChangeState.APPLIED
        self._file.db.execute(
            "INSERT INTO changes (number, kind, subject, state, author, reason, entries, repeated, "
            "digest, created_us, needs_approval) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, draft.kind.value, draft.list_id, state.value, draft.author, draft.reason,
                entries, repeated, digest, self._file.now_us(), int(draft.needs_approval),
            ),
        )  # fmt: skip

    def _apply_removal(self, number: int) -> None:
        self._file.db.execute(
            "UPDATE list_entries SET removed_by = ? WHERE removed_by IS NULL AND entry_no IN "
            "(SELECT entry_no FROM list_removals WHERE change_no = ?)",
            (number, number),
        )

    def _noted(self, number: int, actor_id: str, action: str, **more: object) -> Change:
        """Write the row of the trail, and move the version on when the change is in force."""
        change = self._change(number)
        before = self._version()
        if change.state is ChangeState.APPLIED:
            self._move_on(number, before)
        after = self._version()
        self._file.audit(
            actor_id, action, f"lists/{change.subject}",
            as_json(sequence=before[0], digest=before[1].hex()),
            as_json(
                sequence=after[0], digest=after[1].hex(), change=number, kind=change.kind.value,
                state=change.state.value, entries=change.entries, reason=change.reason, **more,
            ),
        )  # fmt: skip
        return change

    def _move_on(self, number: int, before: tuple[int, bytes]) -> None:
        """Chain the digest of the change to that of everything before it."""
        row = self._file.db.execute(
            "SELECT kind, subject, digest FROM changes WHERE number = ?", (number,)
        ).fetchone()
        kind = self._kind_of(row[1])
        words = json.dumps([number, row[0], row[1], kind]).encode()
        digest = sha256(before[1] + words + row[2]).digest()
        self._file.db.execute(
            "UPDATE lists_version SET sequence = ?, digest = ?", (before[0] + 1, digest)
        )

    def _proposed(self, number: int) -> Change:
        change = self._change(number)
        if change.state is not ChangeState.PROPOSED:
            raise Conflict(refusal("change_state", number=number, state=change.state))
        return change

    def _change(self, number: int) -> Change:
        row = self._file.db.execute(f"{_CHANGE} WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(refusal("no_change", number=number))
        return _change(row)


def _change(row: Sequence[Any]) -> Change:
    values = ["" if value is None else value for value in row]
    return msgspec.convert(dict(zip(Change.__struct_fields__, values, strict=True)), Change)
