"""Where the entries of one change wait, beside the tables, until they are copied at once.

In a temporary table of the connection, which SQLite keeps in a file of its own: memory does not
grow with the change, and a process that ends leaves nothing behind.
"""

import json
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from itertools import count

from risk_service.adapters.sqlite.connection import unavailable
from risk_service.adapters.sqlite.governance_schema import CODE_OF, RECIPIENT_BITS
from risk_service.domain.errors import TooLarge
from risk_service.domain.governed import ListTerms, NewEntry
from risk_service.domain.listed import PLAIN_KINDS, EntityKind
from risk_service.domain.refusals import refusal
from risk_service.rules.lists.entry import key_bytes

# Reasons and scopes are few; a reason per entry would be kept in memory once per entry.
TERMS_MAX = 10_000
_places = count(1)


class Stage:
    """The entries of one change that is being written.

    Attributes
    ----------
    count
        Entries put here.
    digest
        SHA-256 of what was put here, in its order.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        place = next(_places)
        self._table, self._terms_table = f"temp.staged_{place}", f"temp.staged_terms_{place}"
        self._terms: dict[ListTerms, int] = {}
        self._hash = sha256()
        self.count = 0
        with unavailable("governance"):
            db.execute(
                f"CREATE TEMP TABLE {self._table.removeprefix('temp.')} (entity INTEGER, key BLOB, "
                "shown TEXT, bits INTEGER, terms INTEGER, expires_us INTEGER)"
            )
            db.execute(
                f"CREATE TEMP TABLE {self._terms_table.removeprefix('temp.')} "
                "(local INTEGER PRIMARY KEY, number INTEGER)"
            )

    @property
    def digest(self) -> bytes:
        """Return the digest of everything put here so far."""
        return self._hash.digest()

    def put(self, entries: Sequence[NewEntry]) -> None:
        """Add entries.

        Raises
        ------
        TooLarge
            They differ in more reasons, sources and scopes than 10,000.
        """
        rows = [self._row(entry) for entry in entries]
        with unavailable("governance"):
            self._db.executemany(f"INSERT INTO {self._table} VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - own name
        self.count += len(rows)

    def write(self, change: int) -> int:
        """Copy into the tables, in the transaction that is open, what is not in force already.

        Returns how many entries that is. What only waits for approval may be rejected yet.
        """
        numbers = [(local, self._number_of(terms)) for terms, local in self._terms.items()]
        self._db.executemany(f"INSERT INTO {self._terms_table} VALUES (?, ?)", numbers)  # noqa: S608 - own name
        # Grouped, so sorted by key: what came twice counts once, neighbours share a page.
        cursor = self._db.execute(
            "INSERT INTO list_entries (entity, key, shown, bits, terms_no, expires_us, added_by) "  # noqa: S608 - own name
            "SELECT entity, key, min(shown), min(bits), number, s.expires_us, ? "
            f"FROM {self._table} AS s JOIN {self._terms_table} ON local = terms "
            "WHERE NOT EXISTS (SELECT 1 FROM list_entries AS e JOIN changes ON number = e.added_by "
            "WHERE e.key = s.key AND e.entity = s.entity AND e.expires_us = s.expires_us "
            "AND e.terms_no = (SELECT number FROM "
            f"{self._terms_table} WHERE local = s.terms) AND e.removed_by IS NULL "
            "AND changes.state = 'applied') "
            "GROUP BY key, entity, terms, s.expires_us",
            (change,),
        )
        return cursor.rowcount

    def close(self) -> None:
        """Give the temporary table back."""
        with unavailable("governance"):
            self._db.execute(f"DROP TABLE IF EXISTS {self._table}")
            self._db.execute(f"DROP TABLE IF EXISTS {self._terms_table}")

    def _row(self, entry: NewEntry) -> tuple[int, bytes, str, int, int, int]:
        local = self._terms.get(entry.terms)
        if local is None:
            if len(self._terms) >= TERMS_MAX:
                raise TooLarge.at("entries", refusal("many_terms", most=TERMS_MAX))
            local = self._terms[entry.terms] = -1 - len(self._terms)
        key = key_bytes(entry.entity, entry.text)
        code = CODE_OF[entry.entity]
        # Of a token the key is the digits; what is left to keep is the id of its secret.
        plain = entry.entity in PLAIN_KINDS
        shown = entry.text if plain else entry.text.partition(":")[0]
        self._hash.update(b"%d %b %d %d\n" % (code, key, local, entry.expires_us))
        bits = RECIPIENT_BITS if entry.entity is EntityKind.RECIPIENT else entry.bits
        return code, key, shown, bits, local, entry.expires_us

    def _number_of(self, terms: ListTerms) -> int:
        row = (
            terms.list_id, json.dumps(sorted(terms.promotion_types)),
            json.dumps(sorted(terms.campaigns), ensure_ascii=False), terms.reason, terms.source,
        )  # fmt: skip
        self._db.execute(
            "INSERT OR IGNORE INTO list_terms "
            "(list_id, promotion_types, campaigns, reason, source) VALUES (?, ?, ?, ?, ?)",
            row,
        )
        number: int = self._db.execute(
            "SELECT terms_no FROM list_terms WHERE list_id = ? AND promotion_types = ? "
            "AND campaigns = ? AND reason = ? AND source = ?",
            row,
        ).fetchone()[0]
        return number
