"""``serving.json``: where the online store is and what it holds, written by materialisation."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from risk_service.adapters.whole_file import replace_file
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.features.schema import FeatureSchema

ENTITY_KEY_VERSION = 3
# How the address of a store begins that is no file, without and with TLS.
SHARED = ("redis://", "rediss://")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServedView(_Strict):
    """One feature view in the online store; its table is ``<project>_<name>``."""

    name: str
    join_key: str
    ttl_s: int
    features: tuple[str, ...]


class ServingManifest(_Strict):
    """What the reader must know of a materialisation.

    ``online_store`` is a file, or ``redis://host:port[,host:port]``, with ``rediss://`` for TLS.
    """

    format: int = 1
    project: str
    online_store: str
    schema_version: str
    entity_key_serialization_version: int
    views: tuple[ServedView, ...]
    materialized_until_us: int

    @property
    def is_shared(self) -> bool:
        """Tell whether the store is a Redis that several services read."""
        return self.online_store.startswith(SHARED)


def load_manifest(path: Path) -> ServingManifest:
    """Read ``serving.json``; a relative store path counts from the file's directory.

    Raises
    ------
    ConfigFault
        The file is absent or is no serving manifest.
    """
    try:
        manifest = ServingManifest.model_validate_json(path.read_bytes())
    except OSError as error:
        text = refusal("no_serving_manifest", path=path, error=error.strerror)
        raise ConfigFault(text) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        told = f"{place}: {first['msg']}" if place else first["msg"]
        text = refusal("broken_serving_manifest", path=path, error=told)
        raise ConfigFault(text) from error
    if manifest.is_shared:
        return manifest
    store = (path.parent / manifest.online_store).resolve()
    return manifest.model_copy(update={"online_store": str(store)})


def save_manifest(manifest: ServingManifest, path: Path) -> None:
    """Write the manifest so that a reader sees the old one or the new one, never half."""
    replace_file(path, manifest.model_dump_json(indent=2).encode())


def check_schema(manifest: ServingManifest, schema: FeatureSchema) -> None:
    """Refuse a store that was filled under another schema.

    Raises
    ------
    ConfigFault
        Versions, views or key layout differ.
    """
    if manifest.schema_version != schema.version:
        versions = {"found": manifest.schema_version, "wanted": schema.version}
        raise ConfigFault(refusal("store_of_other_schema", **versions))
    if manifest.entity_key_serialization_version != ENTITY_KEY_VERSION:
        found = manifest.entity_key_serialization_version
        raise ConfigFault(refusal("store_of_other_layout", found=found))
    served = {view.join_key: (view.name, view.ttl_s, view.features) for view in manifest.views}
    wanted = {
        view.join_key: (view.name, view.ttl_s, view.features) for view in schema.views.values()
    }
    if served != wanted:
        raise ConfigFault(refusal("store_of_other_views"))
