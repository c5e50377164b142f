"""Fill the Redis of Feast's production configuration, and leave marks of how far.

Feast's ``materialize`` does the work. By the marks a reader tells a Redis that lost its memory from
one in which nobody has a history, and so does the next night's call: it begins anew then, where
writing newer rows only would let the loss pass for what is there.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from feast import FeatureStore

from risk_service.adapters.feast_layout.manifest import (
    ServingManifest,
    check_schema,
    load_manifest,
    save_manifest,
)
from risk_service.adapters.feast_layout.marks import all_there, write_marks
from risk_service.adapters.redis.addresses import (
    ENCRYPTED,
    PLAIN,
    Login,
    parse_addresses,
)
from risk_service.adapters.redis.cluster import Cluster
from risk_service.domain.errors import ConfigFault
from risk_service.features.schema import load_schema
from risk_service.identity.pem_files import load_pair, stamps_of
from training.frames.feast_repo import REDIS_VARIABLE, apply_to, open_production
from training.frames.materialize import EPOCH, check_history, fill, manifest_of, refuse_earlier
from training.progress import Progress, silent

TIMEOUT_S = 10.0
FILES_OF_TLS = ("ca_certs", "certfile", "keyfile")


def materialize_shared(
    warehouse: Path, until: datetime, serving: Path, progress: Progress = silent
) -> ServingManifest:
    """Bring the Redis up to a time; a later call writes newer rows only, unless some were lost.

    Each host of the service needs the manifest: it is put in its place last.

    Parameters
    ----------
    serving
        The manifest, ``serving.json``; says up to when the store was filled.

    Raises
    ------
    ConfigFault
        The store is already past that time, was filled under another schema, or is not configured.
    DataFault
        The warehouse holds no history.
    StoreUnavailable
        A server does not answer.
    """
    check_history(warehouse, load_schema())
    with open_production(warehouse) as store, _servers(store) as (address, cluster):
        since = _filled_until(serving, address, cluster)
        refuse_earlier(serving, since, until)
        apply_to(store, warehouse)
        fill(store, since, until, progress)
        manifest = manifest_of(store, address, until)
        write_marks(cluster, manifest.project, manifest.materialized_until_us)
    serving.parent.mkdir(parents=True, exist_ok=True)
    save_manifest(manifest, serving)
    return manifest


@contextmanager
def _servers(store: FeatureStore) -> Iterator[tuple[str, Cluster]]:
    """Give the address of the servers, without Feast's options, and a connection to them."""
    parts = store.config.online_store.connection_string.split(",")
    options = dict(part.split("=", 1) for part in parts if "=" in part)
    tls = _tls(options)
    hosts = ",".join(part for part in parts if "=" not in part)
    address = (PLAIN if tls is None else ENCRYPTED) + hosts
    login = Login(
        username=options.get("username", ""), password=options.get("password", ""), tls=tls
    )
    cluster = Cluster(parse_addresses(address), scripts=(), login=login, timeout_s=TIMEOUT_S)
    try:
        yield address, cluster
    finally:
        cluster.close()


def _tls(options: Mapping[str, str]) -> Callable[[], ssl.SSLContext] | None:
    """Return what encrypts connections as Feast's options of redis-py do, None for nothing.

    Raises
    ------
    ConfigFault
        One of their files cannot be used.
    """
    if options.get("ssl", "").lower() != "true":
        return None
    authority, certificate, key = (options.get(f"ssl_{name}") for name in FILES_OF_TLS)
    files = [Path(file) for file in (authority, certificate, key) if file]
    try:
        stamps_of(files)
        context = ssl.create_default_context(cafile=authority)
        if certificate:
            load_pair(context, Path(certificate), Path(key or certificate))
    except (ConfigFault, ssl.SSLError) as error:
        raise ConfigFault(f"{REDIS_VARIABLE}: {error}") from error
    if options.get("ssl_check_hostname", "").lower() == "false":
        context.check_hostname = False
    return lambda: context


def _filled_until(serving: Path, address: str, cluster: Cluster) -> datetime | None:
    """Return up to when those servers are filled, None when nothing says so or some was lost."""
    if not serving.exists():
        return None
    manifest = load_manifest(serving)
    if manifest.online_store != address:
        return None
    check_schema(manifest, load_schema())
    if not all_there(cluster, manifest.project, manifest.materialized_until_us):
        return None
    return EPOCH + timedelta(microseconds=manifest.materialized_until_us)
