"""One connection to the server, with a limit on every wait and a pause after a failure.

A connection on which anything went wrong is closed: whether its last statement was
committed is not known, and the ledger's calls bear being sent again. After a failure the
server is left alone for a while; until then calls fail at once instead of making every
order wait. So they do while a connection takes its time: a machine whose packets vanish
answers none for seconds, and orders that no limit is about must not wait for it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

try:
    import psycopg
    from psycopg.adapt import Transformer
    from psycopg.conninfo import make_conninfo
    from psycopg.errors import error_from_result
    from psycopg.generators import execute
    from psycopg.pq import ExecStatus, Format
except ModuleNotFoundError:  # the extra is not installed; reported when a ledger is opened
    psycopg = None  # type: ignore[assignment]  # absence is what `require_psycopg` looks for

from risk_service.adapters.postgres.access import check_address, require_psycopg
from risk_service.adapters.postgres.opening import Line, Opening
from risk_service.domain.errors import StoreUnavailable

TIMEOUT_S = 1.0
PAUSE_S = 0.05
PAUSE_MAX_S = 1.0
# The least that libpq takes for a connect; a machine that is gone answers no sooner.
CONNECT_TIMEOUT_S = 2
# The server gives up before we do, so that it tells us why.
SERVER_PATIENCE = 0.8
# The tables are not there, or not ours to use: another database, or rights that were taken away.
# Schema, table, function, right.
UNFIT = frozenset(("3F000", "42P01", "42883", "42501"))

# Classes of errors that a statement has earned by what it holds: one order may be at fault, and
# the others of its group are not to pay for it. Data, integrity, limits of the program.
EARNED = ("22", "23", "54")

# What our own statements raise, a serialization failure, a deadlock.
OVERTAKEN = frozenset(("PGL01", "40001", "40P01"))

Rows = list[tuple[Any, ...]]
_NO_OPTIONS: Mapping[str, str] = {}


class Overtaken(Exception):
    """Another process was faster; the statement did nothing, and is to be made anew."""


class Session:
    """A connection that is opened when first needed. Used by one thread.

    Each statement is a transaction of its own; what must be atomic and quick is one statement.

    Parameters
    ----------
    options
        Of libpq, beside those of the address.
    timeout_s
        Longest wait for one statement.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self,
        address: str,
        *,
        password: str = "",
        options: Mapping[str, str] = _NO_OPTIONS,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        require_psycopg()
        check_address(address)
        secret = {"password": password} if password else {}
        conninfo = make_conninfo(
            address,
            **secret,
            **options,
            connect_timeout=CONNECT_TIMEOUT_S,
            # Bytes that nobody acknowledges: the machine is gone.
            tcp_user_timeout=int(timeout_s * 1000),
            application_name="promoguard ledger",
        )
        patience_ms = max(1, int(timeout_s * 1000 * SERVER_PATIENCE))
        # Whatever the server's or the role's defaults are: a commit is on the disk.
        settings = (
            f"SET statement_timeout = {patience_ms}; SET lock_timeout = {patience_ms}; "
            "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; "
            # Every read goes by a key. On young tables, of which the planner knows nothing
            # yet, it would read them whole, and keep that plan while they grow.
            "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
            # To plan a statement anew takes longer than to run it.
            "SET plan_cache_mode = force_generic_plan; SET jit = off"
        )
        self._opening = Opening(conninfo, settings, timeout_s)
        self._timeout_s = timeout_s
        self._ends_at: float | None = None
        self._clock = clock
        self._line: Line | None = None
        self._prepared: dict[str, str] = {}
        self._asked = False
        self._pause_s = PAUSE_S
        self._closed_until = 0.0
        self._reason = ""

    def require(self, statement: str) -> None:
        """Begin each connection from now on with one more statement, or there is none."""
        self._opening.require(statement)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Give all statements inside together no more time than one.

        A server that answers each of them just in time, as one that has just started may, would
        hold up the orders of a group for several times as long.
        """
        self._ends_at = self._clock() + self._timeout_s
        try:
            yield
        finally:
            self._ends_at = None

    def rows(self, query: LiteralString, parameters: Sequence[object] = ()) -> Rows:
        """Run one statement and return its rows; a transaction of its own unless one is open.

        Raises
        ------
        StoreUnavailable
            No answer in time, or no connection; what the statement did is not known.
        Overtaken
            What it rested on has changed, or it stood in another one's way.
        psycopg.Error
            The server refused the statement; it did nothing.
        """
        with self._heard() as line:
            cursor = line.execute(query, parameters, prepare=True, binary=True)
            return cursor.fetchall() if cursor.description is not None else []

    def look(self, query: LiteralString, parameters: Sequence[object]) -> Rows:
        """Run a statement that only reads; whatever speaks against it is ``StoreUnavailable``.

        Raises
        ------
        StoreUnavailable
            No answer in time, or a refusal, such as a database without these tables.
        """
        try:
            return self.rows(query, parameters)
        except psycopg.Error as error:
            raise StoreUnavailable(f"PostgreSQL: {words_of(error)}") from error

    def ask(self, query: LiteralString, parameters: Sequence[str | bytes]) -> None:
        """Send a statement whose rows ``answer`` returns; the server works on it meanwhile.

        Any other statement before that drops the answer. Placeholders are ``$1`` and so on; a
        parameter of bytes is in PostgreSQL's binary form.

        Raises
        ------
        StoreUnavailable
            No connection.
        """
        with self._heard() as line:
            name = self._prepared.get(query)
            if name is None:
                name = f"asked_{len(self._prepared)}"
                # By a statement: like any other it does not wait for ever.
                line.execute(f"PREPARE {name} AS {query}".encode())
                self._prepared[query] = name
            sent = [one if isinstance(one, bytes) else one.encode() for one in parameters]
            forms = [int(isinstance(one, bytes)) for one in parameters]
            line.pgconn.send_query_prepared(name.encode(), sent, forms, Format.BINARY)
            line.pgconn.flush()
            self._asked = True

    def answer(self) -> Rows | None:
        """Return the rows of the statement asked last, None when they were dropped.

        Raises
        ------
        StoreUnavailable
            No answer in time.
        psycopg.Error
            The server refused the statement.
        """
        if not self._asked:
            return None
        self._asked = False
        with self._heard() as line:
            (result,) = line.wait(execute(line.pgconn))
            if result.status != ExecStatus.TUPLES_OK:
                raise error_from_result(result)
            reader = Transformer(line)
            reader.set_pgresult(result)
            return reader.load_rows(0, result.ntuples, tuple)

    def script(self, statements: LiteralString) -> None:
        """Run several statements without parameters; see ``rows``."""
        with self._heard() as line:
            line.execute(statements)

    @contextmanager
    def transaction(self, kind: LiteralString = "BEGIN") -> Iterator[None]:
        """Commit what happens inside, or nothing of it when it raises."""
        self.script(kind)
        try:
            yield
            self.script("COMMIT")
        except BaseException:
            self.close()  # which rolls back, in whatever state the connection is
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._opening.drop()
        self._prepared.clear()
        self._asked = False

    @contextmanager
    def _heard(self) -> Iterator[Line]:
        """Give the connection; close it after an error that says nothing of the statement."""
        line = self._line or self._connect()
        try:
            if self._asked:
                self._asked = False
                line.wait(execute(line.pgconn))
            yield line
        except psycopg.Error as error:
            state = error.sqlstate
            if line.closed or line.broken or state is None:
                raise self._failed(error) from error
            if state in OVERTAKEN:
                raise Overtaken(str(error)) from error
            if state in UNFIT:
                raise StoreUnavailable(f"PostgreSQL: {words_of(error)}") from error
            if state.startswith(EARNED):
                raise
            # Whatever else: a page that is damaged, a table that somebody has altered, a statement
            # that the server has forgotten. The next connection begins with nothing of before.
            raise self._failed(error) from error
        # Reading goes on where somebody's lock stops every write: what works in between is no
        # reason to wait for the next write sooner, as orders that no limit is about wait with it.
        if self._pause_s > PAUSE_S and self._clock() >= self._closed_until + PAUSE_MAX_S:
            self._pause_s = PAUSE_S

    def _connect(self) -> Line:
        if not self._opening.is_underway and self._clock() < self._closed_until:
            raise StoreUnavailable(f"PostgreSQL: left alone for a moment after: {self._reason}")
        try:
            line = self._opening.line(self._left_s())
        except psycopg.Error as error:
            raise self._failed(error) from error
        # psycopg waits for ever by itself; every wait of a connection goes through this.
        wait = line.wait
        line.wait = lambda answer: wait(answer, timeout=self._left_s())  # type: ignore[method-assign, assignment, misc]  # see above
        self._line = line
        return line

    def _left_s(self) -> float:
        """Return how long a wait that begins now may take."""
        if self._ends_at is None:
            return self._timeout_s
        return max(0.0, self._ends_at - self._clock())

    def _failed(self, error: Exception) -> StoreUnavailable:
        self.close()
        now, reason = self._clock(), words_of(error)
        if now >= self._closed_until:
            self._closed_until, self._reason = now + self._pause_s, reason
            self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)
        return StoreUnavailable(f"PostgreSQL: {reason}")


def words_of(error: "Exception") -> str:
    """Return what a server says of an error: neither the statement nor the rows it was about."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return said or str(error).strip() or type(error).__name__
