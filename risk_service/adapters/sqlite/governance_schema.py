"""Tables of ``governance.sqlite3``: the trail, publications, lists, counters changed by hand.

What must hold whatever a program does is a constraint here: the trail only grows, sources never
change, one version per kind is active, and nobody approves what they proposed.
"""

from risk_service.adapters.sqlite.schema import FileKind
from risk_service.domain.listed import EntityKind

FILE_NAME = "governance.sqlite3"
# Numbers stand in the file: append, never renumber.
ENTITY_CODES: tuple[EntityKind, ...] = (
    EntityKind.ACCOUNT, EntityKind.DEVICE, EntityKind.PAYMENT, EntityKind.IP, EntityKind.NETWORK,
    EntityKind.PHONE, EntityKind.REAL_NAME, EntityKind.ADDRESS_DOOR, EntityKind.ADDRESS_BUILDING,
    EntityKind.RECIPIENT, EntityKind.IDENTITY_CLUSTER, EntityKind.SKU, EntityKind.SELLER,
    EntityKind.CAMPAIGN, EntityKind.COUPON, EntityKind.DROP,
)  # fmt: skip
CODE_OF = {kind: code for code, kind in enumerate(ENTITY_CODES)}

FOUR_EYES = "four_eyes"
# Stands in the column of prefix lengths, which tells what orders must carry for lists.
RECIPIENT_BITS = 1000
# The state of an entry, from the change that added it and the one that took it out. Kept nowhere,
# so that approving a million entries changes one row.
ENTRY_STATE = (
    "CASE WHEN removed_by IS NOT NULL THEN 'removed' "
    "WHEN state = 'applied' THEN 'live' ELSE state END"
)


def _fixed(table: str, *columns: str) -> str:
    """Return triggers that keep columns as they were written, and every row."""
    return f"""
        CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {", ".join(columns)} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table}: what was written stays'); END;
        CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, '{table}: rows are never deleted'); END;
    """


