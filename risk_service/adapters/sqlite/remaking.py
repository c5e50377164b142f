"""Makes a damaged file of counters again from the reservations while the service goes on.

Until that is done the ledger cannot be asked, and each promotion's fail policy says what becomes
of orders for limited goods. The ledger writes nothing meanwhile, so what the thread adds up is
what there is.
"""

import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import NamedTuple

from risk_service.adapters.background import give_way
from risk_service.adapters.sqlite.connection import connect
from risk_service.adapters.sqlite.counters import RETRY_S
from risk_service.adapters.sqlite.counters_opened import forget_counters
from risk_service.adapters.sqlite.ledger_rows import LedgerRows
from risk_service.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)


class Remade(NamedTuple):
    """The log, opened anew, and the ledger's rows over it."""

    db: sqlite3.Connection
    rows: LedgerRows


class Remaking:
    """One thread that makes the counters again, as often as it takes.

    Parameters
    ----------
    log_file
        The file of the decision log; the counters lie beside it, closed by whoever had them.
    """

    def __init__(self, log_file: Path) -> None:
        self._db = connect(log_file, "FULL")
        self._directory = log_file.parent
        self._rows: LedgerRows | None = None
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="counters again", daemon=True)
        self._thread.start()

    def remade(self) -> Remade:
        """Return what was made; from then on it is the caller's.

        Raises
        ------
        StoreUnavailable
            It is not done yet.
        """
        if self._rows is None:
            raise StoreUnavailable("the counters of limits are made again from the reservations")
        log.warning(
            "limit_counters_made_again", extra={"ready_s": time.monotonic() - self._started}
        )
        return Remade(self._db, self._rows)

    def close(self) -> None:
        """Stop; the file is made at the next start if it was not done."""
        self._stop.set()
        self._db.interrupt()
        self._thread.join()
        if self._rows is not None:
            self._rows.close()
        self._db.close()

    def _run(self) -> None:
        give_way()
        while not self._stop.is_set():
            try:
                forget_counters(self._directory)
                self._rows = LedgerRows(self._db, self._directory)
            except Exception as error:
                if not self._stop.is_set():
                    log.exception("limit_counters_not_made", extra={"error": str(error)})
                self._stop.wait(RETRY_S)
            else:
                return
