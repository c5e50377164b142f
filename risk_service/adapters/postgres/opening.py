"""Connections that are opened beside the caller, who does not wait for one that takes its time.

A machine whose packets vanish answers no connect for seconds, and the least that libpq waits
is two: orders that no limit is about must not stand behind that.
"""

from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any, TypeAlias

try:
    import psycopg
except ModuleNotFoundError:  # the extra is not installed; reported when a ledger is opened
    psycopg = None  # type: ignore[assignment]  # absence is looked for before

from risk_service.domain.errors import StoreUnavailable

# A server that vanished has refused by then; a resolver that is dead may take longer.
FIRST_S = 10.0

Line: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


class Opening:
    """Opens one connection at a time. Used by one thread; a connect runs in one of its own.

    Parameters
    ----------
    settings
        Statements that each connection begins with.
    timeout_s
        Longest wait for the settings.
    """

    def __init__(self, conninfo: str, settings: str, timeout_s: float) -> None:
        self._conninfo = conninfo
        self._settings = settings
        self._timeout_s = timeout_s
        self._underway: Future[Line] | None = None
        self._is_first, self._is_late = True, False

    @property
    def is_underway(self) -> bool:
        """Tell whether a connect was begun and its end not seen."""
        return self._underway is not None

    def require(self, statement: str) -> None:
        """Begin each connection from now on with one more statement."""
        self._settings += f"; {statement}"

    def line(self, within_s: float) -> Line:
        """Return a new connection.

        Parameters
        ----------
        within_s
            How long to wait. The first is waited for much longer: who starts, or asks once, has
            the time. After one that took longer none is waited for until one is there.

        Raises
        ------
        StoreUnavailable
            It takes longer; ask again. Nobody waits for this one any more.
        psycopg.Error
            There is none.
        """
        if self._is_late:
            within_s = 0.0
        elif self._is_first:
            within_s, self._is_first = FIRST_S, False
        if self._underway is None:
            self._underway = self._begun()
        try:
            line = self._underway.result(within_s)
        except TimeoutError as error:
            self._is_late = True
            raise StoreUnavailable("PostgreSQL: no connection yet") from error
        except Exception:
            self._underway = None
            raise
        self._underway, self._is_late = None, False
        return line

    def drop(self) -> None:
        """Close the connection that is underway as soon as it is there."""
        if self._underway is not None:
            self._underway.add_done_callback(_close)
            self._underway = None

    def _begun(self) -> Future[Line]:
        underway: Future[Line] = Future()

        def run() -> None:
            try:
                underway.set_result(self._opened())
            except Exception as error:  # noqa: BLE001 - raised where the connection is asked for
                underway.set_exception(error)

        # A daemon: nobody who stops waits for a machine that is gone.
        Thread(target=run, name="ledger-connect", daemon=True).start()
        return underway

    def _opened(self) -> Line:
        line = psycopg.connect(self._conninfo, autocommit=True)
        try:
            wait = line.wait
            # psycopg waits for ever by itself.
            line.wait = partial(wait, timeout=self._timeout_s)  # type: ignore[method-assign]  # see above
            line.execute(self._settings.encode())
            line.wait = wait  # type: ignore[method-assign]  # see above
        except psycopg.Error:
            line.close()
            raise
        return line


def _close(underway: Future[Line]) -> None:
    if underway.exception() is None:
        underway.result().close()
