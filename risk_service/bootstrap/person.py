"""Wires the reading of a person's records, beside a running service or without one."""

import os
import pwd
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from risk_service.adapters.clock import SystemClock
from risk_service.adapters.key_mark import check_key, marked_key_id
from risk_service.adapters.postgres.person import PostgresReservationRows
from risk_service.adapters.sqlite.decisions import FILE_NAME as LOG_NAME
from risk_service.adapters.sqlite.governance_read import ReadGovernance, SqliteReadingTrail
from risk_service.adapters.sqlite.governance_schema import FILE_NAME
from risk_service.adapters.sqlite.person_governed import SqliteGovernedRows
from risk_service.adapters.sqlite.person_log import SqlitePersonLog
from risk_service.bootstrap.ledger import open_session
from risk_service.config import RecordSettings
from risk_service.decisions.person.records import PersonRecords
from risk_service.decisions.person.stores import ReservationRows
from risk_service.domain.errors import ConfigFault
from risk_service.domain.listed import RawListed
from risk_service.domain.person import Asker, Identifier
from risk_service.domain.refusals import refusal
from risk_service.governance.free_text import check_why
from risk_service.identity.keys import IdentityKey, load_identity_key
from risk_service.identity.person import identified, key_id_of

# Before the name of a user of the machine: no actor of a service has such an id.
OF_MACHINE = "os:"

Tell = Callable[[str, int, int], None]
# What was typed, and what an error calls it.
Typed = tuple[str, RawListed]


def identifiers_of(settings: RecordSettings, typed: Sequence[Typed]) -> list[Identifier]:
    """Return the identifiers of what an operator typed.

    Raises
    ------
    ConfigFault
        There is no key, or it is not the one that the records were made with.
    InvalidInput
        Something typed is none of its kind.
    """
    if not typed:
        return []
    key = key_of(settings)
    return [identified(raw, key, field) for field, raw in typed]


def key_of(settings: RecordSettings) -> IdentityKey:
    """Return the key of the records, before anybody types an identifier for nothing.

    Raises
    ------
    ConfigFault
        There are no records, or no key, or it is not the one that they were made with.
    """
    if not (settings.state / LOG_NAME).exists():
        raise ConfigFault(refusal("no_log", path=settings.state / LOG_NAME))
    if settings.identity_key is None:
        raise ConfigFault(refusal("no_identity_key"))
    key = load_identity_key(settings.identity_key)
    check_key(settings.state, key)
    return key


def is_marked(settings: RecordSettings) -> bool:
    """Tell whether the records say which key they were made with."""
    return bool(marked_key_id(settings.state))


def check_tokens(settings: RecordSettings, identifiers: Sequence[Identifier]) -> None:
    """Refuse tokens of another key than the records are made with.

    Raises
    ------
    ConfigFault
        None of the records could match.
    """
    known = marked_key_id(settings.state)
    for one in identifiers:
        if known and key_id_of(one) != known:
            raise ConfigFault(
                refusal("other_key_of_token", key=key_id_of(one), known=known, path=settings.state)
            )


def asker(why: str) -> Asker:
    """Return the user of the machine who asks: the command knows no other.

    Raises
    ------
    InvalidInput
        The reason is none to keep.
    """
    check_why("why", why, low=0)
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Asker(actor_id=f"{OF_MACHINE}{name}", why=why)


@contextmanager
def person_records(
    settings: RecordSettings, tell: Tell, *, traced: bool
) -> Iterator[PersonRecords]:
    """Give what reads a person's records; everything is closed in the end.

    Parameters
    ----------
    tell
        Told what is read, how much of it, and of how much.
    traced
        Whether reading leaves rows in the trail.

    Raises
    ------
    ConfigFault
        The records cannot be read.
    """
    log = SqlitePersonLog(settings.state, tell)
    path = settings.governance or settings.state / FILE_NAME
    now_us = SystemClock().now_us
    trail = SqliteReadingTrail(path, now_us) if traced else None
    ledgers: list[ReservationRows] = [log]
    session = None
    if settings.ledger != "embedded":
        session = open_session(settings)
        ledgers.append(PostgresReservationRows(session))
    governance = ReadGovernance(path) if path.exists() else None
    try:
        yield PersonRecords(
            log=log,
            reservations=ledgers,
            governed=SqliteGovernedRows(governance, now_us) if governance else None,
            trail=trail,
        )
    finally:
        if governance is not None:
            governance.close()
        if session is not None:
            session.close()
