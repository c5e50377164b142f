"""Reads the actors file, at the start and on SIGHUP, and tells the trail who may do what.

A wrong file at a SIGHUP changes nothing.
"""

import asyncio
import json
import logging

from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.bootstrap.tasks import keep_on
from risk_service.config import Settings
from risk_service.domain.actor import OPERATOR
from risk_service.domain.audit import AuditFilter, AuditRow
from risk_service.rpc.actors import Actors, load_actors
from risk_service.rpc.changes import Changes

log = logging.getLogger(__name__)

LOADED = "actors.load"
ROWS_MAX = 1_000_000


def note_actors(trail: GovernanceFile, actors: Actors) -> None:
    """Write into the trail who may do what, unless the trail says just that already."""
    after = json.dumps(actors.known, sort_keys=True)
    rows = trail.rows(AuditFilter(action=LOADED, limit=ROWS_MAX))
    before = rows[-1].row.after if rows else "{}"
    if after != before:
        trail.append(
            AuditRow(
                at_us=trail.now_us(),
                actor_id=OPERATOR,
                action=LOADED,
                subject="actors",
                before=before,
                after=after,
            )
        )


async def reload_actors_on_signal(
    settings: Settings,
    actors: Actors,
    reload: asyncio.Event,
    changes: Changes,
    trail: GovernanceFile,
) -> None:
    """Serve the actors of the file again whenever ``reload`` is set."""

    async def step() -> float:
        await reload.wait()
        reload.clear()
        if settings.actors is not None:
            actors.use(await asyncio.to_thread(load_actors, settings.actors, settings.listen))
            await changes.run(lambda: note_actors(trail, actors))
            log.info("actors_reloaded")
        return 0.0

    await keep_on(step, "actors_not_reloaded")
