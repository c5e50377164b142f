"""Serves until SIGTERM: the gRPC server, its handlers, metrics, and what runs beside them."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path

import uvloop
from prometheus_client import start_http_server

from risk_service.bootstrap.actors import note_actors, reload_actors_on_signal
from risk_service.bootstrap.beside import keep_on, start_beside
from risk_service.bootstrap.build import SECOND_US, Service, build
from risk_service.bootstrap.bundles import reload_on_signal
from risk_service.bootstrap.clusters import follow_links, keep_clusters
from risk_service.bootstrap.governance import keep_looking
from risk_service.bootstrap.reservations import forget_reservations, limit_servicer
from risk_service.bootstrap.verified import follow_verified
from risk_service.bootstrap.windows import keep_windows
from risk_service.config import Settings
from risk_service.decisions.fail_policies import FailPolicies, limited_items
from risk_service.decisions.lookup import Lookup
from risk_service.domain.errors import ConfigFault
from risk_service.identity.keys import load_identity_key
from risk_service.identity.payload import Fingerprinter
from risk_service.ports import Clock
from risk_service.rpc.actors import is_loopback, load_actors
from risk_service.rpc.admin import AdminServicer
from risk_service.rpc.certificates import Certificates
from risk_service.rpc.changes import Changes
from risk_service.rpc.claims_desk import ClaimsDesk, NameTokens
from risk_service.rpc.claims_servicer import ClaimsServicer, Provider
from risk_service.rpc.desk import Desk
from risk_service.rpc.edge import DeadlineRule, Edge, Servicer
from risk_service.rpc.event_stream import EventStream
from risk_service.rpc.gate import Gate
from risk_service.rpc.gather import Gatherer, GatherLimits
from risk_service.rpc.server import RiskServer, ServerLimits
from risk_service.rpc.servicer import RiskServicer
from risk_service.rpc.validate import TimeWindow
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

# A pass over so many takes less than a millisecond; over ten times as many an order waits for it.
GC_YOUNG_OBJECTS = 2_000
GC_YOUNG_PASSES = 2
GC_MIDDLE_PASSES = 2_000
# Four chunks together hold up an order no longer than a group of orders does. How many wait
# is bounded by the streams: each has some messages on their way.
EVENT_CHUNKS = GatherLimits(
    quiet_s=0.0005, max_age_s=0.002, max_group=4, max_waiting=1_000_000, order_cost_s=0.002
)
# A claim reads and scores by itself, so that a few of them take as long as a group of orders.
CLAIMS = GatherLimits(
    quiet_s=0.0005, max_age_s=0.002, max_group=8, max_waiting=4096, order_cost_s=0.002
)
# Streams take at most one in so many of the calls at once, so that orders find room beside them.
STREAMS_SHARE = 4
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
    service = build(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(service, on_ready))
    finally:
        service.close()


async def _serve(service: Service, on_ready: Ready) -> None:
    settings = service.settings
    stop, reload_bundle, reload_actors = _signals()
    edge = Edge(
        actors=load_actors(settings.actors, settings.listen),
        deadlines=DeadlineRule(
            default_s=settings.deadline_default_ms / 1000, cap_s=settings.deadline_cap_ms / 1000
        ),
        metrics=service.metrics,
        gate=Gate(max(1, settings.concurrent_calls_max // STREAMS_SHARE), settings.stream_idle_s),
    )
    changes = Changes(service.governance.governance)
    note_actors(service.governance.file, edge.actors)
    server = RiskServer(
        _servicers(service, edge, changes),
        edge,
        settings.listen,
        ServerLimits(
            message_bytes_max=settings.message_bytes_max,
            concurrent_calls_max=settings.concurrent_calls_max,
        ),
        _certificates(settings),
    )
    stop_metrics = _serve_metrics(settings, service.metrics)
    # What was built stays: a full collection would walk the models' tables for nothing. Orders
    # leave hardly any cycles, so what they allocate need not be looked through every 700 objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG_OBJECTS, GC_YOUNG_PASSES, GC_MIDDLE_PASSES)
    await server.start()
    ready_s = _process_age_s()
    log.info("ready", extra={"address": server.address, "ready_s": round(ready_s, 2)})
    on_ready(server.address, ready_s)
    beside = start_beside(
        reload_on_signal(settings, service.metrics, service.pipeline.scoring.use, reload_bundle),
        reload_actors_on_signal(
            settings, edge.actors, reload_actors, changes, service.governance.file
        ),
        keep_clusters(service.state, service.linked, service.clock),
        follow_links(service.links, service.clock),
        follow_verified(service.claims.real_names.opened.feed, service.clock),
        keep_looking(changes.governance, changes.thread),
        _end_holds(service),
        keep_windows(service.state.windows),
        forget_reservations(service),
    )
    await stop.wait()
    log.info("stopping", extra={"grace_s": settings.drain_grace_s})
    await server.stop(notice_s=settings.drain_notice_s, grace_s=settings.drain_grace_s)
    for task in beside:
        task.cancel()
    changes.close()
    stop_metrics()
    log.info("stopped")


def _certificates(settings: Settings) -> Certificates | None:
    """Return the server's certificate; warns when tokens would cross a network in clear."""
    if settings.tls_certificate is None or settings.tls_key is None:
        if not is_loopback(settings.listen):
            log.warning("no_tls", extra={"address": settings.listen})
        return None
    return Certificates(
        certificate=settings.tls_certificate,
        key=settings.tls_key,
        client_authority=settings.tls_client_authority,
    )


