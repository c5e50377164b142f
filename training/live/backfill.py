"""History into the live state of a service that did not see it happen.

Without it a new service's windows would be empty for months while its models were trained
on full ones. The events of a prepared data set pass through the very records and clusters
that serve, under the stamps that the offline kernels use.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.adapters.live.checkpoint import Checkpoints
from risk_service.adapters.live.clusters_file import write_clusters
from risk_service.adapters.live.engines import fastest_keeper
from risk_service.adapters.live.records_file import FILE_NAME, Reached, RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.adapters.sqlite.lock import StateLock
from risk_service.adapters.sqlite.past_orders import FILE_NAME as PAST_ORDERS
from risk_service.adapters.sqlite.past_orders import write_past_orders
from risk_service.domain.errors import ConfigFault
from risk_service.domain.event import Event
from risk_service.domain.reported import PastOrder
from risk_service.domain.stamps import Stamps
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.links import LinkReader
from risk_service.features.clusters.snapshot import snapshot
from risk_service.features.clusters.state import ClusterState
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import ATTEMPT, past_order
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.tiles import DAY_US, MAX_AGE_US
from training.datasets.warehouse import ACTION_FIELDS, window_column
from training.windows.log import EventLog
from training.windows.warehouse_log import log_of_warehouse

# Called with events done and events in all.
Progress = Callable[[int, int], None]
# The place and the mark of a log that holds nothing yet: the service's own comes after.
NOTHING_LOGGED = (0, 0, "0::0")
GROUP = 256
CHUNK = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What was put into the state directory."""

    events: int
    records: int
    accounts: int
    orders: int


def silent(_done: int, _all: int) -> None:
    """Report nothing."""


def backfill(
    warehouse: Path, until: datetime, state: Path, progress: Progress = silent
) -> Backfilled:
    """Let the events of a warehouse before ``until`` count in windows and clusters.

    Parameters
    ----------
    state
        State directory of a service that has not decided anything yet.

    Raises
    ------
    ConfigFault
        The directory holds windows or decisions already, or is in use.
    DataFault
        A file of the warehouse is absent or has other columns.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = StateLock(state)
    try:
        _refuse_used(state)
        return _Backfill(log_of_warehouse(warehouse), warehouse, until).run(state, progress)
    finally:
        lock.release()


def _refuse_used(state: Path) -> None:
    for name in (FILE_NAME, PAST_ORDERS, "decisions.sqlite3"):
        if (state / name).exists():
            raise ConfigFault(
                f"{state}: holds {name} already; history goes into a fresh state directory"
            )


class _Backfill:
    """One backfill."""

    def __init__(self, log: EventLog, warehouse: Path, until: datetime) -> None:
        self._log = log
        self._warehouse = warehouse
        self._until_us = int(until.timestamp()) * 1_000_000
        self._rules = load_clusters().rules

    def run(self, state: Path, progress: Progress) -> Backfilled:
        """Count everything, write it, and return how much it was."""
        windows = load_windows()
        file = RecordsFile(state)
        try:
            store = EmbeddedWindowStore(
                compile_windows(windows),
                file,
                Stamps(0),
                lambda: self._until_us,
                keeper=fastest_keeper(),
            )
            reached = Reached(windows.version, *NOTHING_LOGGED)
            checkpoints = Checkpoints(store, file, lambda: reached)
            clusters: ClusterState[str] = ClusterState(self._rules)
            reader = LinkReader(windows, self._rules)
            done = 0
            for group in _groups(self._events()):
                counting = [one for one in group if one[0] >= self._windows_from_us()]
                if counting:
                    store.replay(counting)
                for a_us, event in group:
                    links = reader.links(event)
                    if links is not None:
                        clusters.apply(reader.account(event), links, a_us)
                if store.cache.dirty_count >= store.cache.records_max // 2:
                    checkpoints.write(pause_s=0.0)
                done += len(group)
                progress(done, self._total)
            checkpoints.write(pause_s=0.0)
            write_clusters(state, NOTHING_LOGGED[2], snapshot(clusters))
            return Backfilled(
                events=done,
                records=int(file.figures()["records"]),
                accounts=len(clusters.accounts.numbers),
                orders=write_past_orders(state, self._orders()),
            )
        finally:
            file.close()

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

    def _events(self) -> Iterator[tuple[int, Event]]:
        """Yield (stamp, event) of the history, in order of arrival.

        All of it: a cluster is as old as the first sight of its first account.
        """
        chosen = np.flatnonzero(self._log.a_us < self._until_us)
        self._total = len(chosen)
        yield from self._chosen(chosen)

    def _chosen(self, chosen: NDArray[np.int64]) -> Iterator[tuple[int, Event]]:
        """Yield (stamp, event) of some rows of the log."""
        log, texts, windows = self._log, self._texts(), load_windows()
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
        for name in load_windows().fields:
            parts = orders.read([window_column(name)]).column(0).chunks
            if actions is not None:
                known = name in ACTION_FIELDS
                missing = pa.array([""] * actions.num_rows, pa.string())
                parts += actions[name].chunks if known else [missing]
            found.append(pa.chunked_array(parts, pa.string()))
        return found


def _groups(events: Iterator[tuple[int, Event]]) -> Iterator[list[tuple[int, Event]]]:
    while group := list(islice(events, GROUP)):
        yield group
