"""History into the live state of a service that did not see it happen.

Without it a new service's windows would be empty for months while its models were trained
on full ones. The events of a prepared data set become the records and clusters that serve,
under the stamps that the offline kernels use: in the state directory, or the windows in Redis.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.adapters.live.clusters_file import write_clusters
from risk_service.adapters.live.engines import fastest_keeper
from risk_service.adapters.live.rebuild import Rebuild, Sink
from risk_service.adapters.live.records_file import FILE_NAME, Reached, RecordsFile
from risk_service.adapters.sqlite.lock import StateLock
from risk_service.adapters.sqlite.past_orders import FILE_NAME as PAST_ORDERS
from risk_service.adapters.sqlite.past_orders import write_past_orders
from risk_service.adapters.sqlite.tail import Logged
from risk_service.domain.errors import ConfigFault
from risk_service.domain.event import Event
from risk_service.domain.reported import PastOrder
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.links import LinkReader
from risk_service.features.clusters.snapshot import snapshot
from risk_service.features.clusters.state import ClusterState
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import ATTEMPT, past_order
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.tiles import DAY_US, MAX_AGE_US
from training.datasets.warehouse import ACTION_FIELDS, window_column
from training.live.sinks import Counted, Shared, no_file
from training.progress import Progress, silent
from training.windows.log import EventLog
from training.windows.warehouse_log import log_of_warehouse
from training.words import fault

# The place and the mark of a log that holds nothing yet: the service's own comes after.
NOTHING_LOGGED = (0, 0, "0::0")
TOLD_EVERY = 256
CHUNK = 20_000
# What makes the records keeps none of them.
NO_RECORDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What was put into the state directory, and ``records`` of windows there or in Redis."""

    events: int
    records: int
    accounts: int
    orders: int


def backfill(
    warehouse: Path,
    until: datetime,
    state: Path,
    progress: Progress = silent,
    shared: Shared | None = None,
) -> Backfilled:
    """Let the events of a warehouse before ``until`` count in windows and clusters.

    Parameters
    ----------
    state
        State directory of a service that has not decided anything yet.
    shared
        Where the windows go; None puts them into the state directory as well.

    Raises
    ------
    ConfigFault
        The directory holds windows or decisions already, or is in use; or Redis holds windows.
    DataFault
        A file of the warehouse is absent or has other columns.
    StoreUnavailable
        Redis or the disk did not take it all. A further run begins anew.
    """
    lock = StateLock(state)
    try:
        _refuse_used(state)
        return _Backfill(log_of_warehouse(warehouse), warehouse, until).run(state, progress, shared)
    finally:
        lock.release()


def _refuse_used(state: Path) -> None:
    _forget_half_done(state)
    for name in (FILE_NAME, PAST_ORDERS, "decisions.sqlite3"):
        if (state / name).exists():
            raise ConfigFault(fault("fresh_state", path=state, name=name))


def _forget_half_done(state: Path) -> None:
    """Delete the records of a backfill that was killed: they have reached nothing."""
    if (state / FILE_NAME).exists() and not (state / "decisions.sqlite3").exists():
        file = RecordsFile(state)
        is_whole = file.reached() is not None
        file.close()
        if not is_whole:
            RecordsFile.remove(state)


