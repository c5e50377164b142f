"""The floor of a durable answer: an echo that gathers calls and commits them to SQLite.

WAL, synchronous=FULL, one INSERT per call and one commit per gathered group, in the loop
thread: as the product commits, and nothing else of what the product does. The blob has
the size of the product's own record, which the bench measures and passes in.
"""

import asyncio
import sqlite3
from pathlib import Path

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.bench.servers.echo import listen_argument, serve, typical_answer


class Gather:
    """Collects calls until none came for ``quiet_s`` or the oldest waited ``max_s``."""

    def __init__(self, connection: sqlite3.Connection, record: bytes, times: tuple[float, float]):
        self._connection = connection
        self._record = record
        self._quiet_s, self._max_s = times
        self._group: list[tuple[str, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    def join(self, request_id: str) -> asyncio.Future[None]:
        """Return what is done once the call's record is on the disk."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if not self._group:
            self._due_s = loop.time() + self._max_s
        self._group.append((request_id, done))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(min(self._due_s, loop.time() + self._quiet_s), self._commit)
        return done

    def _commit(self) -> None:
        group, self._group, self._timer = self._group, [], None
        rows = [(request_id, self._record) for request_id, _ in group]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO answers VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")
        for _, done in group:
            if not done.done():
                done.set_result(None)


class CommittingEcho(risk_pb2_grpc.RiskServiceServicer):
    """Answers every order the same, once its record is durable."""

    def __init__(self, gather: Gather) -> None:
        self._answer = typical_answer()
        self._gather = gather

    async def ScoreOrder(  # noqa: N802  # the name in the contract
        self, request: risk_pb2.ScoreOrderRequest, context: object
    ) -> risk_pb2.ScoreOrderResponse:
        """Return the constant answer after the commit."""
        await self._gather.join(request.request_id)
        return self._answer


def open_database(path: Path) -> sqlite3.Connection:
    """Return a database that flushes every commit."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE answers (request_id TEXT PRIMARY KEY, record BLOB)")
    return connection


async def main() -> None:
    """Serve the committing echo."""
    parser = listen_argument()
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--record-bytes", type=int, required=True)
    parser.add_argument("--quiet-ms", type=float, default=0.5)
    parser.add_argument("--max-ms", type=float, default=2.0)
    args = parser.parse_args()
    # Not compressible by anyone on the way, and the same in every run.
    record = bytes(number * 151 % 256 for number in range(args.record_bytes))
    times = (args.quiet_ms / 1_000, args.max_ms / 1_000)
    gather = Gather(open_database(args.database), record, times)
    await serve(CommittingEcho(gather), args.listen)


if __name__ == "__main__":
    asyncio.run(main())
