"""Builds the service: the only place that names concrete adapters.

Everything is open and loaded before the port is, so that whoever can connect finds a
server that is ready.
"""

from dataclasses import dataclass

from risk_service.adapters.clock import ReplayClock, SystemClock
from risk_service.adapters.embedded import EmbeddedState, OpenShared, open_state
from risk_service.adapters.ids import TimeSortedIds
from risk_service.adapters.key_mark import hold_to_key
from risk_service.adapters.redis.addresses import login_to, parse_addresses
from risk_service.adapters.served_features import ServedFeatures
from risk_service.adapters.shared.opening import SharedIn
from risk_service.adapters.shared.windows import Told
from risk_service.adapters.sqlite.lock import StateLock
from risk_service.bootstrap.bundles import load_bundle
from risk_service.bootstrap.claims import Claims, Parts, build_claims, open_real_names
from risk_service.bootstrap.clusters import open_links
from risk_service.bootstrap.governance import OpenGovernance, open_governance
from risk_service.bootstrap.ledger import open_ledger
from risk_service.bootstrap.verified import open_verified
from risk_service.config import Settings
from risk_service.decisions.cases import Cases
from risk_service.decisions.findings import InForce
from risk_service.decisions.limiting import Limiting
from risk_service.decisions.link_log import LinkLog
from risk_service.decisions.linked import Linked
from risk_service.decisions.live import DecisionIds, Live
from risk_service.decisions.pipeline import Pipeline
from risk_service.decisions.policy import load_policy
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.records import Records
from risk_service.decisions.scoring import Scoring
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.schema import load_schema
from risk_service.features.windows.declaration import load_windows
from risk_service.identity.keys import load_identity_key
from risk_service.identity.tokenise import Tokeniser
from risk_service.intake.intake import Intake
from risk_service.intake.reservations import Reservations
from risk_service.ports import Clock, ReservationLedger
from risk_service.server_access import access_of
from risk_service.telemetry import Metrics

SECOND_US = 1_000_000


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
    links: LinkLog
    linked: Linked
    clock: Clock
    governance: OpenGovernance
    ledger: ReservationLedger
    claims: Claims

    def close(self) -> None:
        """Close the stores; the last thing to do."""
        self.governance.close()
        self.ledger.close()
        self.claims.close()
        self.features.close()
        self.linked.close()
        self.state.clusters.save()
        self.state.close()
        self.lock.release()


def build(settings: Settings) -> Service:
    """Open every store and load the models."""
    metrics = Metrics()
    schema = load_schema()
    key = load_identity_key(settings.identity_key)
    lock = StateLock(settings.state)
    hold_to_key(settings.state, key)
    models = load_bundle(settings, metrics)
    features = _features(settings, metrics)
    state = _state(settings, metrics)
    clock, ids, tokeniser = _clock(settings), TimeSortedIds(), Tokeniser(key)
    stale_after_us = settings.features_stale_after_s * SECOND_US
    scoring = Scoring(schema, features, models, stale_after_us=stale_after_us)
    links = open_links(settings, state, clock, metrics)
    linked = Linked(links, (load_windows(), load_clusters()), state.windows.store)
    opened = open_governance(settings, tokeniser, clock)
    governing = opened.governance.governing
    ledger = open_ledger(settings, lambda: governing.now.limits, metrics.commit_done)
    parts = Parts(
        schema=schema,
        state=state,
        live=Live(state.windows.store, linked, state.compiled, state.stamps),
        linked=linked,
        scoring=scoring,
        reasons=load_reasons(schema),
        governing=governing,
        ledger=ledger,
        clock=clock,
        ids=ids,
        tokeniser=tokeniser,
        real_names=open_real_names(settings, open_verified(settings, state, clock, metrics), clock),
    )
    reservations = Reservations(ledger=ledger, count=metrics.reservation_to_look_into)
    return Service(
        settings=settings,
        metrics=metrics,
        lock=lock,
        state=state,
        features=features,
        pipeline=_pipeline(parts),
        intake=_intake(state, tokeniser, linked, clock, reservations),
        links=links,
        linked=linked,
        clock=clock,
        governance=opened,
        ledger=ledger,
        claims=build_claims(parts),
    )


def _pipeline(parts: Parts) -> Pipeline:
    policy, ids, store = load_policy(), parts.ids, parts.state.store
    return Pipeline(
        cases=Cases(
            tokenise=parts.tokeniser.order,
            store=store,
            decision_ids=DecisionIds(ids),
            verified=parts.real_names.verified.order,
        ),
        live=parts.live,
        scoring=parts.scoring,
        in_force=InForce(parts.schema, parts.governing),
        policy=policy,
        limiting=Limiting(policy, parts.ledger),
        records=Records(scoring=parts.scoring, policy=policy, reasons=parts.reasons, ids=ids),
        store=store,
        clock=parts.clock,
    )


def _features(settings: Settings, metrics: Metrics) -> ServedFeatures:
    return ServedFeatures(
        settings.features,
        metrics.features_until,
        access=access_of(settings, "features"),
        timeout_s=settings.features_timeout_ms / 1000,
    )


def _state(settings: Settings, metrics: Metrics) -> EmbeddedState:
    return open_state(
        settings.state,
        metrics.commit_done,
        records_max=settings.window_records_max,
        share=_shared_windows(settings, metrics),
    )


def _intake(
    state: EmbeddedState,
    tokeniser: Tokeniser,
    linked: Linked,
    clock: Clock,
    reservations: Reservations,
) -> Intake:
    return Intake(
        tokenise=tokeniser.action,
        orders=state.store,
        past=state.past_orders,
        log=state.events,
        windows=state.windows.store,
        count_links=linked.count,
        stamps=state.stamps,
        clock=clock,
        reservations=reservations,
    )


def _shared_windows(settings: Settings, metrics: Metrics) -> OpenShared | None:
    """Return what opens windows in Redis, or None when they stay in this process."""
    if settings.windows == "embedded":
        return None
    return SharedIn(
        parse_addresses(settings.windows),
        login=login_to(settings.windows, access_of(settings, "windows")),
        timeout_s=settings.windows_timeout_ms / 1000,
        told=Told(metrics.windows_behind, metrics.windows_healed, metrics.windows_damaged),
    )


def _clock(settings: Settings) -> Clock:
    if settings.replay_from is None:
        return SystemClock()
    return ReplayClock(int(settings.replay_from.timestamp() * SECOND_US))
