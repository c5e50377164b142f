"""The composition root: the only module that names concrete adapters.

Builds everything before the port is opened, so that whoever can connect finds a server
that is ready; then runs until SIGTERM.
"""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from prometheus_client import start_http_server

from risk_service import __version__
from risk_service.adapters.clock import ReplayClock, SystemClock
from risk_service.adapters.embedded import EmbeddedState, OpenShared, open_state
from risk_service.adapters.ids import TimeSortedIds
from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.adapters.served_features import ServedFeatures
from risk_service.adapters.sqlite.lock import StateLock
from risk_service.config import Settings
from risk_service.decisions.linked import Linked
from risk_service.decisions.live import DecisionIds, Live
from risk_service.decisions.lookup import Lookup
from risk_service.decisions.pipeline import Pipeline
from risk_service.decisions.policy import load_policy
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.scoring import Scoring
from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.schema import load_schema
from risk_service.features.windows.declaration import load_windows
from risk_service.identity.keys import load_identity_key
from risk_service.identity.payload import Fingerprinter
from risk_service.identity.tokenise import Tokeniser
from risk_service.intake.intake import Intake
from risk_service.models.last_good import Loaded, load_or_last_good
from risk_service.models.signature import load_trusted
from risk_service.ports import Clock
from risk_service.rpc.desk import Desk
from risk_service.rpc.event_stream import EventStream
from risk_service.rpc.gather import Gatherer, GatherLimits
from risk_service.rpc.server import RiskServer, ServerLimits
from risk_service.rpc.servicer import DeadlineRule, RiskServicer
from risk_service.rpc.validate import TimeWindow
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
GC_YOUNG_OBJECTS = 20_000
# Four chunks together hold up an order no longer than a group of orders does. How many wait
# is bounded by the streams: each has some messages on their way.
EVENT_CHUNKS = GatherLimits(
    quiet_s=0.0005, max_age_s=0.002, max_group=4, max_waiting=1_000_000, order_cost_s=0.002
)
# How often the clusters look for a night that is due, and after how many looks they are saved.
CLUSTERS_EVERY_S = 60.0
SAVE_EVERY_ROUNDS = 60
Ready = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that was built and must be closed again."""

    settings: Settings
    metrics: Metrics
    lock: StateLock
    state: EmbeddedState
    features: ServedFeatures
    pipeline: Pipeline
    intake: Intake
    linked: Linked
    clock: Clock

    def close(self) -> None:
        """Close the stores; the last thing to do."""
        self.features.close()
        self.linked.settle()
        self.state.clusters.save()
        self.state.close()
        self.lock.release()


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


def build(settings: Settings) -> Service:
    """Open every store and load the models."""
    metrics = Metrics()
    schema = load_schema()
    key = load_identity_key(settings.identity_key)
    lock = StateLock(settings.state)
    loaded = _load_bundle(settings, metrics)
    features = ServedFeatures(settings.features, metrics.features_until)
    state = open_state(
        settings.state,
        metrics.commit_done,
        records_max=settings.window_records_max,
        share=_shared_windows(settings),
    )
    clock, ids, tokeniser = _clock(settings), TimeSortedIds(), Tokeniser(key)
    scoring = Scoring(
        schema,
        features,
        loaded.scorer,
        stale_after_us=settings.features_stale_after_s * SECOND_US,
    )
    windows = state.windows.store
    declared = (load_windows(), load_clusters())
    linked = Linked(state.clusters.state, declared, windows, state.logged_us)
    pipeline = Pipeline(
        tokenise=tokeniser.order,
        live=Live(windows, linked, state.compiled, state.stamps),
        scoring=scoring,
        policy=load_policy(),
        reasons=load_reasons(schema),
        store=state.store,
        clock=clock,
        ids=ids,
        decision_ids=DecisionIds(ids),
    )
    intake = Intake(
        tokenise=tokeniser.action,
        orders=state.store,
        log=state.events,
        windows=windows,
        count_links=linked.count,
        stamps=state.stamps,
        clock=clock,
    )
    return Service(
        settings=settings,
        metrics=metrics,
        lock=lock,
        state=state,
        features=features,
        pipeline=pipeline,
        intake=intake,
        linked=linked,
        clock=clock,
    )


async def _serve(service: Service, on_ready: Ready) -> None:
    settings = service.settings
    stop, reload = _signals()
    server = RiskServer(
        _servicer(service),
        settings.listen,
        ServerLimits(
            message_bytes_max=settings.message_bytes_max,
            concurrent_calls_max=settings.concurrent_calls_max,
        ),
    )
    stop_metrics = _serve_metrics(settings, service.metrics)
    # What was built stays: a full collection would walk the models' tables for nothing. Orders
    # leave hardly any cycles, so what they allocate need not be looked through every 700 objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG_OBJECTS, 20, 20)
    await server.start()
    ready_s = _process_age_s()
    log.info("ready", extra={"address": server.address, "ready_s": round(ready_s, 2)})
    on_ready(server.address, ready_s)
    reloader = asyncio.create_task(_reload_on_signal(service, reload))
    nights = asyncio.create_task(_keep_clusters(service))
    await stop.wait()
    log.info("stopping", extra={"grace_s": settings.drain_grace_s})
    await server.stop(notice_s=settings.drain_notice_s, grace_s=settings.drain_grace_s)
    reloader.cancel()
    nights.cancel()
    stop_metrics()
    log.info("stopped")


def _servicer(service: Service) -> RiskServicer:
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
        gatherer=Gatherer(desk.answer, limits, service.metrics),
        desk=desk,
        lookup=Lookup(store=service.state.store),
        events=EventStream(
            gatherer=Gatherer(service.intake.take, EVENT_CHUNKS, service.metrics.event_groups),
            fingerprinter=fingerprinter,
            metrics=service.metrics,
        ),
        deadlines=DeadlineRule(
            default_s=settings.deadline_default_ms / 1000, cap_s=settings.deadline_cap_ms / 1000
        ),
        metrics=service.metrics,
    )


def _shared_windows(settings: Settings) -> OpenShared | None:
    """Return what opens windows in Redis, or None when they stay in this process."""
    if settings.windows == "embedded":
        return None
    addresses = parse_addresses(settings.windows.removeprefix("redis://"))
    login = Login(password=settings.windows_password.get_secret_value())
    timeout_s = settings.windows_timeout_ms / 1000
    return lambda compiled: RedisWindowStore(compiled, addresses, timeout_s=timeout_s, login=login)


def _clock(settings: Settings) -> Clock:
    if settings.replay_from is None:
        return SystemClock()
    return ReplayClock(int(settings.replay_from.timestamp() * SECOND_US))


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


def _load_bundle(settings: Settings, metrics: Metrics) -> Loaded:
    loaded = _verified(settings)
    if loaded.refused is not None:
        _tell_refused(loaded.refused, metrics)
    _tell_served(loaded, metrics)
    return loaded


def _verified(settings: Settings) -> Loaded:
    trusted = load_trusted(settings.trust)
    return load_or_last_good(settings.bundle, settings.state, trusted, load_schema())


async def _keep_clusters(service: Service) -> None:
    """Begin and finish nightly runs in time, and save the clusters now and then."""
    rounds = 0
    while True:
        await asyncio.sleep(CLUSTERS_EVERY_S)
        service.linked.prepare(service.clock.now_us())
        rounds += 1
        if rounds % SAVE_EVERY_ROUNDS == 0:
            # The copy takes milliseconds, packing and writing a second or more.
            await asyncio.to_thread(service.state.clusters.taken())


async def _reload_on_signal(service: Service, reload: asyncio.Event) -> None:
    """Load the bundle again on SIGHUP, in a thread; a refused one changes nothing."""
    while True:
        await reload.wait()
        reload.clear()
        try:
            loaded = await asyncio.to_thread(_verified, service.settings)
        except BundleRefused as error:
            _tell_refused(error, service.metrics)
            continue
        except ConfigFault as error:
            log.error("bundle_not_reloaded", extra={"error": str(error)})  # noqa: TRY400 - the message says it all
            continue
        if loaded.refused is not None:
            _tell_refused(loaded.refused, service.metrics)
            continue
        service.pipeline.scoring.use(loaded.scorer)
        _tell_served(loaded, service.metrics)


def _tell_refused(error: BundleRefused, metrics: Metrics) -> None:
    metrics.bundle_refused()
    log.error("bundle_refused", extra={"check": error.check, "error": str(error)})


def _tell_served(loaded: Loaded, metrics: Metrics) -> None:
    version = loaded.bundle.manifest.schema_version
    metrics.bundle_served(loaded.bundle.sha256, version)
    log.info(
        "bundle_served",
        extra={
            "bundle_sha256": loaded.bundle.sha256,
            "feature_schema": version,
            "version": __version__,
        },
    )


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    return stop, reload


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
