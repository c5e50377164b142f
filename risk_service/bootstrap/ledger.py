"""Opens the ledger of reservations: in the state directory, or shared in PostgreSQL."""

import logging
from collections.abc import Callable

from risk_service.adapters.postgres.access import options_of
from risk_service.adapters.postgres.admission import Admission
from risk_service.adapters.postgres.connection import Session
from risk_service.adapters.postgres.ledger import PostgresLedger
from risk_service.adapters.postgres.mark import LedgerMark, is_other_ledger
from risk_service.adapters.redis.addresses import login_to, parse_addresses
from risk_service.adapters.redis.admission import RedisAdmission
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.config import RecordSettings, Settings
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.limits.book import LimitBook
from risk_service.ports import ReservationLedger
from risk_service.server_access import access_of

log = logging.getLogger(__name__)


def open_ledger(
    settings: Settings, book: Callable[[], LimitBook], on_commit: Callable[[float], None]
) -> ReservationLedger:
    """Return the ledger that the settings name.

    A PostgreSQL that does not answer yet stops no start: until it does, limits cannot be
    counted, and each promotion's fail policy says what becomes of its orders.

    Parameters
    ----------
    book
        Returns the limit policies in force.
    on_commit
        Told how long each commit of the embedded ledger took, in seconds.

    Raises
    ------
    ConfigFault
        An address cannot be used, the ledger there is another one than before, or admission is
        asked for without a shared ledger.
    """
    if settings.ledger == "embedded":
        if settings.admission != "none":
            raise ConfigFault(
                "admission: only a shared ledger has counters in Redis; "
                "give --ledger postgresql://... too, or leave --admission out"
            )
        return SqliteLedger(settings.state, book, on_commit=on_commit)
    session, mark = open_session(settings), LedgerMark(settings.state)
    mark.hold(session)
    ledger = PostgresLedger(session, book, _admission(settings), mark.met)
    try:
        ledger.open()
    except StoreUnavailable as error:
        if is_other_ledger(error):
            ledger.close()
            raise ConfigFault(str(error)) from error
        log.warning("ledger_not_reached", extra={"error": str(error)})
    return ledger


def open_session(settings: Settings | RecordSettings) -> Session:
    """Return a session with the PostgreSQL that the settings name.

    Raises
    ------
    ConfigFault
        The address or what belongs to it cannot be used.
    """
    access = access_of(settings, "ledger")
    return Session(
        settings.ledger,
        password=access.password,
        options=options_of(settings.ledger, access),
        timeout_s=settings.ledger_timeout_ms / 1000,
    )


def _admission(settings: Settings) -> Admission | None:
    if settings.admission == "none":
        return None
    counters = RedisAdmission(
        parse_addresses(settings.admission),
        login=login_to(settings.admission, access_of(settings, "admission")),
        timeout_s=settings.admission_timeout_ms / 1000,
        trust_s=settings.admission_trust_ms / 1000,
    )
    return Admission(counters)
