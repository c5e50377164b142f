"""Feast definitions, generated from the one feature schema.

``feast apply`` finds the objects by their module attributes; ``feast_objects`` gives
them to the training half for a warehouse of its own. There are no UDFs: a registry
can hold code, and whoever can write it could run it.
"""

import os
from datetime import timedelta
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource
from feast.types import Float64
from feast.value_type import ValueType

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import EVENT_KEY, Feature, ViewSpec, load_schema

WAREHOUSE_VARIABLE = "PROMOGUARD_WAREHOUSE"
# All that the online store holds; a model's service also names what only joins offline.
ONLINE_SERVICE = "online_v1"
FeastObject = Entity | FeatureView | FeatureService


def feast_objects(warehouse: Path) -> list[FeastObject]:
    """Return entities, views and one feature service per model.

    Parameters
    ----------
    warehouse
        Where ``risk features build`` wrote ``features/<view>.parquet``.
    """
    schema = load_schema()
    known = {feature.name: feature for feature in schema.stored}
    entities = {
        name: Entity(name=name, join_keys=[view.join_key], value_type=ValueType.STRING)
        for name, view in schema.views.items()
    }
    views = [
        _feature_view(view, entities[name], known, warehouse) for name, view in schema.views.items()
    ]
    event = Entity(name="event", join_keys=[EVENT_KEY], value_type=ValueType.STRING)
    live = {feature.name: feature for feature in schema.live}
    # Served from the live records, which Feast does not know: offline only.
    online = FeatureService(name=ONLINE_SERVICE, features=[*views], tags={"schema": schema.version})
    views += [
        _feature_view(view, event, live, warehouse, online=False) for view in schema.event_views
    ]
    # Every model reads the full vector today; the service pins what it was trained on.
    services = [
        FeatureService(name=f"{abuse}_v1", features=[*views], tags={"schema": schema.version})
        for abuse in Abuse
    ]
    return [*entities.values(), event, *views, online, *services]


def _feature_view(
    view: ViewSpec,
    entity: Entity,
    known: dict[str, Feature],
    warehouse: Path,
    *,
    online: bool = True,
) -> FeatureView:
    source = FileSource(
        name=f"{view.name}_source",
        path=str(warehouse / "features" / f"{view.name}.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created_at",
    )
    fields = [
        Field(name=name, dtype=Float64, description=known[name].description_en)
        for name in view.features
    ]
    return FeatureView(
        name=view.name,
        entities=[entity],
        # Whole days only: Feast's DuckDB join cannot handle mixed units.
        ttl=timedelta(seconds=view.ttl_s),
        schema=fields,
        source=source,
        online=online,
    )


if WAREHOUSE_VARIABLE in os.environ:
    globals().update(
        {
            f"{type(found).__name__.lower()}_{found.name}": found
            for found in feast_objects(Path(os.environ[WAREHOUSE_VARIABLE]))
        }
    )
