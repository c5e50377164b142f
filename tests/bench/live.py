"""The embedded state over a log: bytes per entity, intake, and ready again after a crash.

A log of decisions and events is written, windows and clusters are made from all of it (as
after a change of their declaration). Events are taken in, and an ordinary checkpoint is
written; then so many come that the next one is just due, the process dies, and another
one opens the same directory. ``--events 5000000`` is the proof's size: it takes 10 GB of disk.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from itertools import islice
from pathlib import Path

from risk_service.adapters.clock import ReplayClock
from risk_service.adapters.embedded import EmbeddedState, open_state
from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.checkpoint import EVENTS_BETWEEN
from risk_service.adapters.live.clusters_file import FILE_NAME as CLUSTERS_NAME
from risk_service.adapters.live.engines import fastest_keeper
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.sqlite.decisions import FILE_NAME as LOG_NAME
from risk_service.decisions.link_log import OwnLinks
from risk_service.decisions.linked import Linked
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.windows.declaration import load_windows
from risk_service.intake.intake import Intake
from tests.bench.figures import Round, Row, number, ratio
from tests.bench.live_log import ATTEMPTS_SHARE, GROUP, Traffic, chunks, fill
from tests.fixtures.records import TOKENISER

EVENTS = 1_000_000
TAIL = EVENTS_BETWEEN - 1
CHUNKS = 4
# Attempts whose records are loaded to tell what one takes.
KEPT = 10_000

ROWS = (
    Row(title="events in the log, attempts included", value=number("events")),
    Row(title="log of decisions and events, GB", value=number("log_gb"), digits=2),
    Row(title="active entities and pairs (records)", value=number("records")),
    Row(
        title="bytes per active entity, packed record",
        value=ratio("packed_bytes", "records"),
    ),
    Row(title="bytes per active entity, file", value=ratio("file_bytes", "records")),
    Row(title="bytes per record kept in memory, as blocks", value=number("block_bytes")),
    Row(title="- as objects of Python, without numba", value=number("object_bytes")),
    Row(title="events taken in per second, one core", value=number("intake_per_s")),
    Row(title="a checkpoint after 20,000 events: records", value=number("checkpoint_records")),
    Row(title="- seconds", value=number("checkpoint_s"), digits=1),
    Row(title="events since the checkpoint when it crashed", value=number("replayed")),
    Row(title="ready again after the crash, s", value=number("ready_s"), digits=1),
    Row(title="- seconds of a core", value=number("ready_cpu_s"), digits=1),
    Row(title="- of it the windows, s", value=number("windows_s"), digits=1),
    Row(title="- of it the clusters, s", value=number("clusters_s"), digits=1),
    Row(title="windows made from the whole log, s", value=number("rebuild_s"), digits=1),
    Row(title="the same, events per second", value=ratio("events", "rebuild_s")),
    Row(title="- peak memory, MiB", value=number("rebuild_mib")),
    Row(title="clusters made from the whole log, s", value=number("clusters_rebuild_s"), digits=1),
    Row(title="windows and clusters made anew, seconds of a core", value=number("anew_cpu_s")),
    Row(title="a snapshot of the clusters: copy while orders wait, ms", value=number("copy_ms")),
    Row(title="- packed and written by a thread, s", value=number("snapshot_s"), digits=2),
    Row(title="- MB", value=number("snapshot_mb"), digits=1),
)


def run_round(events: int) -> Round:
    """Make a log, crash, open it again; each step in a process of its own."""
    directory = Path(tempfile.mkdtemp(prefix="bench-live-", dir="build"))
    found: Round = {}
    try:
        for step in STEPS:
            found |= _in_process(step, directory, events)
        return found
    finally:
        shutil.rmtree(directory)


def _in_process(step: str, directory: Path, events: int) -> Round:
    command = [sys.executable, "-m", "tests.bench.live", step, str(directory), str(events)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: Round = json.loads(done.stdout)
    return found


def _nothing(_: float) -> None:
    """Take no notice of a commit."""


def _take_in(state: EmbeddedState, traffic: Traffic, first: int) -> float:
    """Take events in through the use case, then log attempts; return events per second."""
    windows = state.windows.store
    declared = (load_windows(), load_clusters())
    linked = Linked(OwnLinks(state.clusters.state, state.logged_us), declared, windows)
    intake = Intake(
        tokenise=TOKENISER.action,
        orders=state.store,
        past=state.past_orders,
        log=state.events,
        windows=windows,
        count_links=linked.count,
        stamps=state.stamps,
        clock=ReplayClock(traffic.now_us),
    )
    attempts = TAIL // ATTEMPTS_SHARE
    reports = list(chunks(traffic, first, TAIL - attempts))
    started_s = time.perf_counter()
    pending = iter(reports)
    while group := list(islice(pending, CHUNKS)):
        for answer in intake.take(group):
            if isinstance(answer, Exception):
                raise answer
    taken_s = time.perf_counter() - started_s
    # Only the log has these: they are what a crash leaves to be read again.
    for start in range(0, attempts, GROUP):
        state.store.commit([traffic.attempt() for _ in range(min(GROUP, attempts - start))])
    return (TAIL - attempts) / taken_s


def write_log(directory: Path, events: int) -> Round:
    """Write a log; its windows are made from it afterwards, nothing must count now."""
    state = open_state(directory, _nothing)
    fill(state, Traffic(events), events)
    state.windows.housekeeper.stop()
    state.windows.file.condemn()
    _leave(state)
    return {"log_gb": (directory / LOG_NAME).stat().st_size / 1e9}


def make_anew(directory: Path, _: int) -> Round:
    """Make windows and clusters from the whole log; stop without a crash."""
    state = open_state(directory, _nothing)
    anew_cpu_s, started_s = time.process_time(), time.perf_counter()
    write = state.clusters.taken()
    copied_s = time.perf_counter()
    write()
    written_s = time.perf_counter()
    found = {
        **state.windows.file.figures(),
        "events": state.windows.replayed,
        "rebuild_s": state.windows.ready_s,
        "rebuild_mib": _peak_mib(),
        "anew_cpu_s": anew_cpu_s,
        "clusters_rebuild_s": state.clusters.ready_s,
        "copy_ms": 1000 * (copied_s - started_s),
        "snapshot_s": written_s - copied_s,
        "snapshot_mb": (directory / CLUSTERS_NAME).stat().st_size / 1e6,
    }
    state.close()
    return found


def add_tail(directory: Path, events: int) -> Round:
    """Take events in, write a checkpoint, take the next ones in; the caller dies afterwards."""
    traffic = Traffic(events)
    traffic.skip(events)
    state = open_state(directory, _nothing)
    state.windows.housekeeper.stop()
    intake_per_s = _take_in(state, traffic, events)
    _leave(state)
    state = open_state(directory, _nothing)
    state.windows.housekeeper.stop()
    records, started_s = state.windows.store.cache.dirty_count, time.perf_counter()
    state.windows.checkpoints.write()
    checkpoint_s = time.perf_counter() - started_s
    _take_in(state, traffic, 2 * events)
    return {
        "intake_per_s": intake_per_s,
        "checkpoint_records": records,
        "checkpoint_s": checkpoint_s,
    }


def _leave(state: EmbeddedState) -> None:
    """Stop without a checkpoint."""
    state.clusters.close()
    state.events.close()
    state.store.close()


def reopen(directory: Path, _: int) -> Round:
    """Open what a dead process has left."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    state = open_state(directory, _nothing)
    ready_s, ready_cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
    windows = state.windows
    found = {
        "ready_s": ready_s,
        "ready_cpu_s": ready_cpu_s,
        "windows_s": windows.ready_s,
        "clusters_s": state.clusters.ready_s,
        "replayed": float(windows.replayed),
        "peak_mib": _peak_mib(),
    }
    state.close()
    return found


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def keep(directory: Path, _: int) -> Round:
    """Load the records of the last attempts, as either keeper has them."""
    return {
        "block_bytes": _record_bytes(directory, fastest_keeper()),
        "object_bytes": _record_bytes(directory, RecordCache),
    }


def _record_bytes(directory: Path, keeper: MakeKeeper) -> float:
    """Return what a record takes, by what was allocated while records were loaded."""
    state = open_state(directory, _nothing, keeper=keeper)
    end, _ = state.tail.end()
    store, pending = state.windows.store, state.tail.after(end._replace(seq=end.seq - KEPT))
    tracemalloc.start()
    # They count in their records already: these are loaded and stay as they are.
    while group := list(islice(pending, GROUP)):
        store.replay([(logged.stamp_us, logged.event) for logged in group])
    del group
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = grown / len(store.cache)
    state.close()
    return found


STEPS = {"log": write_log, "anew": make_anew, "tail": add_tail, "open": reopen, "keep": keep}

if __name__ == "__main__":
    step, where, size = sys.argv[1:]
    found = STEPS[step](Path(where), int(size))
    print(json.dumps(found), flush=True)  # noqa: T201  # read by the parent process
    # As a crash: nothing is closed, no last checkpoint is written.
    os._exit(0)