GOVERNANCE = FileKind(
    name="governance store",
    application_id=0x50524D56,  # "PRMV"
    steps=(
        f"""
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL,
            actor_id TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
            before TEXT NOT NULL, after TEXT NOT NULL
        ) STRICT;
        {_fixed("audit", "number", "at_us", "actor_id", "action", "subject", "before", "after")}
        CREATE TRIGGER audit_not_replaced BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE number = new.number)
        BEGIN SELECT RAISE(ABORT, 'audit: rows are never replaced'); END;

        CREATE TABLE publications (
            number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, version TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('proposed', 'active', 'retired', 'rejected')),
            author TEXT NOT NULL, note TEXT NOT NULL, created_us INTEGER NOT NULL,
            based_on INTEGER NOT NULL, sources BLOB NOT NULL,
            approver TEXT, decided_us INTEGER NOT NULL DEFAULT 0, closed_by TEXT,
            CONSTRAINT {FOUR_EYES} CHECK (
                approver IS NULL OR lower(trim(approver)) <> lower(trim(author))
            ),
            CHECK (state IN ('proposed', 'rejected') OR approver IS NOT NULL)
        ) STRICT;
        CREATE UNIQUE INDEX one_active ON publications (kind) WHERE state = 'active';
        {
            _fixed(
                "publications",
                "number",
                "kind",
                "version",
                "author",
                "note",
                "created_us",
                "based_on",
                "sources",
            )
        }
        CREATE TRIGGER publications_approved BEFORE UPDATE OF approver ON publications
        WHEN old.approver IS NOT NULL AND new.approver IS NOT old.approver
        BEGIN SELECT RAISE(ABORT, 'publications: an approval stays'); END;

        CREATE TABLE changes (
            number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('proposed', 'applied', 'rejected')),
            author TEXT NOT NULL, reason TEXT NOT NULL, entries INTEGER NOT NULL,
            repeated INTEGER NOT NULL, digest BLOB NOT NULL,
            created_us INTEGER NOT NULL, needs_approval INTEGER NOT NULL,
            approver TEXT, decided_us INTEGER NOT NULL DEFAULT 0, closed_by TEXT,
            CONSTRAINT {FOUR_EYES} CHECK (
                approver IS NULL OR lower(trim(approver)) <> lower(trim(author))
            ),
            CHECK (state <> 'applied' OR needs_approval = 0 OR approver IS NOT NULL)
        ) STRICT;
        {
            _fixed(
                "changes",
                "number",
                "kind",
                "subject",
                "author",
                "reason",
                "entries",
                "repeated",
                "digest",
                "created_us",
                "needs_approval",
            )
        }
        CREATE TRIGGER changes_decided BEFORE UPDATE OF state, approver ON changes
        WHEN old.state <> 'proposed'
        BEGIN SELECT RAISE(ABORT, 'changes: a decision stays'); END;

        CREATE TABLE lists (
            list_id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('allow', 'deny', 'grey')),
            created_by TEXT NOT NULL, created_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        {_fixed("lists", "list_id", "kind", "created_by", "created_us")}
        CREATE TABLE list_terms (
            terms_no INTEGER PRIMARY KEY, list_id TEXT NOT NULL REFERENCES lists,
            promotion_types TEXT NOT NULL, campaigns TEXT NOT NULL,
            reason TEXT NOT NULL, source TEXT NOT NULL,
            UNIQUE (list_id, promotion_types, campaigns, reason, source)
        ) STRICT;
        {
            _fixed(
                "list_terms",
                "terms_no",
                "list_id",
                "promotion_types",
                "campaigns",
                "reason",
                "source",
            )
        }
        CREATE TABLE list_entries (
            entry_no INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER NOT NULL, key BLOB NOT NULL,
            shown TEXT NOT NULL, bits INTEGER NOT NULL,
            terms_no INTEGER NOT NULL REFERENCES list_terms, expires_us INTEGER NOT NULL,
            added_by INTEGER NOT NULL, removed_by INTEGER
        ) STRICT;
        CREATE INDEX entries_by_key ON list_entries (key, entity);
        CREATE INDEX entries_by_change ON list_entries (added_by);
        CREATE INDEX entries_with_bits ON list_entries (bits) WHERE bits <> 0;
        {
            _fixed(
                "list_entries",
                "entry_no",
                "entity",
                "key",
                "shown",
                "bits",
                "terms_no",
                "expires_us",
                "added_by",
            )
        }
        CREATE TRIGGER list_entries_removed BEFORE UPDATE OF removed_by ON list_entries
        WHEN old.removed_by IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'list_entries: what was removed stays removed'); END;
        CREATE TABLE list_removals (
            change_no INTEGER NOT NULL, entry_no INTEGER NOT NULL,
            PRIMARY KEY (change_no, entry_no)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE lists_version (
            one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, digest BLOB NOT NULL
        ) STRICT;
        INSERT INTO lists_version VALUES (1, 0, x'');
        """,  # noqa: S608 - names of our own
        # The counter itself stands in the ledger, which knows the adjustment by its id: so what
        # is approved here and not yet there can be done again.
        f"""
        CREATE TABLE adjustments (
            number INTEGER PRIMARY KEY AUTOINCREMENT, adjustment_id TEXT NOT NULL UNIQUE,
            policy_id TEXT NOT NULL, subject TEXT NOT NULL, token TEXT NOT NULL,
            scope TEXT NOT NULL, delta INTEGER NOT NULL CHECK (delta <> 0), reason TEXT NOT NULL,
            author TEXT NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('proposed', 'approved', 'applied', 'rejected', 'failed')),
            created_us INTEGER NOT NULL,
            approver TEXT, decided_us INTEGER NOT NULL DEFAULT 0, closed_by TEXT, note TEXT,
            CONSTRAINT {FOUR_EYES} CHECK (
                approver IS NULL OR lower(trim(approver)) <> lower(trim(author))
            ),
            CHECK (state IN ('proposed', 'rejected') OR approver IS NOT NULL)
        ) STRICT;
        {
            _fixed(
                "adjustments",
                "number",
                "adjustment_id",
                "policy_id",
                "subject",
                "token",
                "scope",
                "delta",
                "reason",
                "author",
                "created_us",
            )
        }
        CREATE TRIGGER adjustments_approved BEFORE UPDATE OF approver ON adjustments
        WHEN old.approver IS NOT NULL AND new.approver IS NOT old.approver
        BEGIN SELECT RAISE(ABORT, 'adjustments: an approval stays'); END;
        CREATE TRIGGER adjustments_decided BEFORE UPDATE OF state ON adjustments
        WHEN NOT (
            old.state = 'proposed' AND new.state IN ('approved', 'rejected')
            OR old.state = 'approved' AND new.state IN ('applied', 'failed')
        )
        BEGIN SELECT RAISE(ABORT, 'adjustments: a decision stays'); END;
        """,
        # What stands behind a version, as msgpack; empty: nothing.
        """
        ALTER TABLE publications ADD COLUMN evidence BLOB NOT NULL DEFAULT x'';
        CREATE TRIGGER publications_evidence BEFORE UPDATE OF evidence ON publications
        BEGIN SELECT RAISE(ABORT, 'publications: what was written stays'); END;
        """,
        # What the number of an adjustment is of; empty of those of before.
        """
        ALTER TABLE adjustments ADD COLUMN measure TEXT NOT NULL DEFAULT '';
        ALTER TABLE adjustments ADD COLUMN currency_code TEXT NOT NULL DEFAULT '';
        CREATE TRIGGER adjustments_counted BEFORE UPDATE OF measure, currency_code ON adjustments
        BEGIN SELECT RAISE(ABORT, 'adjustments: what was written stays'); END;
        """,
    ),
)
