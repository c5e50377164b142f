"""Fill the online store from history, in Feast's own layout, and write ``serving.json``.

Feast's ``materialize`` does the work. What is ours: the interval of each view starts
after the last one that ended, so that a later call writes newer rows only, and the
manifest is replaced when everything is written, never before.
"""

import contextlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feast import FeatureStore

from risk_service.adapters.feast_layout.manifest import (
    ENTITY_KEY_VERSION,
    ServedView,
    ServingManifest,
    check_schema,
    load_manifest,
    save_manifest,
)
from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.features.schema import FeatureSchema, ViewSpec, load_schema
from training.frames.build import view_path
from training.frames.feast_repo import apply_to, default_online, open_repo
from training.progress import Progress, silent
from training.words import fault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def manifest_path(online: Path) -> Path:
    """Return where the manifest of an online store lies."""
    return online.parent / "serving.json"


def materialize(
    warehouse: Path,
    until: datetime,
    online: Path | None = None,
    progress: Progress = silent,
) -> ServingManifest:
    """Bring the online store up to a time; a second call writes newer rows only.

    Parameters
    ----------
    warehouse
        With history built.
    until
        Aware; rows stamped at or before it are written.
    online
        File of the online store; ``<warehouse>/feast/online.db`` by default.
    progress
        Called with a line of text before each view.

    Returns
    -------
    The manifest, also written as ``serving.json`` beside the online store.

    Raises
    ------
    ConfigFault
        The store is already past that time, or was filled under another schema.
    DataFault
        The warehouse holds no history.
    """
    schema = load_schema()
    check_history(warehouse, schema)
    online = (online or default_online(warehouse)).resolve()
    since = _materialized_until(online, schema)
    refuse_earlier(online, since, until)
    with open_repo(warehouse, online) as store:
        apply_to(store, warehouse)
        fill(store, since, until, progress)
        manifest = manifest_of(store, online.name, until)
    save_manifest(manifest, manifest_path(online))
    return manifest


def check_history(warehouse: Path, schema: FeatureSchema) -> None:
    """Refuse a warehouse without history.

    Raises
    ------
    DataFault
        Names the file that is missing.
    """
    for view in schema.views.values():
        if not (path := view_path(warehouse, view)).is_file():
            raise DataFault(str(path), None, fault("build_first"))


def _materialized_until(online: Path, schema: FeatureSchema) -> datetime | None:
    """Return up to when the store is filled, None when it must be filled from the start."""
    path = manifest_path(online)
    if not (path.exists() and online.exists()):
        # A store without a manifest may be half filled; a manifest without its store
        # would have only newer rows written: begin again.
        path.unlink(missing_ok=True)
        online.unlink(missing_ok=True)
        return None
    manifest = load_manifest(path)
    check_schema(manifest, schema)
    return EPOCH + timedelta(microseconds=manifest.materialized_until_us)


def refuse_earlier(place: Path, since: datetime | None, until: datetime) -> None:
    """Refuse to fill a store up to a time that it is past.

    Raises
    ------
    ConfigFault
        Names what says so.
    """
    if since is not None and until < since:
        told = {"since": since.isoformat(), "until": until.isoformat()}
        raise ConfigFault(fault("past_already", path=place, **told))


def fill(store: FeatureStore, since: datetime | None, until: datetime, progress: Progress) -> None:
    """Write all views up to a time: rows that are newer than ``since``, or all that still count."""
    for view in load_schema().views.values():
        progress(view.name, 0, 0)
        start = until - timedelta(seconds=view.ttl_s) if since is None else since + MICROSECOND
        _write_view(store, view, start, until)


def _write_view(store: FeatureStore, view: ViewSpec, start: datetime, until: datetime) -> None:
    if start > until:
        return
    # Feast prints a banner per call; progress is the caller's.
    with contextlib.redirect_stdout(io.StringIO()):
        store.materialize(start, until, feature_views=[view.name])


def manifest_of(store: FeatureStore, online_store: str, until: datetime) -> ServingManifest:
    """Return the manifest of a store that was filled up to a time."""
    schema = load_schema()
    return ServingManifest(
        project=store.project,
        online_store=online_store,
        schema_version=schema.version,
        entity_key_serialization_version=ENTITY_KEY_VERSION,
        views=tuple(
            ServedView(
                name=view.name, join_key=view.join_key, ttl_s=view.ttl_s, features=view.features
            )
            for view in schema.views.values()
        ),
        materialized_until_us=(until - EPOCH) // MICROSECOND,
    )
