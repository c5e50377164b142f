"""Changes of counters by hand in ``governance.sqlite3``: proposed, approved, then in the ledger.

The ledger is another file, so an approval is durable here before the counter changes there, and
what came of it is written here after. The ledger knows an adjustment by its id.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from risk_service.adapters.sqlite.connection import transaction, unavailable
from risk_service.adapters.sqlite.governance import GovernanceFile, as_json, second_person
from risk_service.domain.errors import Conflict, NotFound, RequestIdReused
from risk_service.domain.governed import Adjustment, AdjustmentState
from risk_service.domain.refusals import refusal
from risk_service.domain.reservation import Adjust

_COLUMNS = ", ".join(Adjustment.__struct_fields__)
_CONTENT = ("policy_id", "subject", "token", "scope", "delta", "reason")


class SqliteAdjustments:
    """Implements ``governance.stores.AdjustmentStore``, with a row of the trail for each change."""

    def __init__(self, file: GovernanceFile) -> None:
        self._file = file

    def propose(self, call: Adjust, confirmed: int, measure: str, currency_code: str) -> Adjustment:
        """Keep a change for a second person; what is there just so is returned as it stands.

        Raises
        ------
        RequestIdReused
            The adjustment id was used for another change.
        """
        db = self._file.db
        with unavailable("governance"), transaction(db):
            sql = "SELECT number FROM adjustments WHERE adjustment_id = ?"
            row = db.execute(sql, (call.adjustment_id,)).fetchone()
            if row is not None:
                known = self._one(row[0])
                if known.call != call:
                    raise RequestIdReused(refusal("adjustment_reused"))
                return known
            cursor = db.execute(
                "INSERT INTO adjustments (adjustment_id, policy_id, subject, token, scope, delta, "
                "reason, author, state, created_us, measure, currency_code) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'proposed', ?, ?, ?)",
                (
                    call.adjustment_id, call.policy_id, call.subject, call.token, call.scope,
                    call.delta, call.reason, call.actor_id, self._file.now_us(), measure,
                    currency_code,
                ),
            )  # fmt: skip
            number = int(cursor.lastrowid or 0)
            before = as_json(confirmed=confirmed, **_money(currency_code))
            return self._noted(number, call.actor_id, "limits.adjust", before)

    def approve(self, number: int, approver: str) -> Adjustment:
        """Let a proposed change go on to the ledger; one that is approved is returned as it is.

        Raises
        ------
        NotFound, Conflict, Forbidden
            There is none, it is closed, or the approver is its author.
        """
        with unavailable("governance"), second_person(), transaction(self._file.db):
            one = self._one(number)
            if one.state is AdjustmentState.APPROVED:
                return one
            self._require_proposed(one)
            self._file.db.execute(
                "UPDATE adjustments SET state = 'approved', approver = ?, decided_us = ? "
                "WHERE number = ?",
                (approver, self._file.now_us(), number),
            )
            return self._noted(number, approver, "adjustment.approve", _state(one))

    def reject(self, number: int, actor_id: str, note: str) -> Adjustment:
        """Close a proposed change; its author may do that as well.

        Raises
        ------
        NotFound, Conflict
            There is none, or it is not proposed.
        """
        with unavailable("governance"), transaction(self._file.db):
            one = self._one(number)
            self._require_proposed(one)
            self._file.db.execute(
                "UPDATE adjustments SET state = 'rejected', closed_by = ?, decided_us = ?, "
                "note = ? WHERE number = ?",
                (actor_id, self._file.now_us(), note, number),
            )
            return self._noted(number, actor_id, "adjustment.reject", _state(one))

    def applied(self, number: int, actor_id: str, confirmed: tuple[int, int]) -> Adjustment:
        """Write that the ledger has an approved change, and what was confirmed before and after."""
        before, after = confirmed
        return self._settled(
            (number, actor_id, "adjustment.apply"),
            AdjustmentState.APPLIED,
            confirmed=(before, after),
        )

    def failed(self, number: int, actor_id: str, note: str) -> Adjustment:
        """Write that the ledger has refused an approved change."""
        return self._settled(
            (number, actor_id, "adjustment.fail"),
            AdjustmentState.FAILED,
            note=note,
        )

    def adjustment(self, number: int) -> Adjustment:
        """Return one change.

        Raises
        ------
        NotFound
            There is none of that number.
        """
        with unavailable("governance"):
            return self._one(number)

    def adjustments(self, state: AdjustmentState | None, limit: int) -> list[Adjustment]:
        """Return the newest changes, the newest first."""
        where, values = ("WHERE state = ?", [state.value]) if state else ("", [])
        with unavailable("governance"):
            rows = self._file.db.execute(
                f"SELECT {_COLUMNS} FROM adjustments {where} ORDER BY number DESC LIMIT ?",  # noqa: S608 - own names
                (*values, limit),
            ).fetchall()
        return [_adjustment(row) for row in rows]

    def _settled(
        self,
        who: tuple[int, str, str],
        state: AdjustmentState,
        *,
        note: str | None = None,
        confirmed: tuple[int, int] | None = None,
    ) -> Adjustment:
        """Write what came of an approved change, once."""
        number, actor_id, action = who
        with unavailable("governance"), transaction(self._file.db):
            one = self._one(number)
            if one.state is not AdjustmentState.APPROVED:
                return one  # two approvers at once: the first has told
            before, after = _state(one), dict[str, int]()
            if confirmed is not None:
                before = as_json(confirmed=confirmed[0], **_money(one.currency_code))
                after = {"confirmed": confirmed[1]}
            self._file.db.execute(
                "UPDATE adjustments SET state = ?, note = ? WHERE number = ?",
                (state.value, note, number),
            )
            return self._noted(number, actor_id, action, before, **after)

    def _noted(
        self, number: int, actor_id: str, action: str, before: str, **more: object
    ) -> Adjustment:
        one = self._one(number)
        content = {name: getattr(one, name) for name in _CONTENT}
        after = as_json(
            number=number, adjustment_id=one.adjustment_id, state=one.state.value, note=one.note,
            **content, **more, **_money(one.currency_code),
        )  # fmt: skip
        self._file.audit(actor_id, action, f"limits/{one.policy_id}", before, after)
        return one

    def _require_proposed(self, one: Adjustment) -> None:
        if one.state is not AdjustmentState.PROPOSED:
            raise Conflict(refusal("adjustment_state", number=one.number, state=one.state))

    def _one(self, number: int) -> Adjustment:
        sql = f"SELECT {_COLUMNS} FROM adjustments WHERE number = ?"  # noqa: S608 - own names
        row = self._file.db.execute(sql, (number,)).fetchone()
        if row is None:
            raise NotFound(refusal("no_adjustment", number=number))
        return _adjustment(row)


def _money(currency_code: str) -> dict[str, str]:
    """Return what says that the numbers beside it are in the smallest unit of a currency."""
    return {"minor_units_of": currency_code} if currency_code else {}


def adjustments_about(db: sqlite3.Connection, tokens: Sequence[str]) -> Iterator[Adjustment]:
    """Yield the changes of counters whose owner has one of these tokens, by their numbers.

    Those of a file that an older service made have what was kept then.
    """
    with unavailable("governance"):
        there = [row[1] for row in db.execute("PRAGMA table_info(adjustments)")]
        if not there or not tokens:
            return
        names = [name for name in Adjustment.__struct_fields__ if name in there]
        held = " OR ".join("instr(token, ?) > 0" for _ in tokens)
        sql = f"SELECT {', '.join(names)} FROM adjustments WHERE {held} ORDER BY number"  # noqa: S608 - own names
        rows = db.execute(sql, tokens).fetchall()
    for row in rows:
        yield _adjustment(row, names)


def _state(one: Adjustment) -> str:
    return as_json(state=one.state.value)


def _adjustment(
    row: Sequence[Any], names: Sequence[str] = Adjustment.__struct_fields__
) -> Adjustment:
    values = ["" if value is None else value for value in row]
    return msgspec.convert(dict(zip(names, values, strict=True)), Adjustment)
