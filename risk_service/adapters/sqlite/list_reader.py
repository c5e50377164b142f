"""Reads lists out of ``governance.sqlite3``: the book in force, and what people ask for."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from risk_service.adapters.sqlite.connection import unavailable
from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.governance_read import ReadGovernance
from risk_service.adapters.sqlite.governance_schema import (
    CODE_OF,
    ENTITY_CODES,
    ENTRY_STATE,
    RECIPIENT_BITS,
)
from risk_service.domain.governed import ListedEntry, ListSummary, ListTerms
from risk_service.domain.listed import PLAIN_KINDS, EntityKind, ListKind, ListNeeds
from risk_service.domain.vocabulary import PromotionType
from risk_service.identity.listing import shown_network
from risk_service.rules.lists.book import ListBook
from risk_service.rules.lists.entry import Entry, Terms, key_bytes
from risk_service.rules.lists.table import Table

_CHUNK_ROWS = 50_000
_LISTED = (
    "SELECT entry_no, lists.kind, entity, key, shown, bits, list_terms.list_id, reason, "
    f"promotion_types, campaigns, source, expires_us, author, changes.created_us, {ENTRY_STATE} "
)
_JOINED = (
    "JOIN list_terms USING (terms_no) JOIN lists USING (list_id) "
    "JOIN (SELECT number, author, created_us, state FROM changes) AS changes ON number = added_by"
)
_FROM = f"FROM list_entries {_JOINED}"
# In the order of the numbers, as they lie: a page ends as soon as it is full.
_SCAN = f"FROM list_entries NOT INDEXED {_JOINED}"
_EXPIRED = (
    f"SELECT list_terms.list_id, count(*) {_SCAN} WHERE removed_by IS NULL "
    "AND state = 'applied' AND expires_us <> 0 AND expires_us <= ? GROUP BY list_terms.list_id"
)
_OPEN = "removed_by IS NULL AND state <> 'rejected'"


class ListReader:
    """Reads the lists of one file.

    Parameters
    ----------
    file
        Opened to be changed, or only to be read.
    now_us
        The time at which people look: what ended before it is told as expired.
    """

    def __init__(self, file: GovernanceFile | ReadGovernance, now_us: Callable[[], int]) -> None:
        self._file = file
        self._now_us = now_us

    def book(self, version: str, now_us: int) -> ListBook:
        """Return the entries in force that have not expired by now."""
        with unavailable("governance"):
            terms = self._terms()
            places = {number: place for place, number in enumerate(terms)}
            return ListBook(
                self._tables(places, now_us),
                list(terms.values()),
                version=version,
                needs=self._needs(),
            )

    def needs(self) -> ListNeeds:
        """Return what the entries in force need of orders."""
        with unavailable("governance"):
            return self._needs()

    def added_by(self, change: int) -> list[Entry]:
        """Return the entries of a change that is in force."""
        with unavailable("governance"):
            terms = self._terms()
            rows = self._file.db.execute(
                "SELECT entry_no, entity, key, terms_no, expires_us FROM list_entries "
                "WHERE added_by = ? AND removed_by IS NULL",
                (change,),
            ).fetchall()
        return [
            Entry(
                number=number, entity=ENTITY_CODES[code], key=key, terms=terms[terms_no],
                expires_at_us=expires_us,
            )
            for number, code, key, terms_no, expires_us in rows
        ]  # fmt: skip

    def removed_by(self, change: int) -> list[int]:
        """Return the numbers of the entries that a change takes out."""
        sql = "SELECT entry_no FROM list_removals WHERE change_no = ?"
        with unavailable("governance"):
            return [row[0] for row in self._file.db.execute(sql, (change,))]

    def summaries(self) -> list[ListSummary]:
        """Return every list with its counts."""
        with unavailable("governance"):
            rows = self._file.db.execute(
                # Two changes that waited may take out the same entry: it was there once.
                "SELECT list_id, kind, created_by, created_us, "
                "(SELECT coalesce(sum(entries), 0) FROM changes WHERE subject = list_id AND "
                "state = 'applied' AND kind <> 'list.remove') - "
                "(SELECT count(DISTINCT entry_no) FROM list_removals JOIN changes "
                "ON number = change_no WHERE subject = list_id AND state = 'applied'), "
                "(SELECT coalesce(sum(entries), 0) FROM changes WHERE subject = list_id AND "
                "state = 'proposed' AND kind <> 'list.remove') FROM lists ORDER BY list_id"
            ).fetchall()
            expired = dict(self._file.db.execute(_EXPIRED, (self._now_us(),)))
        return [
            ListSummary(
                list_id=list_id, kind=ListKind(kind), created_by=created_by, created_us=created_us,
                live=live - expired.get(list_id, 0), proposed=proposed,
            )
            for list_id, kind, created_by, created_us, live, proposed in rows
        ]  # fmt: skip

    def entries(self, list_id: str, after: int, limit: int, *, every: bool) -> list[ListedEntry]:
        """Return entries of a list in the order of their numbers; ``every`` shows old ones too."""
        some = "" if every else f"AND {_OPEN}"
        sql = (
            f"{_LISTED} {_SCAN} WHERE list_terms.list_id = ? AND entry_no > ? {some} "
            "ORDER BY entry_no LIMIT ?"
        )
        with unavailable("governance"):
            return self._found(sql, (list_id, after, limit))

    def of_change(self, change: int, limit: int) -> list[ListedEntry]:
        """Return the first entries that a change adds or removes: what an approver looks at."""
        sql = (
            f"{_LISTED} {_FROM} WHERE entry_no IN (SELECT entry_no FROM (SELECT entry_no FROM "  # noqa: S608 - own names
            "list_entries WHERE added_by = ? ORDER BY entry_no LIMIT ?) UNION SELECT entry_no "
            "FROM list_removals WHERE change_no = ?) ORDER BY entry_no LIMIT ?"
        )
        asked = (change, limit, change, limit)
        with unavailable("governance"):
            return self._found(sql, asked)

    def find(self, entity: EntityKind, text: str, *, every: bool = False) -> list[ListedEntry]:
        """Return the entries in force, or proposed, about one entity; ``every`` old ones too."""
        some = "" if every else f"AND {_OPEN}"
        sql = f"{_LISTED} {_FROM} WHERE key = ? AND entity = ? {some} ORDER BY entry_no"
        key = (key_bytes(entity, text), CODE_OF[entity])
        with unavailable("governance"):
            return self._found(sql, key)

    def _found(self, sql: str, asked: tuple[object, ...]) -> list[ListedEntry]:
        now_us = self._now_us()
        return [_listed(row, now_us) for row in self._file.db.execute(sql, asked)]

    def _terms(self) -> dict[int, Terms]:
        rows = self._file.db.execute(
            "SELECT terms_no, list_id, kind, reason, promotion_types, campaigns, source "
            "FROM list_terms JOIN lists USING (list_id)"
        )
        return {
            number: Terms(
                list_id=list_id, kind=ListKind(kind), reason=reason,
                promotion_types=frozenset(map(PromotionType, json.loads(promotions))),
                campaigns=frozenset(json.loads(campaigns)), source=source,
            )
            for number, list_id, kind, reason, promotions, campaigns, source in rows
        }  # fmt: skip

    def _tables(self, places: dict[int, int], now_us: int) -> dict[EntityKind, Table]:
        cursor = self._file.db.execute(
            "SELECT entity, key, entry_no, terms_no, expires_us FROM list_entries "
            "WHERE removed_by IS NULL AND (expires_us = 0 OR expires_us > ?) "
            "AND added_by IN (SELECT number FROM changes WHERE state = 'applied')",
            (now_us,),
        )
        parts: dict[int, list[tuple[bytes, Any]]] = {}
        while rows := cursor.fetchmany(_CHUNK_ROWS):
            for code, part in _by_entity(rows, places):
                parts.setdefault(code, []).append(part)
        return {ENTITY_CODES[code]: _table(found) for code, found in parts.items()}

    def _needs(self) -> ListNeeds:
        bits = sorted(
            row[0]
            for row in self._file.db.execute(
                "SELECT DISTINCT bits FROM list_entries JOIN changes ON number = added_by "
                "WHERE bits <> 0 AND removed_by IS NULL AND state = 'applied'"
            )
        )
        return ListNeeds(
            v4_bits=tuple(one for one in bits if 0 < one < RECIPIENT_BITS),
            v6_bits=tuple(sorted(-one for one in bits if one < 0)),
            recipient=RECIPIENT_BITS in bits,
        )


def _by_entity(
    rows: Sequence[tuple[int, bytes, int, int, int]], places: dict[int, int]
) -> Iterable[tuple[int, tuple[bytes, Any]]]:
    """Yield each kind of entity in a chunk: its keys, and its other columns as one array."""
    codes, keys, *rest = zip(*rows, strict=True)
    numbers, terms, expires = rest
    code = np.array(codes, np.int64)
    columns = np.array([numbers, [places[number] for number in terms], expires], np.int64)
    blocks = np.frombuffer(b"".join(keys), dtype="V16")
    for one in np.unique(code):
        mask = code == one
        yield int(one), (blocks[mask].tobytes(), columns[:, mask])


def _table(parts: Sequence[tuple[bytes, Any]]) -> Table:
    columns = np.concatenate([part[1] for part in parts], axis=1)
    keys = b"".join(part[0] for part in parts)
    return Table(keys, columns[0], columns[1].astype(np.uint32), columns[2])


def _listed(row: Sequence[Any], now_us: int) -> ListedEntry:
    number, kind, code, key, shown, bits, list_id, reason, promotions, campaigns = row[:10]
    source, expires_us, author, added_us, state = row[10:]
    entity = ENTITY_CODES[code]
    return ListedEntry(
        number=number,
        kind=ListKind(kind),
        entity=entity,
        text=_text(entity, shown, key, bits),
        terms=ListTerms(
            list_id=list_id,
            reason=reason,
            promotion_types=tuple(map(PromotionType, json.loads(promotions))),
            campaigns=tuple(json.loads(campaigns)),
            source=source,
        ),
        expires_us=expires_us,
        author=author,
        added_us=added_us,
        state="expired" if state == "live" and 0 < expires_us <= now_us else state,
    )


def _text(entity: EntityKind, shown: str, key: bytes, bits: int) -> str:
    if entity in PLAIN_KINDS:
        return shown
    token = f"{shown}:{key.hex()}"
    return shown_network(token, bits) if entity is EntityKind.NETWORK else token
