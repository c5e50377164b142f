"""``risk serve`` that writes down what its threads did when: ``traced FILE serve OPTIONS``.

A JSON file gets a row per group of orders and per piece of housekeeping, and the names of the
threads by their number in the kernel, when told SIGUSR1.
"""

import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from risk_service.cli.main import GRPC_EXPERIMENTS, main

# As ``risk`` sets it, before anything imports grpc: else another server would be traced.
os.environ.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)

from risk_service.adapters.live.checkpoint import Checkpoints
from risk_service.adapters.live.clusters_file import ClusterKeeper
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.flat.space import Space
from risk_service.adapters.live.flat.writing import FlatDirty
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.adapters.sqlite.counters import Counters
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.key_index import KeyIndex
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.adapters.sqlite.small_wal import SmallWal
from risk_service.rpc.gather import Gatherer

TRACED: tuple[tuple[Any, str, str], ...] = (
    (SqliteDecisionStore, "commit", "commit"),
    (SmallWal, "_start_afresh", "log: WAL starts afresh"),
    (SmallWal, "copy", "log: WAL copied"),
    (KeyIndex, "write_batch", "keys: batch"),
    (Counters, "_write_batch", "counters: batch"),
    (SqliteLedger, "expire", "holds ended"),
    (EmbeddedWindowStore, "observe", "windows: observe"),
    (Checkpoints, "_pack_slice", "windows: slice packed"),
    (RecordsFile, "write", "windows: written"),
    (FlatRecords, "take_dirty", "windows: dirty ones taken"),
    (FlatRecords, "make_room", "windows: records dropped"),
    (FlatDirty, "written", "windows: noted as written"),
    (Space, "grow", "windows: memory grows"),
    (Space, "_more_records", "windows: table grows"),
    (RecordsFile, "sweep", "windows: swept"),
    (ClusterKeeper, "taken", "clusters: copied"),
    (ClusterKeeper, "_write", "clusters: written"),
)
# Shorter ones found nothing to do.
LEAST_NS = 20_000


class Trace:
    """Rows of (name, begin, end, CPU), and of groups, in nanoseconds."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, int, int, int]] = []
        self.groups: list[tuple[int, int, int, int]] = []
        self._gc_ns = 0

    def wrap(self, owner: Any, method: str, name: str) -> None:
        """Note every call of a method."""
        call: Callable[..., Any] = getattr(owner, method)

        def traced(*arguments: object, **named: object) -> object:
            begin, cpu = time.perf_counter_ns(), time.thread_time_ns()
            try:
                return call(*arguments, **named)
            finally:
                end = time.perf_counter_ns()
                if end - begin >= LEAST_NS:
                    self.pieces.append((name, begin, end, time.thread_time_ns() - cpu))

        setattr(owner, method, traced)

    def group(self) -> None:
        """Note every group of orders: begin, end, CPU, size."""
        settle = Gatherer._settle

        def traced(gatherer: Any, group: list[Any]) -> None:
            begin, cpu = time.perf_counter_ns(), time.thread_time_ns()
            settle(gatherer, group)
            end, cpu = time.perf_counter_ns(), time.thread_time_ns() - cpu
            self.groups.append((begin, end, cpu, len(group)))

        Gatherer._settle = traced  # type: ignore[method-assign]  # what the trace is for

    def collected(self, phase: str, told: dict[str, int]) -> None:
        """Note what the garbage collector does; it calls this."""
        now = time.perf_counter_ns()
        if phase == "start":
            self._gc_ns = now
        else:
            name = f"garbage, generation {told['generation']}"
            self.pieces.append((name, self._gc_ns, now, 0))

    def write(self, path: Path) -> None:
        """Write all rows, whole or not at all."""
        partial = path.with_suffix(".partial")
        threads = {one.native_id: one.name for one in threading.enumerate()}
        rows = {"pieces": self.pieces[:], "groups": self.groups[:], "threads": threads}
        partial.write_text(json.dumps(rows))
        partial.replace(path)


if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    trace = Trace()
    for traced_method in TRACED:
        trace.wrap(*traced_method)
    trace.group()
    gc.callbacks.append(trace.collected)
    signal.signal(signal.SIGUSR1, lambda *_: trace.write(target))
    main()
