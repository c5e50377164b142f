"""Serves until SIGTERM: the gRPC server, metrics, and the background tasks."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from risk_service.adapters.metrics_port import serve_metrics
from risk_service.bootstrap.actors import note_actors, reload_actors_on_signal
from risk_service.bootstrap.build import Service, build
from risk_service.bootstrap.bundles import reload_on_signal
from risk_service.bootstrap.clusters import follow_links, keep_clusters, keep_windows
from risk_service.bootstrap.governance import keep_looking
from risk_service.bootstrap.reservations import forget_reservations
from risk_service.bootstrap.server import edge_of, server_of
from risk_service.bootstrap.start_checks import check_start
from risk_service.bootstrap.tasks import keep_on, start_tasks
from risk_service.bootstrap.verified import follow_verified
from risk_service.config import Settings
from risk_service.domain.errors import ConfigFault
from risk_service.logs import lines_left_out
from risk_service.rpc.changes import Changes
from risk_service.rpc.edge import Edge
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

# A pass over so many takes less than a millisecond; over ten times as many an order waits for it.
GC_YOUNG_OBJECTS = 2_000
GC_YOUNG_PASSES = 2
GC_MIDDLE_PASSES = 2_000
HOLDS_EVERY_S = 1.0
# Ending some holds takes a millisecond or two; orders come first in between.
HOLDS_PAUSE_S = 0.005
Ready = Callable[[str, float], None]


def run(settings: Settings, on_ready: Ready) -> None:
    """Serve until SIGTERM or SIGINT; returns when every answer has left.

    Parameters
    ----------
    on_ready
        Told the address and the seconds since the process was started.

    Raises
    ------
    ConfigFault
        A file, the port or the state directory cannot be used.
    BundleRefused
        Neither the bundle nor a kept copy of the last good one passes verification.
    """
    check_start(settings)
    service = build(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(service, on_ready))
    finally:
        service.close()


async def _serve(service: Service, on_ready: Ready) -> None:
    settings, signals = service.settings, _heard()
    edge = edge_of(service)
    changes = Changes(service.governance.governance)
    note_actors(service.governance.file, edge.actors)
    server = server_of(service, edge, changes)
    service.metrics.watch_log(lines_left_out)
    stop_metrics = _serve_metrics(settings, service.metrics)
    collect_seldom()
    await server.start()
    ready_s = _process_age_s()
    log.info("ready", extra={"address": server.address, "ready_s": round(ready_s, 2)})
    on_ready(server.address, ready_s)
    tasks = _start_tasks(service, edge, changes, signals)
    await signals.stop.wait()
    log.info("stopping", extra={"grace_s": settings.drain_grace_s})
    await server.stop(notice_s=settings.drain_notice_s, grace_s=settings.drain_grace_s)
    for task in tasks:
        task.cancel()
    changes.close()
    stop_metrics()
    log.info("stopped")


def collect_seldom() -> None:
    """Spare orders the garbage collector.

    What was built stays: a full collection would walk the models' tables for nothing. Orders
    leave hardly any cycles, so what they allocate need not be looked through every 700 objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG_OBJECTS, GC_YOUNG_PASSES, GC_MIDDLE_PASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signals:
    """What is set to stop, to load the bundle again, to read the actors again."""

    stop: asyncio.Event
    reload_bundle: asyncio.Event
    reload_actors: asyncio.Event


def _heard() -> _Signals:
    """Hear SIGTERM, SIGINT and SIGHUP from now on."""
    loop = asyncio.get_running_loop()
    signals = _Signals(
        stop=asyncio.Event(), reload_bundle=asyncio.Event(), reload_actors=asyncio.Event()
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.stop.set)

    def reload() -> None:
        signals.reload_bundle.set()
        signals.reload_actors.set()

    loop.add_signal_handler(signal.SIGHUP, reload)
    return signals


def _start_tasks(
    service: Service, edge: Edge, changes: Changes, signals: _Signals
) -> tuple[asyncio.Task[None], ...]:
    """Start all that goes on beside the calls, and return the tasks."""
    settings = service.settings
    return start_tasks(
        reload_on_signal(
            settings, service.metrics, service.pipeline.scoring.use, signals.reload_bundle
        ),
        reload_actors_on_signal(
            settings, edge.actors, signals.reload_actors, changes, service.governance.file
        ),
        keep_clusters(service.state, service.linked, service.clock),
        follow_links(service.links, service.clock),
        follow_verified(service.claims.real_names.opened.feed, service.clock),
        keep_looking(changes.governance, changes.thread),
        _end_holds(service),
        keep_windows(service.state.windows),
        forget_reservations(service),
    )


async def _end_holds(service: Service) -> None:
    """End reservations whose time is over, some at a time between groups of orders."""

    def step() -> float:
        ended = service.ledger.expire(service.clock.now_us())
        return HOLDS_PAUSE_S if ended else HOLDS_EVERY_S

    # Nothing is lost where it fails: what has expired counts no more.
    await keep_on(step, "holds_not_ended")


def _serve_metrics(settings: Settings, metrics: Metrics) -> Callable[[], None]:
    if settings.metrics_port is None:
        return lambda: None
    host = settings.listen.rpartition(":")[0].strip("[]")
    try:
        return serve_metrics(host, settings.metrics_port, metrics.registry)
    except OSError as error:
        raise ConfigFault(f"metrics port {settings.metrics_port}: {error.strerror}") from error


def _process_age_s() -> float:
    """Return the seconds since the kernel started this process."""
    fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
    ticks_per_s = 100  # USER_HZ, fixed in the kernel's interface to user space
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / ticks_per_s
