"""Fills an online store through Feast's own code, so that its layout is Feast's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource
from feast.types import Float64
from feast.value_type import ValueType

from risk_service.adapters.feast_layout.manifest import (
    ServedView,
    ServingManifest,
    save_manifest,
)
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.schema import ViewSpec, load_schema

PROJECT = "promoguard"
SERVICE = "all_v1"
ROWS_PER_WRITE = 2_000


def open_store(directory: Path) -> FeatureStore:
    """Return the Feast store of the bench."""
    return FeatureStore(repo_path=str(directory))


def fill_store(serving: Path, orders: Sequence[Order], until: datetime, seed: int) -> None:
    """Define the schema's views and write one seeded row per entity of the orders."""
    directory = serving.parent.resolve()
    directory.mkdir(parents=True)
    _write_settings(directory)
    store = open_store(directory)
    views = {name: _view(spec, directory) for name, spec in load_schema().views.items()}
    entities = [entity for view in views.values() for entity in _entities(view)]
    service = FeatureService(name=SERVICE, features=list(views.values()))
    store.apply([*entities, *views.values(), service])
    tokens = zip(*(entity_keys(order) for order in orders), strict=True)
    draw = np.random.default_rng(seed)
    for name, keys in zip(ENTITIES, tokens, strict=True):
        _write(store, load_schema().views[name], sorted(set(keys)), until, draw)
    _write_manifest(serving, until)


def _write_settings(directory: Path) -> None:
    settings = {
        "project": PROJECT,
        "provider": "local",
        "registry": {"registry_type": "file", "path": str(directory / "registry.db")},
        "online_store": {"type": "sqlite", "path": str(directory / "online.db")},
        "offline_store": {"type": "dask"},  # never asked: the bench reads online only
        "entity_key_serialization_version": 3,
    }
    (directory / "feature_store.yaml").write_text(yaml.safe_dump(settings))


def _entity(join_key: str) -> Entity:
    return Entity(name=join_key, join_keys=[join_key], value_type=ValueType.STRING)


def _entities(view: FeatureView) -> list[Entity]:
    return [_entity(name) for name in view.entities]


def _view(spec: ViewSpec, directory: Path) -> FeatureView:
    return FeatureView(
        name=spec.name,
        entities=[_entity(spec.join_key)],
        ttl=timedelta(seconds=spec.ttl_s),
        schema=[Field(name=name, dtype=Float64) for name in spec.features],
        source=FileSource(
            name=f"{spec.name}_source",
            path=str(directory / f"{spec.name}.parquet"),
            timestamp_field="event_timestamp",
        ),
    )


def _write(
    store: FeatureStore,
    spec: ViewSpec,
    keys: Sequence[str],
    until: datetime,
    draw: np.random.Generator,
) -> None:
    """Write counts as counters have them: many small, few large, some absent."""
    keys = [key for key in keys if key]
    values = np.floor(draw.lognormal(0.5, 1.2, size=(len(keys), len(spec.features))))
    values[draw.random(values.shape) < 0.05] = np.nan
    frame = pd.DataFrame(values, columns=list(spec.features))
    frame[spec.join_key] = keys
    frame["event_timestamp"] = until
    for start in range(0, len(frame), ROWS_PER_WRITE):
        store.write_to_online_store(spec.name, frame.iloc[start : start + ROWS_PER_WRITE])


def _write_manifest(serving: Path, until: datetime) -> None:
    schema = load_schema()
    manifest = ServingManifest(
        project=PROJECT,
        online_store="online.db",
        schema_version=schema.version,
        entity_key_serialization_version=3,
        views=tuple(
            ServedView(name=v.name, join_key=v.join_key, ttl_s=v.ttl_s, features=v.features)
            for v in schema.views.values()
        ),
        materialized_until_us=int(until.timestamp()) * 1_000_000,
    )
    save_manifest(manifest, serving)