def _servicers(service: Service, edge: Edge, changes: Changes) -> tuple[Servicer, ...]:
    """Return every service of the contract."""
    claims = _claims_servicer(service, edge)
    admin = AdminServicer(edge=edge, changes=changes, trail=service.governance.file)
    key = load_identity_key(service.settings.identity_key)
    window = _window(service.settings, service.clock)
    limits = limit_servicer(service, edge, changes, Fingerprinter(key), window)
    return (_risk_servicer(service, edge, claims), claims, admin, limits)


def _claims_servicer(service: Service, edge: Edge) -> ClaimsServicer:
    settings, claims = service.settings, service.claims
    names, tokeniser, observer = claims.real_names, claims.tokeniser, service.metrics.event_groups
    return ClaimsServicer(
        edge=edge,
        desk=ClaimsDesk(
            fingerprinter=Fingerprinter(load_identity_key(settings.identity_key)),
            window=_window(settings, service.clock),
            tokens=NameTokens(account=tokeniser.account, real_name=tokeniser.real_name),
        ),
        claims=Gatherer(claims.refunds.assess, CLAIMS, observer),
        benefits=Gatherer(claims.actions.assess, CLAIMS, observer),
        names=Gatherer(names.verifying.verify, CLAIMS, observer),
        verifying=names.verifying,
        attempts=names.attempts,
        provider=Provider(
            verifier=names.provider, timeout_s=names.policy.timeout_s, threads=names.threads
        ),
        metrics=service.metrics,
    )


def _risk_servicer(service: Service, edge: Edge, claims: ClaimsServicer) -> RiskServicer:
    settings = service.settings
    limits = GatherLimits(
        quiet_s=settings.group_quiet_ms / 1000,
        max_age_s=settings.group_age_max_ms / 1000,
        max_group=settings.group_orders_max,
        max_waiting=settings.waiting_orders_max,
    )
    fingerprinter = Fingerprinter(load_identity_key(settings.identity_key))
    desk = Desk(
        decide=service.pipeline.decide,
        fingerprinter=fingerprinter,
        window=_window(settings, service.clock),
        metrics=service.metrics,
    )
    return RiskServicer(
        edge=edge,
        gatherer=Gatherer(desk.answer, limits, service.metrics),
        desk=desk,
        lookup=Lookup(store=service.state.store, assessments=service.claims.store),
        events=EventStream(
            gatherer=Gatherer(service.intake.take, EVENT_CHUNKS, service.metrics.event_groups),
            fingerprinter=fingerprinter,
            metrics=service.metrics,
        ),
        fail_policies=FailPolicies(
            version=service.pipeline.policy.version,
            rules=service.pipeline.policy.fail,
            limited=lambda: limited_items(service.governance.governance.governing.now.limits),
        ),
        complete_action=claims.complete,
    )


def _window(settings: Settings, clock: Clock) -> Callable[[], TimeWindow]:
    """Return the times of order that are taken; a replay takes them as they come."""
    if settings.replay_from is not None:
        everything = TimeWindow(earliest_us=None, latest_us=None)
        return lambda: everything
    past_us, future_us = settings.order_past_s * SECOND_US, settings.order_future_s * SECOND_US

    def around_now() -> TimeWindow:
        now_us = clock.now_us()
        return TimeWindow(earliest_us=now_us - past_us, latest_us=now_us + future_us)

    return around_now


async def _end_holds(service: Service) -> None:
    """End reservations whose time is over, some at a time between groups of orders."""

    def step() -> float:
        ended = service.ledger.expire(service.clock.now_us())
        return HOLDS_PAUSE_S if ended else HOLDS_EVERY_S

    # Nothing is lost where it fails: what has expired counts no more.
    await keep_on(step, "holds_not_ended")


def _signals() -> tuple[asyncio.Event, asyncio.Event, asyncio.Event]:
    """Return what is set to stop, to load the bundle again, to read the actors again."""
    loop = asyncio.get_running_loop()
    stop, reload_bundle, reload_actors = asyncio.Event(), asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def reload() -> None:
        reload_bundle.set()
        reload_actors.set()

    loop.add_signal_handler(signal.SIGHUP, reload)
    return stop, reload_bundle, reload_actors


def _serve_metrics(settings: Settings, metrics: Metrics) -> Callable[[], None]:
    if settings.metrics_port is None:
        return lambda: None
    host = settings.listen.rpartition(":")[0].strip("[]")
    try:
        server, thread = start_http_server(
            settings.metrics_port, addr=host, registry=metrics.registry
        )
    except OSError as error:
        raise ConfigFault(f"metrics port {settings.metrics_port}: {error.strerror}") from error

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


def _process_age_s() -> float:
    """Return the seconds since the kernel started this process."""
    fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
    ticks_per_s = 100  # USER_HZ, fixed in the kernel's interface to user space
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / ticks_per_s
