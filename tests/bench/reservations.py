"""Reservations per second of both ledgers against a bare store of the same reservations.

Each reservation charges four counters and is one record. Groups of them go to each way in
turn. A bare store has a table of records and a table of counters, and lets a conditional write
grant each counter, in one transaction a group; its values are ready. Bare SQLite has the
settings of the embedded ledger, and a file of its own. The embedded ledger writes its counters
to their file now and then: that counts here, as often as there are groups for it. A sold-out
drop is refused by the ledger alone, and with Redis before it.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from risk_service.adapters.postgres.admission import Admission
from risk_service.adapters.postgres.connection import Session
from risk_service.adapters.postgres.ledger import PostgresLedger
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.admission import RedisAdmission
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.domain.grant import Demand
from risk_service.domain.reservation import HoldRequest, LedgerAnswer, Reserve
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import parse_limits
from tests.bench.bare_stores import Way, bare_postgres, bare_sqlite
from tests.bench.figures import Round, Row, number, ratio
from tests.bench.processes import cores
from tests.fixtures.counters import counters_of
from tests.fixtures.ledgers import SECOND_US, START_US, demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server
from tests.fixtures.redis_server import RedisServer, redis_server

GROUP = 64
GROUPS = 40
WARM_GROUPS = 5
REFUSED_GROUPS = 100
ITEMS = 50
TTL_US = 600 * SECOND_US
PATIENT_S = 30.0
SETTLED_GROUPS = 15
STOCK = 10_000_000
BOOK = parse_limits(
    "format = 1\n"
    + policy("stock", subject='{ any_of = ["GLOBAL"] }', cap=STOCK)
    + policy("person", subject='{ any_of = ["account", "device", "phone"] }', cap=2),
    "bench.toml",
)
SOLD_OUT = parse_limits(
    "format = 1\n"
    + policy("stock", subject='{ any_of = ["GLOBAL"] }', cap=0)
    + policy("person", subject='{ any_of = ["account", "device", "phone"] }', cap=2),
    "bench.toml",
)

ROWS = (
    Row(title="bare SQLite group commit, reservations/s", value=number("bare_sqlite")),
    Row(title="embedded ledger, reservations/s", value=number("embedded")),
    Row(
        title="embedded ledger / bare SQLite",
        value=ratio("embedded", "bare_sqlite"),
        digits=2,
        at_least=0.6,
    ),
    Row(title="bare PostgreSQL conditional write, reservations/s", value=number("bare_postgres")),
    Row(title="ledger on PostgreSQL, reservations/s", value=number("postgres")),
    Row(title="ledger on PostgreSQL + Redis, reservations/s", value=number("with_redis")),
    Row(
        title="ledger on PostgreSQL / bare conditional write",
        value=ratio("postgres", "bare_postgres"),
        digits=2,
    ),
    Row(
        title="ledger on PostgreSQL + Redis / bare conditional write",
        value=ratio("with_redis", "bare_postgres"),
        digits=2,
    ),
    Row(title="sold out, PostgreSQL alone, refusals/s", value=number("refused")),
    Row(title="sold out, Redis before it, refusals/s", value=number("refused_early")),
    Row(title="- PostgreSQL's own time, us/refusal, alone", value=number("refused_us")),
    Row(title="- the same, Redis before it", value=number("refused_early_us"), digits=1),
)


def run_round() -> Round:
    """Measure once; the servers have a core to themselves."""
    everywhere, core = os.sched_getaffinity(0), cores()
    with ExitStack() as opened:
        os.sched_setaffinity(0, {core.generator})
        postgres = opened.enter_context(postgres_server())
        redis = opened.enter_context(redis_server())
        os.sched_setaffinity(0, {core.server})
        opened.callback(os.sched_setaffinity, 0, everywhere)
        directory = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        embedded = opened.enter_context(_embedded(directory))
        figures = _rates(
            {
                "embedded": embedded.reserve,
                "bare_sqlite": opened.enter_context(bare_sqlite(directory)),
                "bare_postgres": opened.enter_context(bare_postgres(postgres)),
                "postgres": opened.enter_context(_shared(postgres, None)),
                "with_redis": opened.enter_context(_shared(postgres, redis)),
            },
            GROUPS,
        )
        figures |= _refusals(postgres, redis)
    return figures


def _rates(ways: dict[str, Way], groups: int) -> Round:
    """Return the reservations per second of each way, taken in turn group by group."""
    spent = dict.fromkeys(ways, 0.0)
    for place in range(-WARM_GROUPS, groups):
        demands = [_demand(place * GROUP + n) for n in range(GROUP)]
        for name, way in ways.items():
            started = time.perf_counter()
            way(demands)
            spent[name] += (time.perf_counter() - started) if place >= 0 else 0.0
    return {name: groups * GROUP / seconds for name, seconds in spent.items()}


def _demand(number_: int) -> Demand:
    """Return the demand of a new customer; identifiers are as long as tokens are."""
    subjects = {name: f"{name[:3]}_{number_:022d}" for name in ("device", "phone")}
    account = f"acc_{number_:022d}"
    asked = line(f"sku-{number_ % ITEMS}")
    return demand(f"order-{number_:012d}", asked, account=account, body="x", **subjects)


def _reserves(demands: Sequence[Demand]) -> list[Reserve]:
    return [Reserve(hold=HoldRequest(demand=one, ttl_us=TTL_US)) for one in demands]


def _granted(answers: Sequence[object]) -> None:
    """Stop a bench that measures refusals or errors."""
    for answer in answers:
        if not isinstance(answer, LedgerAnswer) or answer.grant is None:
            raise SystemExit(f"the ledger answered {answer!r}")
        if answer.grant.outcome is not Outcome.ALLOW:
            raise SystemExit(f"the ledger refused: {answer.grant}")


class _Embedded:
    """The embedded ledger, which writes its counters to their file every so many groups."""

    def __init__(self, directory: Path) -> None:
        self._store = SqliteDecisionStore(directory)
        self._ledger = SqliteLedger(directory, lambda: BOOK)
        self._groups = 0

    def reserve(self, demands: Sequence[Demand]) -> None:
        """Reserve through the ledger."""
        _granted(self._ledger.run(_reserves(demands), START_US))
        self._groups += 1
        if self._groups % SETTLED_GROUPS == 0:
            counters_of(self._ledger).settle()

    def close(self) -> None:
        """Close the files."""
        self._ledger.close()
        self._store.close()


def _embedded(directory: Path) -> "closing[_Embedded]":
    return closing(_Embedded(directory))


@contextmanager
def _shared(postgres: PostgresServer, redis: RedisServer | None) -> Iterator[Way]:
    ledger = _ledger(postgres.fresh_schema(), redis, BOOK)
    ledger.open()
    yield lambda demands: _granted(ledger.run(_reserves(demands), START_US))
    ledger.close()


def _ledger(address: str, redis: RedisServer | None, book: Any) -> PostgresLedger:
    admission = None
    if redis is not None:
        counters = RedisAdmission(parse_addresses(redis.address), timeout_s=PATIENT_S)
        admission = Admission(counters)
    session = Session(address, password=PASSWORD, timeout_s=PATIENT_S)
    return PostgresLedger(session, lambda: book, admission)


def _refusals(postgres: PostgresServer, redis: RedisServer) -> Round:
    """Return refusals per second of a drop that is sold out, and what they cost PostgreSQL."""
    figures: Round = {}
    for name, before in (("refused", None), ("refused_early", redis)):
        ledger = _ledger(postgres.fresh_schema(), before, SOLD_OUT)
        with closing(ledger):
            ledger.hold([HoldRequest(demand=_demand(-1), ttl_us=TTL_US)], START_US)
            # A counter that nobody ever charged has no figure to follow.
            _charge(ledger)
            pid = ledger._session.rows("SELECT pg_backend_pid()")[0][0]
            cpu_s, started = _cpu_s(pid), time.perf_counter()
            for place in range(REFUSED_GROUPS):
                demands = [_demand(10**6 + place * GROUP + n) for n in range(GROUP)]
                requests = [HoldRequest(demand=one, ttl_us=TTL_US) for one in demands]
                grants = ledger.hold(requests, START_US).grants
                if any(grant.outcome is not Outcome.DENY for grant in grants):
                    raise SystemExit("a sold-out drop sold something")
            count = REFUSED_GROUPS * GROUP
            figures[name] = count / (time.perf_counter() - started)
            figures[f"{name}_us"] = (_cpu_s(pid) - cpu_s) / count * 1e6
    return figures


def _charge(ledger: PostgresLedger) -> None:
    """Sell one unit of each item while there is stock, then refuse one of each."""
    selling, sold_out = (lambda: BOOK), ledger._book
    ledger._book = selling
    _granted(ledger.run(_reserves([_demand(n) for n in range(ITEMS)]), START_US))
    ledger._book = sold_out
    demands = [_demand(ITEMS + n) for n in range(ITEMS)]
    ledger.hold([HoldRequest(demand=one, ttl_us=TTL_US) for one in demands], START_US)


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process, to the kernel's hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
