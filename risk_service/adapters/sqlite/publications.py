"""Published versions of rules and limit policies in ``governance.sqlite3``.

A version is its sources, which never change. One per kind is in force; it was approved by
somebody else than its author, and it stays known when another takes its place.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from risk_service.adapters.sqlite.connection import marks, transaction, unavailable
from risk_service.adapters.sqlite.governance import GovernanceFile, as_json, second_person
from risk_service.domain.actor import OPERATOR, SHIPPED
from risk_service.domain.errors import Conflict, NotFound
from risk_service.domain.governed import (
    NO_EVIDENCE,
    Evidence,
    Publication,
    PublicationState,
    PublishedKind,
    Sources,
    VersionDraft,
)
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText
from risk_service.governance.backtests import signer_of

_PUBLICATION = (
    "SELECT number, kind, version, state, author, note, created_us, based_on, approver, "
    "decided_us, closed_by, evidence FROM publications"
)
# What puts a version in force, as the trail has it.
_IN_FORCE = ("start", "approve", "rollback")
NO_VERSION = LocalizedText(zh="无", en="none")


class SqlitePublications:
    """Publications of one file, with a row of the trail for every change."""

    def __init__(self, file: GovernanceFile) -> None:
        self._file = file

    def seed(self, kind: PublishedKind, version: str, sources: Sources) -> None:
        """Put the operator's own sources in force as long as nobody has published others."""
        with unavailable("governance"), transaction(self._file.db):
            active = self._active(kind)
            if active is not None and (active.author != SHIPPED or active.version == version):
                return
            number = self._propose(
                VersionDraft(
                    kind=kind,
                    version=version,
                    sources=sources,
                    author=SHIPPED,
                    note="given at the start",
                )
            )
            self._activate(kind, number, active, OPERATOR)
            self._note(OPERATOR, f"{kind}.start", f"{kind}/{number}", active, version)

    def propose(self, draft: VersionDraft) -> Publication:
        """Keep a version for a second person to approve.

        Raises
        ------
        Conflict
            It is in force already, or proposed.
        """
        kind, version = draft.kind, draft.version
        with unavailable("governance"), transaction(self._file.db):
            for state, code in (("active", "published"), ("proposed", "proposed")):
                row = self._file.db.execute(
                    "SELECT number FROM publications WHERE kind = ? AND version = ? AND state = ?",
                    (kind, version, state),
                ).fetchone()
                if row:
                    raise Conflict(refusal(code, version=version, kind=kind, number=row[0]))
            number = self._propose(draft)
            active = self._active(kind)
            more = {"note": draft.note} | _told(draft.evidence)
            more |= {"missing": draft.missing} if draft.missing else {}
            self._note(draft.author, f"{kind}.publish", f"{kind}/{number}", active, version, **more)
            return self._publication(kind, number)

    def approve(self, kind: PublishedKind, number: int, version: str, approver: str) -> Publication:
        """Put a proposed version in force.

        Raises
        ------
        NotFound, Conflict, Forbidden
            There is none, it is not proposed or rests on what is no more in force, or the
            approver is its author.
        """
        with unavailable("governance"), second_person(), transaction(self._file.db):
            one = self._publication(kind, number)
            active, about = self._active(kind), {"kind": kind, "number": number}
            if one.state is not PublicationState.PROPOSED:
                raise Conflict(refusal("publication_state", **about, state=one.state))
            if one.version != version:
                words = refusal("publication_version", **about, found=one.version, version=version)
                raise Conflict(words)
            if one.based_on != (active.number if active else 0):
                now = active.number if active else NO_VERSION
                words = refusal("publication_outdated", **about, before=one.based_on, now=now)
                raise Conflict(words)
            self._activate(kind, number, active, approver)
            more = _told(one.evidence)
            self._note(approver, f"{kind}.approve", f"{kind}/{number}", active, version, **more)
            return self._publication(kind, number)

    def reject(self, kind: PublishedKind, number: int, actor_id: str, note: str) -> Publication:
        """Close a proposal; its author may do that as well.

        Raises
        ------
        NotFound, Conflict
            There is none, or it is not proposed.
        """
        with unavailable("governance"), transaction(self._file.db):
            one = self._publication(kind, number)
            if one.state is not PublicationState.PROPOSED:
                raise Conflict(
                    refusal("publication_state", kind=kind, number=number, state=one.state)
                )
            self._file.db.execute(
                "UPDATE publications SET state = 'rejected', closed_by = ?, decided_us = ? "
                "WHERE number = ?",
                (actor_id, self._file.now_us(), number),
            )
            self._file.audit(
                actor_id, f"{kind}.reject", f"{kind}/{number}",
                as_json(state="proposed", version=one.version),
                as_json(state="rejected", version=one.version, note=note),
            )  # fmt: skip
            return self._publication(kind, number)

    def rollback_target(self, kind: PublishedKind, number: int) -> Publication:
        """Return the version that a rollback to ``number`` (0: the one before) goes to.

        Raises
        ------
        NotFound, Conflict
            There is none, or it was never approved, or it is in force.
        """
        with unavailable("governance"):
            return self._target(kind, number)

    def rollback(self, kind: PublishedKind, number: int, actor_id: str, note: str) -> Publication:
        """Put a version in force again that was approved before."""
        with unavailable("governance"), transaction(self._file.db):
            target, active = self._target(kind, number), self._active(kind)
            self._activate(kind, target.number, active, None)
            self._note(
                actor_id, f"{kind}.rollback", f"{kind}/{target.number}", active, target.version,
                note=note,
            )  # fmt: skip
            return self._publication(kind, target.number)

    def active(self, kind: PublishedKind) -> Publication | None:
        """Return what is in force."""
        with unavailable("governance"):
            return self._active(kind)

    def publication(self, kind: PublishedKind, number: int) -> Publication:
        """Return one publication.

        Raises
        ------
        NotFound
            There is none of that number.
        """
        with unavailable("governance"):
            return self._publication(kind, number)

    def sources(self, number: int) -> Sources:
        """Return the sources of a publication."""
        with unavailable("governance"):
            row = self._file.db.execute(
                "SELECT sources FROM publications WHERE number = ?", (number,)
            ).fetchone()
        return msgspec.msgpack.decode(row[0], type=Sources)

    def publications(self, kind: PublishedKind, limit: int) -> list[Publication]:
        """Return the newest publications, the newest first."""
        sql = f"{_PUBLICATION} WHERE kind = ? ORDER BY number DESC LIMIT ?"
        with unavailable("governance"):
            return [_publication(row) for row in self._file.db.execute(sql, (kind, limit))]

    def history(self, kind: PublishedKind, limit: int) -> list[tuple[int, int]]:
        """Return when which number came into force, the newest first."""
        actions = [f"{kind}.{one}" for one in _IN_FORCE]
        with unavailable("governance"):
            rows = self._file.db.execute(
                "SELECT at_us, CAST(substr(subject, instr(subject, '/') + 1) AS INTEGER) "  # noqa: S608 - question marks only
                f"FROM audit WHERE action IN ({marks(actions)}) ORDER BY number DESC LIMIT ?",
                (*actions, limit),
            ).fetchall()
        return [(at_us, number) for at_us, number in rows]

    def _propose(self, draft: VersionDraft) -> int:
        active = self._active(draft.kind)
        evidence = b"" if draft.evidence == NO_EVIDENCE else msgspec.msgpack.encode(draft.evidence)
        cursor = self._file.db.execute(
            "INSERT INTO publications (kind, version, state, author, note, created_us, based_on, "
            "sources, evidence) VALUES (?, ?, 'proposed', ?, ?, ?, ?, ?, ?)",
            (
                draft.kind, draft.version, draft.author, draft.note, self._file.now_us(),
                active.number if active else 0, msgspec.msgpack.encode(draft.sources), evidence,
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _activate(
        self, kind: PublishedKind, number: int, active: Publication | None, approver: str | None
    ) -> None:
        if active is not None:
            sql = "UPDATE publications SET state = 'retired' WHERE number = ?"
            self._file.db.execute(sql, (active.number,))
        self._file.db.execute(
            "UPDATE publications SET state = 'active', approver = coalesce(?, approver), "
            "decided_us = ? WHERE number = ? AND kind = ?",
            (approver, self._file.now_us(), number, kind),
        )

    def _target(self, kind: PublishedKind, number: int) -> Publication:
        active = self._active(kind)
        if number:
            target = self._publication(kind, number)
            if target.state is not PublicationState.RETIRED:
                raise Conflict(
                    refusal("rollback_state", kind=kind, number=number, state=target.state)
                )
            return target
        # Not the number before: that may be a version that was taken back, and why it was.
        if active is None or not active.based_on:
            before = active.number if active else 0
            raise NotFound(refusal("nothing_before", kind=kind, number=before))
        return self._publication(kind, active.based_on)

    def _active(self, kind: PublishedKind) -> Publication | None:
        sql = f"{_PUBLICATION} WHERE kind = ? AND state = 'active'"
        row = self._file.db.execute(sql, (kind,)).fetchone()
        return _publication(row) if row else None

    def _publication(self, kind: PublishedKind, number: int) -> Publication:
        sql = f"{_PUBLICATION} WHERE kind = ? AND number = ?"
        row = self._file.db.execute(sql, (kind, number)).fetchone()
        if row is None:
            raise NotFound(refusal("no_publication", kind=kind, number=number))
        return _publication(row)

    def _note(
        self,
        actor_id: str,
        action: str,
        subject: str,
        active: Publication | None,
        version: str,
        **more: object,
    ) -> None:
        before = as_json(in_force=active.version if active else None)
        self._file.audit(actor_id, action, subject, before, as_json(version=version, **more))


def _told(evidence: Evidence) -> dict[str, object]:
    """Return what the trail says of evidence, nothing where there is none."""
    told: dict[str, object] = {}
    if evidence.backtests:
        told["backtests"] = {
            one.rule_id or one.expression: {
                "sha256": one.sha256,
                "data_sha256": one.data_sha256,
                "signed_by": signer_of(one.signature),
            }
            for one in evidence.backtests
        }
    if evidence.emergency:
        told["emergency"] = evidence.emergency
    return told


def _publication(row: Sequence[Any]) -> Publication:
    values = ["" if value is None else value for value in row[:-1]]
    names = Publication.__struct_fields__[:-1]
    found = msgspec.convert(dict(zip(names, values, strict=True)), Publication)
    if not row[-1]:
        return found
    evidence = msgspec.msgpack.decode(row[-1], type=Evidence)
    return msgspec.structs.replace(found, evidence=evidence)
