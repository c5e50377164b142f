"""Brings the tables of the ledger to the version of this code, step by step.

A step that was released is never edited. Steps only add: processes of the version before go
on beside a newer one, so that a service can be rolled out, and back, without a stop.
"""

from importlib.resources import files
from typing import LiteralString

from risk_service.adapters.postgres.connection import Session
from risk_service.domain.errors import ConfigFault

STEPS = ("001_tables.sql", "002_write.sql")
# Names our lock among those of the database; any number that nobody else uses.
_LOCK = 0x50524D47_4C454447  # "PRMGLEDG"

_MADE = "SELECT to_regclass('ledger_schema') IS NOT NULL"
_MAKE = "CREATE TABLE ledger_schema (step int PRIMARY KEY, done_at timestamptz DEFAULT now())"
_DONE = "SELECT coalesce(max(step), 0) FROM ledger_schema"


def migrate(session: Session) -> None:
    """Make what is missing; several processes may start at once.

    Raises
    ------
    ConfigFault
        The tables belong to a newer version of the service.
    StoreUnavailable
        The server does not answer.
    """
    if _step(session) == len(STEPS):
        return
    with session.transaction():
        session.rows("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        step = _step(session)
        if not session.rows(_MADE)[0][0]:
            session.rows(_MAKE)
        for number in range(step + 1, len(STEPS) + 1):
            session.script(_text(STEPS[number - 1]))
            session.rows("INSERT INTO ledger_schema (step) VALUES (%s)", (number,))


def _step(session: Session) -> int:
    """Return the last step that was done."""
    if not session.rows(_MADE)[0][0]:
        return 0
    step: int = session.rows(_DONE)[0][0]
    if step > len(STEPS):
        raise ConfigFault(
            f"the ledger's tables have version {step}, this service knows {len(STEPS)}; "
            "use the newer service"
        )
    return step


def _text(name: str) -> LiteralString:
    return files(__package__).joinpath("steps", name).read_text("utf-8")