class _Backfill:
    """One backfill."""

    def __init__(self, log: EventLog, warehouse: Path, until: datetime) -> None:
        self._log = log
        self._warehouse = warehouse
        self._until_us = int(until.timestamp()) * 1_000_000
        self._rules = load_clusters().rules
        self._windows = load_windows()

    def run(self, state: Path, progress: Progress, shared: Shared | None) -> Backfilled:
        """Count everything, write it, and return how much it was."""
        clusters: ClusterState[str] = ClusterState(self._rules)
        chosen = np.flatnonzero(self._log.a_us < self._until_us)
        events = self._counting(chosen, clusters, progress)
        if shared is None:
            records = self._into_file(state, events, progress)
        else:
            records = self._into_redis(state, events, progress, shared)
        write_clusters(state, NOTHING_LOGGED[2], snapshot(clusters))
        return Backfilled(
            events=len(chosen),
            records=records,
            accounts=len(clusters.accounts.numbers),
            orders=write_past_orders(state, self._orders()),
        )

    def _into_file(self, state: Path, events: Iterator[Logged], progress: Progress) -> int:
        """Make the records of the state directory; return how many."""
        file = RecordsFile(state)
        try:
            records = self._made(state, file, (file, events), progress)
            file.write((), Reached(self._windows.version, *NOTHING_LOGGED))
            return records
        finally:
            file.close()

    def _into_redis(
        self, state: Path, events: Iterator[Logged], progress: Progress, shared: Shared
    ) -> int:
        """Make the records in Redis, if they are not there already; return how many."""
        history = shared.open_history(compile_windows(self._windows))
        try:
            if not history.begin(self._until_us, shared.existing):
                for _ in events:  # their links count in the clusters all the same
                    pass
                return 0
            with no_file(state) as file:
                records = self._made(state, file, (history, events), progress)
            history.finish()
            return records
        finally:
            history.close()

    def _made(
        self,
        state: Path,
        file: RecordsFile,
        filling: tuple[Sink, Iterator[Logged]],
        progress: Progress,
    ) -> int:
        """Make all records, through ``file`` into a sink; return how many there are."""
        sink, events = filling
        compiled, counted = compile_windows(self._windows), Counted(sink, progress)
        keeper = fastest_keeper()(compiled, file, NO_RECORDS)
        Rebuild(state, compiled, keeper).fill(counted, events, self._until_us - 1)
        return counted.records

    def _counting(
        self, chosen: NDArray[np.int64], clusters: ClusterState[str], progress: Progress
    ) -> Iterator[Logged]:
        """Yield the events that windows may still see, and let the links of all count.

        All of them: a cluster is as old as the first sight of its first account.
        """
        reader = LinkReader(self._windows, self._rules)
        windows_from_us = self._windows_from_us()
        for done, (a_us, event) in enumerate(self._chosen(chosen), start=1):
            links = reader.links(event)
            if links is not None:
                clusters.apply(reader.account(event), links, a_us)
            if a_us >= windows_from_us:
                yield Logged(a_us, 0, event)
            if done % TOLD_EVERY == 0 or done == len(chosen):
                progress("events", done, len(chosen))

    def _windows_from_us(self) -> int:
        return self._until_us - MAX_AGE_US - DAY_US

    def _orders(self) -> Iterator[tuple[str, PastOrder]]:
        """Yield the orders of the history: what becomes of them later counts as well."""
        log = self._log
        chosen = np.flatnonzero((log.a_us < self._until_us) & (log.kind == ATTEMPT))
        subject = chosen if log.subject is None else log.subject[chosen]
        file = pq.ParquetFile(self._warehouse / "orders.parquet")
        ids = file.read(["order_id"]).column(0).take(pa.array(subject)).to_pylist()
        for order_id, (_, attempt) in zip(ids, self._chosen(chosen), strict=True):
            yield order_id, past_order(attempt)

    def _chosen(self, chosen: NDArray[np.int64]) -> Iterator[tuple[int, Event]]:
        """Yield (stamp, event) of some rows of the log."""
        log, texts, windows = self._log, self._texts(), self._windows
        for start in range(0, len(chosen), CHUNK):
            rows = chosen[start : start + CHUNK]
            subject = rows if log.subject is None else log.subject[rows]
            fields = zip(
                *(column.take(pa.array(subject)).to_pylist() for column in texts), strict=True
            )
            columns = np.column_stack([log.column(name, rows) for name in windows.columns])
            times = zip(
                log.a_us[rows].tolist(),
                log.tau_us[rows].tolist(),
                log.kind[rows].tolist(),
                strict=True,
            )
            for place, ((a_us, tau_us, kind), of_event, numbers) in enumerate(
                zip(times, fields, columns.tolist(), strict=True)
            ):
                event_id = f"history-{start + place}"
                yield a_us, Event(event_id, kind, tau_us, of_event, tuple(numbers))

    def _texts(self) -> list[pa.ChunkedArray]:
        """Return the tokens of each field: one per order, then one per action."""
        orders = pq.ParquetFile(self._warehouse / "orders.parquet")
        action_file = self._warehouse / "actions.parquet"
        actions = pq.read_table(action_file) if action_file.is_file() else None
        found = []
        for name in self._windows.fields:
            parts = orders.read([window_column(name)]).column(0).chunks
            if actions is not None:
                known = name in ACTION_FIELDS
                missing = pa.array([""] * actions.num_rows, pa.string())
                parts += actions[name].chunks if known else [missing]
            found.append(pa.chunked_array(parts, pa.string()))
        return found
