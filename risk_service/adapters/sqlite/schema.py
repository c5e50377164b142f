"""Tables of the decision store, and the steps from one version to the next."""

import sqlite3

from risk_service.domain.errors import ConfigFault

APPLICATION_ID = 0x50524D47  # "PRMG": refuses a foreign SQLite file
# Step i leads from version i to i + 1. A step that was released is never edited.
STEPS = (
    """
    CREATE TABLE decisions (
        seq INTEGER PRIMARY KEY,
        decision_id TEXT NOT NULL UNIQUE,
        request_id TEXT NOT NULL UNIQUE,
        order_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        challenge_id TEXT,
        record BLOB NOT NULL,
        UNIQUE (order_id, number)
    ) STRICT;
    CREATE UNIQUE INDEX decisions_by_challenge ON decisions (challenge_id)
        WHERE challenge_id IS NOT NULL;
    """,
)
VERSION = len(STEPS)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the file to this version, one transaction per step.

    Raises
    ------
    ConfigFault
        The file belongs to another program, or to a newer version of this one.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not empty:
        raise ConfigFault(f"{path} is not a decision store of this service")
    if version > VERSION:
        raise ConfigFault(
            f"{path} has schema version {version}, this service knows {VERSION}; "
            "use the newer service, or restore the backup made before the upgrade"
        )
    for step in range(version, VERSION):
        connection.executescript(
            f"BEGIN IMMEDIATE; {STEPS[step]} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {step + 1}; COMMIT;"
        )
