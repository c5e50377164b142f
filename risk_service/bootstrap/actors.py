"""Reads the actors file again on SIGHUP; a wrong one changes nothing."""

import asyncio
import logging

from risk_service.config import Settings
from risk_service.domain.errors import ConfigFault
from risk_service.rpc.actors import Actors, load_actors

log = logging.getLogger(__name__)


async def reload_actors_on_signal(
    settings: Settings, actors: Actors, reload: asyncio.Event
) -> None:
    """Serve the actors of the file again whenever ``reload`` is set."""
    while True:
        await reload.wait()
        reload.clear()
        if settings.actors is None:
            continue
        try:
            actors.use(await asyncio.to_thread(load_actors, settings.actors, settings.listen))
        except ConfigFault as error:
            log.error("actors_not_reloaded", extra={"error": str(error)})  # noqa: TRY400 - the message says it all
        else:
            log.info("actors_reloaded")
