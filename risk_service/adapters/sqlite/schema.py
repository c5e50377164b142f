"""Tables of the log of decisions and events and of its key indexes, and their versions."""

import sqlite3
from dataclasses import dataclass

from risk_service.domain.errors import ConfigFault


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of file of ours.

    ``steps[i]`` leads from version i to i + 1; a step that was released is never edited.
    ``application_id`` refuses a foreign SQLite file.
    """

    name: str
    application_id: int
    steps: tuple[str, ...]

    @property
    def version(self) -> int:
        """Return the version that this code reads and writes."""
        return len(self.steps)


# In the log, and in the copy of what all services verified.
VERIFICATIONS = """
    CREATE TABLE verifications (
        seq INTEGER PRIMARY KEY,
        request_id TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL,
        real_name TEXT NOT NULL,
        level INTEGER NOT NULL,
        expires_at_us INTEGER NOT NULL,
        record BLOB NOT NULL
    ) STRICT;
    CREATE INDEX verifications_of_account ON verifications (account, expires_at_us);
    CREATE INDEX verifications_of_name ON verifications (real_name, expires_at_us)
        WHERE real_name <> '';
"""
# Attempts that failed are counted for a while. Those of before count for nothing.
FAILED_ATTEMPTS = """
    ALTER TABLE verifications ADD COLUMN refused_name TEXT NOT NULL DEFAULT '';
    ALTER TABLE verifications ADD COLUMN at_us INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX failed_of_account ON verifications (account, at_us) WHERE refused_name <> '';
    CREATE INDEX failed_of_name ON verifications (refused_name, at_us) WHERE refused_name <> '';
"""

# Only the row id is indexed: a commit then touches as many pages as its records fill.
DECISION_LOG = FileKind(
    name="decision store",
    application_id=0x50524D47,  # "PRMG"
    steps=(
        """
        CREATE TABLE decisions (
            seq INTEGER PRIMARY KEY,
            decision_id TEXT NOT NULL,
            request_id TEXT NOT NULL,
            order_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            challenge_id TEXT,
            record BLOB NOT NULL
        ) STRICT;
        """,
        # The stamp is the row id: events append, and a replay reads on from a stamp.
        """
        CREATE TABLE events (
            stamp_us INTEGER PRIMARY KEY, event_id TEXT NOT NULL, record BLOB NOT NULL
        ) STRICT;
        """,
        # Claims, promotion actions and verifications are few beside orders: here indexes in
        # the file itself cost less than caches of their own.
        """
        CREATE TABLE assessments (
            seq INTEGER PRIMARY KEY,
            decision_id TEXT NOT NULL UNIQUE,
            request_id TEXT NOT NULL UNIQUE,
            subject TEXT NOT NULL,
            number INTEGER NOT NULL,
            challenge_id TEXT UNIQUE,
            record BLOB NOT NULL,
            UNIQUE (subject, number)
        ) STRICT;
        CREATE TABLE benefit_entries (
            owner TEXT NOT NULL, at_us INTEGER NOT NULL, amount INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX benefits_of_owner ON benefit_entries (owner, at_us);
        """
        + VERIFICATIONS,
        # Reservations and what they add up to, in the log's transactions. Cells of a counter lie
        # side by side, and so do the counters of one subject, whose token their key begins with.
        """
        CREATE TABLE reservations (
            reservation_id TEXT PRIMARY KEY,
            state INTEGER NOT NULL,
            expires_at_us INTEGER NOT NULL,
            record BLOB NOT NULL
        ) STRICT;
        CREATE INDEX reservations_expiring ON reservations (expires_at_us) WHERE expires_at_us > 0;
        CREATE TABLE limit_cells (
            counter TEXT NOT NULL,
            cell_us INTEGER NOT NULL,
            confirmed INTEGER NOT NULL CHECK (confirmed >= 0),
            held INTEGER NOT NULL CHECK (held >= 0),
            PRIMARY KEY (counter, cell_us)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE limit_roots (
            account TEXT PRIMARY KEY, root TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE ledger_clock (
            one INTEGER PRIMARY KEY CHECK (one = 1), now_us INTEGER NOT NULL
        ) STRICT;
        INSERT INTO ledger_clock VALUES (1, 0);
        """,
        # Some decisions of a group in one row: see ``decision_rows``. What stands in
        # ``decisions`` stays there and is read; nothing is added to it any more.
        """
        CREATE TABLE decision_rows (row INTEGER PRIMARY KEY, records BLOB NOT NULL) STRICT;
        """,
        # Counters go to a file of their own, in batches; a commit appends what they come to. The
        # file is made again from the reservations when it has not reached a row that is here.
        """
        DROP TABLE limit_cells;
        CREATE TABLE ledger_changes (seq INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
        """,
        FAILED_ATTEMPTS,
    ),
)

LIMIT_COUNTERS = FileKind(
    name="file of limit counters",
    application_id=0x50524D4C,  # "PRML"
    steps=(
        # Cells of a counter lie side by side, and so do the counters of one subject, whose token
        # their key begins with.
        """
        CREATE TABLE limit_cells (
            counter TEXT NOT NULL,
            cell_us INTEGER NOT NULL,
            confirmed INTEGER NOT NULL CHECK (confirmed >= 0),
            held INTEGER NOT NULL CHECK (held >= 0),
            PRIMARY KEY (counter, cell_us)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reached (
            one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, mark BLOB NOT NULL
        ) STRICT;
        INSERT INTO reached VALUES (1, 0, x'');
        """,
    ),
)

KEY_INDEX = FileKind(
    name="key index",
    application_id=0x50524D49,  # "PRMI"
    steps=(
        """
        CREATE TABLE requests (
            request_id TEXT PRIMARY KEY, seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE orders (
            order_id TEXT, number INTEGER, seq INTEGER NOT NULL, PRIMARY KEY (order_id, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE decision_ids (
            decision_id TEXT PRIMARY KEY, seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE challenges (
            challenge_id TEXT PRIMARY KEY, seq INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reached (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL) STRICT;
        INSERT INTO reached VALUES (1, 0);
        """,
    ),
)

EVENT_INDEX = FileKind(
    name="event index",
    application_id=0x50524D45,  # "PRME"
    steps=(
        """
        CREATE TABLE event_ids (
            event_id TEXT PRIMARY KEY, stamp_us INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reached (
            one INTEGER PRIMARY KEY CHECK (one = 1), stamp_us INTEGER NOT NULL
        ) STRICT;
        INSERT INTO reached VALUES (1, 0);
        """,
        # Filled from the log, which is read again from its beginning for it.
        """
        CREATE TABLE order_events (
            order_id TEXT, stamp_us INTEGER, PRIMARY KEY (order_id, stamp_us)
        ) STRICT, WITHOUT ROWID;
        UPDATE reached SET stamp_us = 0;
        """,
    ),
)


def migrate(connection: sqlite3.Connection, path: str, kind: FileKind) -> None:
    """Bring the file to this version, one transaction per step.

    Raises
    ------
    ConfigFault
        The file belongs to another program, or to a newer version of this one.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != kind.application_id and not empty:
        raise ConfigFault(f"{path} is not a {kind.name} of this service")
    if version > kind.version:
        raise ConfigFault(
            f"{path} has schema version {version}, this service knows {kind.version}; "
            "use the newer service, or restore the backup made before the upgrade"
        )
    for step in range(version, kind.version):
        connection.executescript(
            f"BEGIN IMMEDIATE; {kind.steps[step]} "
            f"PRAGMA application_id = {kind.application_id}; "
            f"PRAGMA user_version = {step + 1}; COMMIT;"
        )
