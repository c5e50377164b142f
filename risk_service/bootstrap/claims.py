"""Builds what decides claims and promotion actions, and what verifies real names."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from risk_service.adapters.embedded import EmbeddedState
from risk_service.adapters.real_names import LocalStandIn, NoProvider
from risk_service.adapters.sqlite.assessments import SqliteAssessments
from risk_service.bootstrap.verified import OpenVerified
from risk_service.config import Settings
from risk_service.decisions.assessing.counting import Counting
from risk_service.decisions.assessing.group import Assessor
from risk_service.decisions.assessing.in_force import Searches
from risk_service.decisions.benefits.actions import Actions, BenefitAttempt
from risk_service.decisions.benefits.entries import BenefitEntries
from risk_service.decisions.benefits.judging import Judge
from risk_service.decisions.benefits.limits import BenefitLimits
from risk_service.decisions.benefits.policy import load_benefit_policy
from risk_service.decisions.benefits.tokenising import TokeniseBenefit
from risk_service.decisions.benefits.windows import ActionWindows
from risk_service.decisions.findings import Governing
from risk_service.decisions.linked import Linked
from risk_service.decisions.live import DecisionIds, Live
from risk_service.decisions.real_names.attempts import Attempts
from risk_service.decisions.real_names.policy import RealNamePolicy, load_real_name_policy
from risk_service.decisions.real_names.verified import Verified
from risk_service.decisions.real_names.verifying import Verifying
from risk_service.decisions.reasons import Reasons
from risk_service.decisions.refunds.claims import ClaimAttempt, RefundClaims
from risk_service.decisions.refunds.policy import load_refund_policy
from risk_service.decisions.refunds.scored import RefundScoring
from risk_service.decisions.scoring import Scoring
from risk_service.domain.errors import ConfigFault
from risk_service.features.schema import FeatureSchema
from risk_service.identity.tokenise import Tokeniser
from risk_service.ports import Clock, IdSource, RealNameVerifier, ReservationLedger
from risk_service.rpc.actors import is_loopback

CHALLENGE_TTL_US = 900_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RealNames:
    """Verified levels, and who verifies."""

    opened: OpenVerified
    verifying: Verifying
    attempts: Attempts
    policy: RealNamePolicy
    provider: RealNameVerifier
    threads: ThreadPoolExecutor

    @property
    def verified(self) -> Verified:
        """Return what accounts are verified to."""
        return self.opened.verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What claims and actions share with orders."""

    schema: FeatureSchema
    state: EmbeddedState
    live: Live
    linked: Linked
    scoring: Scoring
    reasons: Reasons
    governing: Governing
    ledger: ReservationLedger
    clock: Clock
    ids: IdSource
    tokeniser: Tokeniser
    real_names: RealNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Decides groups of claims and of actions."""

    store: SqliteAssessments
    refunds: Assessor[ClaimAttempt]
    actions: Assessor[BenefitAttempt]
    real_names: RealNames
    tokeniser: Tokeniser

    def close(self) -> None:
        """Let go of calls to the provider that still run."""
        self.real_names.threads.shutdown(wait=False, cancel_futures=True)
        self.real_names.opened.close()


def open_real_names(settings: Settings, opened: OpenVerified, clock: Clock) -> RealNames:
    """Return who verifies real names, and what accounts are verified to.

    Raises
    ------
    ConfigFault
        The stand-in is asked for on an address that others can reach.
    """
    policy = load_real_name_policy()
    return RealNames(
        opened=opened,
        verifying=Verifying(
            store=opened.store, verified=opened.verified, policy=policy, clock=clock
        ),
        attempts=Attempts(opened.store, policy, clock),
        policy=policy,
        provider=_provider(settings),
        threads=ThreadPoolExecutor(policy.calls_at_once_max, thread_name_prefix="real-names"),
    )


def build_claims(parts: Parts) -> Claims:
    """Return what decides claims and actions."""
    state, clock = parts.state, parts.clock
    windows = state.windows.store
    store = SqliteAssessments(state.events)
    searches = Searches(parts.schema, parts.governing)
    counting = Counting(windows=windows, count_links=parts.linked.count, stamps=state.stamps)
    stores = (store, state.events, state.store)
    return Claims(
        store=store,
        refunds=Assessor(
            _refunds(parts, searches).draft, stores, counting, clock, DecisionIds(parts.ids)
        ),
        actions=Assessor(
            _actions(parts, searches).draft, stores, counting, clock, DecisionIds(parts.ids)
        ),
        real_names=parts.real_names,
        tokeniser=parts.tokeniser,
    )


def _refunds(parts: Parts, searches: Searches) -> RefundClaims:
    policy = load_refund_policy()
    scoring = RefundScoring(
        live=parts.live,
        scoring=parts.scoring,
        reasons=parts.reasons,
        outcomes=policy.score_outcomes,
        order_decides=policy.order_decides,
    )
    return RefundClaims(orders=parts.state.store, scoring=scoring, policy=policy, searches=searches)


def _actions(parts: Parts, searches: Searches) -> Actions:
    state, policy = parts.state, load_benefit_policy()
    return Actions(
        tokenise=TokeniseBenefit(action=parts.tokeniser.action, verified=parts.real_names.verified),
        windows=ActionWindows(state.windows.store, parts.linked, state.compiled, state.stamps),
        entries=BenefitEntries(policy=policy),
        judge=Judge(policy=policy, limits=BenefitLimits(parts.ledger)),
        searches=searches,
        ids=parts.ids,
        challenge_ttl_us=CHALLENGE_TTL_US,
        feature_schema=parts.schema.version,
    )


def _provider(settings: Settings) -> RealNameVerifier:
    providers: dict[str, Callable[[], RealNameVerifier]] = {
        "none": NoProvider,
        "local": LocalStandIn,
    }
    if settings.real_name_provider == "local" and not is_loopback(settings.listen):
        raise ConfigFault(
            "real_name_provider: local is a stand-in that checks nobody; it is for loopback "
            "only. Choose none, or listen on 127.0.0.1"
        )
    return providers[settings.real_name_provider]()
