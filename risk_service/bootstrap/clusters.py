"""Opens what brings links to the clusters, and keeps clusters, links and windows up to date."""

import asyncio
import logging
import time

from risk_service.adapters.embedded import EmbeddedState, SharedWindows
from risk_service.adapters.live.outbox import Outbox, links_of_log
from risk_service.adapters.live.progress import Progress
from risk_service.adapters.live.recovery import Windows
from risk_service.adapters.live.shared_links import SharedLinks, log_name
from risk_service.bootstrap.tasks import keep_on
from risk_service.bootstrap.verified import shared_log
from risk_service.config import Settings
from risk_service.decisions.link_log import LinkLog, OwnLinks
from risk_service.decisions.linked import Linked
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.links import LinkReader
from risk_service.ports import Clock
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

# How often the clusters look for a night that is due, and whether they are to be saved.
CLUSTERS_EVERY_S = 10.0
# Own links are published so soon when no further group takes them along; those of others are
# asked for that often while no orders come.
PUBLISH_EVERY_S = 0.02
FOLLOW_EVERY_S = 0.1
AWAY_S = 1.0


def open_links(settings: Settings, state: EmbeddedState, clock: Clock, metrics: Metrics) -> LinkLog:
    """Return what brings links to the clusters: this service's own, or those of all.

    A Redis that does not answer yet stops no start.
    """
    clusters = state.clusters
    if clusters.place is None:
        return OwnLinks(clusters.state, state.logged_us)
    rules = load_clusters().rules
    stream = shared_log(settings, log_name(rules), clusters.place.origin)
    reader = LinkReader(state.compiled.window_set, rules)
    outbox = Outbox(links_of_log(state.tail, reader, rules))
    links = SharedLinks(
        clusters.state,
        clusters.place,
        stream,
        outbox,
        state.logged_us,
        lambda: metrics.shared_missed("links"),
    )
    metrics.watch_links(lambda: links.behind_s, lambda: links.unpublished)
    _catch_up(links, clock)
    return links


def _catch_up(links: SharedLinks, clock: Clock) -> None:
    """Come to the end of the log of links, so that the first order sees clusters as they are."""
    started_s, before = time.perf_counter(), links.state.applied
    progress = Progress("links_read", clock.now_us())
    while links.follow(clock.now_us()) and links.is_behind:
        progress.reached(links.reached_us, links.state.applied - before)
    ready_s = round(time.perf_counter() - started_s, 2)
    log.info("links_ready", extra={"events": links.state.applied - before, "ready_s": ready_s})


async def keep_clusters(state: EmbeddedState, linked: Linked, clock: Clock) -> None:
    """Begin and finish nightly runs in time, and save the clusters now and then."""

    async def step() -> float:
        linked.prepare(clock.now_us())
        if state.clusters.is_due():
            # The copy takes milliseconds, packing and writing a second or more.
            await asyncio.to_thread(state.clusters.taken())
        return CLUSTERS_EVERY_S

    await keep_on(step, "clusters_not_kept")


async def follow_links(links: LinkLog, clock: Clock) -> None:
    """Publish and apply links between groups of orders, and while none come."""
    if not isinstance(links, SharedLinks):
        return
    has_more, asked_s = False, time.monotonic()

    def step() -> float:
        nonlocal has_more, asked_s
        if has_more or links.has_news or time.monotonic() - asked_s >= FOLLOW_EVERY_S:
            has_more, asked_s = links.follow(clock.now_us()), time.monotonic()
        wait_s = AWAY_S if links.is_lost else PUBLISH_EVERY_S
        return 0.0 if has_more else wait_s

    await keep_on(step, "links_not_followed")


async def keep_windows(windows: Windows | SharedWindows) -> None:
    """Let what shared windows lack count in them, some events at a time between groups."""
    if isinstance(windows, SharedWindows):
        await keep_on(windows.store.step, "windows_not_healed")
