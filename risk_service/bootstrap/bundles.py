"""Loads the model bundle at the start and on SIGHUP, and tells what is served."""

import asyncio
import logging
from collections.abc import Callable

from risk_service import __version__
from risk_service.bootstrap.tasks import keep_on
from risk_service.config import Settings
from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.features.schema import load_schema
from risk_service.models.last_good import Loaded, load_or_last_good
from risk_service.models.scorer import Scorer
from risk_service.models.signature import load_trusted
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)


def load_bundle(settings: Settings, metrics: Metrics) -> Scorer | None:
    """Return the models of the bundle, or of the last good one when it is refused.

    None when there is neither and the settings allow to serve without: rules, lists and
    limits then decide, until a signal brings a bundle.
    """
    try:
        loaded = _verified(settings)
    except (BundleRefused, ConfigFault) as error:
        if not settings.models_optional:
            raise
        log.error("serving_without_models", extra={"error": str(error)})  # noqa: TRY400 - the message says it all
        return None
    if loaded.refused is not None:
        _tell_refused(loaded.refused, metrics)
    _tell_served(loaded, metrics)
    return loaded.scorer


def _verified(settings: Settings) -> Loaded:
    trusted = load_trusted(settings.trust)
    return load_or_last_good(settings.bundle, settings.state, trusted, load_schema())


async def reload_on_signal(
    settings: Settings, metrics: Metrics, use: Callable[[Scorer], None], reload: asyncio.Event
) -> None:
    """Load the bundle again on SIGHUP, in a thread; a refused one changes nothing."""

    async def step() -> float:
        await reload.wait()
        reload.clear()
        try:
            loaded = await asyncio.to_thread(_verified, settings)
        except BundleRefused as error:
            _tell_refused(error, metrics)
            return 0.0
        if loaded.refused is not None:
            _tell_refused(loaded.refused, metrics)
            return 0.0
        use(loaded.scorer)
        _tell_served(loaded, metrics)
        return 0.0

    await keep_on(step, "bundle_not_reloaded")


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
