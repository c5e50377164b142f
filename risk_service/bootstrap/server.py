"""The gRPC server of a built service: what calls go through, its handlers, its certificate."""

import logging
from collections.abc import Callable

from risk_service.bootstrap.build import SECOND_US, Service
from risk_service.bootstrap.reservations import limit_servicer
from risk_service.config import Settings
from risk_service.decisions.fail_policies import FailPolicies, limited_items
from risk_service.decisions.lookup import Lookup
from risk_service.domain.stamps import CLOCK_END_US
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

log = logging.getLogger(__name__)

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


def edge_of(service: Service) -> Edge:
    """Return what every call goes through: who may call, for how long, how many at once."""
    settings = service.settings
    return Edge(
        actors=load_actors(settings.actors, settings.listen),
        deadlines=DeadlineRule(
            default_s=settings.deadline_default_ms / 1000, cap_s=settings.deadline_cap_ms / 1000
        ),
        metrics=service.metrics,
        gate=Gate(
            streams_max=max(1, settings.concurrent_calls_max // STREAMS_SHARE),
            idle_s=settings.stream_idle_s,
        ),
    )


def server_of(service: Service, edge: Edge, changes: Changes) -> RiskServer:
    """Return the server with every service of the contract; it is not started."""
    settings = service.settings
    return RiskServer(
        _servicers(service, edge, changes),
        edge,
        settings.listen,
        ServerLimits(
            message_bytes_max=settings.message_bytes_max,
            concurrent_calls_max=settings.concurrent_calls_max,
        ),
        _certificates(settings),
    )


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
    """Return the times of order that are taken; a replay takes all that its clock can follow."""
    if settings.replay_from is not None:
        everything = TimeWindow(earliest_us=None, latest_us=CLOCK_END_US - 1)
        return lambda: everything
    past_us, future_us = settings.order_past_s * SECOND_US, settings.order_future_s * SECOND_US

    def around_now() -> TimeWindow:
        now_us = clock.now_us()
        return TimeWindow(earliest_us=now_us - past_us, latest_us=now_us + future_us)

    return around_now
