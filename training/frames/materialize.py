"""Fill the online store from history, in Feast's own layout, and write ``serving.json``.

Feast's ``materialize`` does the work. What is ours: the interval of each view starts
after the last one that ended, so that a later call writes newer rows only, and the
manifest is replaced when everything is written, never before.
"""

import contextlib
import io
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feast import FeatureStore

from risk_service.adapters.feast_layout.manifest import (
    ENTITY_KEY_VERSION,
    SHARED,
    ServedView,
    ServingManifest,
    check_schema,
    load_manifest,
    save_manifest,
)
from risk_service.adapters.feast_layout.marks import write_marks
from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.features.schema import FeatureSchema, ViewSpec, load_schema
from training.frames.build import view_path
from training.frames.feast_repo import (
    apply_repo,
    apply_to,
    default_online,
    open_production,
    open_repo,
)
from training.progress import Progress, silent
from training.words import fault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MARK_TIMEOUT_S = 10.0


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
    _check_history(warehouse, schema)
    online = (online or default_online(warehouse)).resolve()
    since = _materialized_until(online, schema)
    if since is not None and until < since:
        told = {"since": since.isoformat(), "until": until.isoformat()}
        raise ConfigFault(fault("past_already", path=online, **told))
    apply_repo(warehouse, online)
    with open_repo(warehouse, online) as store:
        for view in schema.views.values():
            progress(view.name, 0, 0)
            start = until - timedelta(seconds=view.ttl_s) if since is None else since + MICROSECOND
            _write_view(store, view, start, until)
        manifest = _manifest(store.project, online.name, schema, until)
    save_manifest(manifest, manifest_path(online))
    return manifest


def materialize_production(
    warehouse: Path, until: datetime, serving: Path, progress: Progress = silent
) -> ServingManifest:
    """Bring the Redis of Feast's production configuration up to a time.

    Each host of the service needs the manifest: it is put in its place last.

    Parameters
    ----------
    serving
        The manifest, ``serving.json``; says up to when the store is filled already.

    Raises
    ------
    ConfigFault
        The store is already past that time, was filled under another schema, or is not configured.
    DataFault
        The warehouse holds no history.
    """
    schema = load_schema()
    _check_history(warehouse, schema)
    with open_production(warehouse) as store:
        address = _address(store.config.online_store.connection_string)
        since = _filled_until(serving, address, schema)
        if since is not None and until < since:
            told = {"since": since.isoformat(), "until": until.isoformat()}
            raise ConfigFault(fault("past_already", path=serving, **told))
        apply_to(store, warehouse)
        for view in schema.views.values():
            progress(view.name, 0, 0)
            start = until - timedelta(seconds=view.ttl_s) if since is None else since + MICROSECOND
            _write_view(store, view, start, until)
        manifest = _manifest(store.project, address, schema, until)
        _mark(store, manifest)
    serving.parent.mkdir(parents=True, exist_ok=True)
    save_manifest(manifest, serving)
    return manifest


def _address(connection_string: str) -> str:
    """Return where the servers are: Feast's text without its options, a password among them."""
    parts = connection_string.split(",")
    return SHARED + ",".join(part for part in parts if "=" not in part)


def _mark(store: FeatureStore, manifest: ServingManifest) -> None:
    """Leave in Redis how far it is filled, by which a reader tells that it has lost nothing."""
    parts = store.config.online_store.connection_string.split(",")
    options = dict(part.split("=", 1) for part in parts if "=" in part)
    is_tls = options.get("ssl", "").lower() == "true"
    login = Login(
        username=options.get("username", ""),
        password=options.get("password", ""),
        tls=ssl.create_default_context() if is_tls else None,
    )
    addresses = parse_addresses(manifest.online_store)
    cluster = Cluster(addresses, scripts=(), login=login, timeout_s=MARK_TIMEOUT_S)
    try:
        write_marks(cluster, manifest.project, manifest.materialized_until_us)
    finally:
        cluster.close()


def _filled_until(serving: Path, address: str, schema: FeatureSchema) -> datetime | None:
    """Return up to when that Redis is filled, None when nothing says so."""
    if not serving.exists():
        return None
    manifest = load_manifest(serving)
    if manifest.online_store != address:
        return None
    check_schema(manifest, schema)
    return EPOCH + timedelta(microseconds=manifest.materialized_until_us)


def _check_history(warehouse: Path, schema: FeatureSchema) -> None:
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


def _write_view(store: FeatureStore, view: ViewSpec, start: datetime, until: datetime) -> None:
    if start > until:
        return
    # Feast prints a banner per call; progress is the caller's.
    with contextlib.redirect_stdout(io.StringIO()):
        store.materialize(start, until, feature_views=[view.name])


def _manifest(
    project: str, online_store: str, schema: FeatureSchema, until: datetime
) -> ServingManifest:
    return ServingManifest(
        project=project,
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
