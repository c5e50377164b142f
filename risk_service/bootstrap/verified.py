"""Opens verified levels: those of this service, or of all that share their windows."""

from dataclasses import dataclass

from risk_service.adapters.embedded import EmbeddedState
from risk_service.adapters.redis.addresses import login_to, parse_addresses
from risk_service.adapters.redis.shared_log import SharedLog
from risk_service.adapters.shared_verified import LOG_NAME, VerificationFeed
from risk_service.adapters.sqlite.shared_verifications import SqliteSharedVerifications
from risk_service.adapters.sqlite.verifications import SqliteVerifications
from risk_service.bootstrap.tasks import keep_on
from risk_service.config import Settings
from risk_service.decisions.real_names.verified import Verified
from risk_service.ports import Clock, VerificationStore
from risk_service.server_access import access_of
from risk_service.telemetry import Metrics

# A customer who was just verified comes back with the order a moment later.
FOLLOW_EVERY_S = 0.2
AWAY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVerified:
    """Verified levels, and what shares them; None in a service that is alone."""

    store: VerificationStore
    verified: Verified
    feed: VerificationFeed | None

    def close(self) -> None:
        """Publish what is durable and close what was opened here."""
        if self.feed is not None:
            self.feed.close()


def open_verified(
    settings: Settings, state: EmbeddedState, clock: Clock, metrics: Metrics
) -> OpenVerified:
    """Open the verifications beside the log, and the copy of those of other services."""
    own, place = SqliteVerifications(state.events), state.clusters.place
    if place is None:
        return OpenVerified(store=own, verified=Verified(own), feed=None)
    store = SqliteSharedVerifications(settings.state, own, place.origin)
    verified = Verified(store)
    shared = shared_log(settings, LOG_NAME, store.origin)
    feed = VerificationFeed(
        store, shared, verified.forget, lambda: metrics.shared_missed("verifications")
    )
    while feed.follow(clock.now_us()):
        pass
    return OpenVerified(store=store, verified=verified, feed=feed)


def shared_log(settings: Settings, name: str, origin: str) -> SharedLog:
    """Return a log of the Redis that keeps the windows."""
    return SharedLog(
        parse_addresses(settings.windows),
        name,
        origin,
        timeout_s=settings.windows_timeout_ms / 1000,
        login=login_to(settings.windows, access_of(settings, "windows")),
    )


async def follow_verified(feed: VerificationFeed | None, clock: Clock) -> None:
    """Publish and copy verifications now and then."""
    if feed is None:
        return

    def step() -> float:
        if feed.follow(clock.now_us()):
            return 0.0
        return AWAY_S if feed.is_lost else FOLLOW_EVERY_S

    await keep_on(step, "verifications_not_followed")
