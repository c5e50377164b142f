"""Frames for training: every order with its history as it was known at the order."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from feast.infra.offline_stores.file_source import SavedDatasetFileStorage

from risk_service.domain.vocabulary import Abuse
from risk_service.features.entities import ENTITIES
from risk_service.features.schema import EVENT_KEY, load_schema
from training.frames.duck import connect, literal, name
from training.frames.feast_repo import open_repo


def point_in_time(warehouse: Path, orders: Path, out: Path) -> Path:
    """Join stored and live features to orders through Feast.

    Stored ones: the newest row at or before the order. Live ones: the order's own row.

    Parameters
    ----------
    warehouse
        With history and live features built and applied.
    orders
        Parquet with order_id, ordered_at and the entity columns, such as the
        warehouse's own ``orders.parquet``.
    out
        Written: order_id, the stored and the live features in schema order, NULL where
        missing or older than the view's TTL; rows in the order of ``orders``.
    """
    schema = load_schema()
    joined_names = ", ".join(name(f.name) for f in (*schema.stored, *schema.live))
    keys = ", ".join(ENTITIES)
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=out.parent, prefix=".frame-") as folder,
        connect(out.parent) as duck,
    ):
        entities, joined = Path(folder) / "entities.parquet", Path(folder) / "joined.parquet"
        duck.execute(
            f"COPY (SELECT order_id, order_id AS {EVENT_KEY}, "  # noqa: S608 (own names)
            f"ordered_at AS event_timestamp, {keys} "
            f"FROM read_parquet({literal(orders)})) TO {literal(entities)} (FORMAT parquet)"
        )
        _join(warehouse, entities, joined)
        partial = Path(folder) / "frame.parquet"
        duck.execute(
            f"COPY (SELECT order_id, {joined_names} FROM read_parquet({literal(joined)})) "  # noqa: S608 (own names)
            f"TO {literal(partial)} (FORMAT parquet, COMPRESSION zstd)"
        )
        os.replace(partial, out)
    return out


def _join(warehouse: Path, entities: Path, joined: Path) -> None:
    with open_repo(warehouse) as store:
        # All services name the same views today: one frame serves the three models.
        service = store.get_feature_service(f"{Abuse.SCALPING}_v1")
        job = store.get_historical_features(
            entity_df=str(entities), features=service, filter_by_created_timestamp=True
        )
        job.persist(SavedDatasetFileStorage(path=str(joined)), allow_overwrite=True)
