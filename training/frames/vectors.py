"""Model inputs of past orders: the warehouse's order columns, the frame, the one builder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.features.schema import Feature, load_schema
from risk_service.features.vector import VectorBuilder
from training.frames.point_in_time import point_in_time
from training.words import fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """``matrix`` has shape (orders, model inputs); row i belongs to ``order_ids[i]``."""

    order_ids: pa.ChunkedArray
    matrix: NDArray[np.float64]
    names: tuple[str, ...]


def frame_path(warehouse: Path) -> Path:
    """Return where the point-in-time frame of all orders is kept."""
    return warehouse / "features" / "frame.parquet"


def build_vectors(warehouse: Path, frame: Path | None = None) -> Vectors:
    """Form the model inputs of all orders of a warehouse, in its order.

    Parameters
    ----------
    frame
        From ``point_in_time``; made and kept in the warehouse when None and absent or
        older than the history.

    Raises
    ------
    DataFault
        Frame and orders do not belong together.
    """
    orders = warehouse / "orders.parquet"
    if frame is None:
        frame = frame_path(warehouse)
        if _outdated(frame, warehouse):
            point_in_time(warehouse, orders, frame)
    schema = load_schema()
    columns = pq.read_table(orders, columns=["order_id", *_names(schema.order)])
    stored = pq.read_table(frame, columns=["order_id", *_names((*schema.stored, *schema.live))])
    if not columns["order_id"].equals(stored["order_id"]):
        raise DataFault(str(frame), None, fault("other_orders"))
    matrix = VectorBuilder(schema).build(
        _matrix(columns, schema.order), _matrix(stored, schema.stored), _matrix(stored, schema.live)
    )
    return Vectors(order_ids=columns["order_id"], matrix=matrix, names=schema.names)


def _outdated(frame: Path, warehouse: Path) -> bool:
    if not frame.exists():
        return True
    made = frame.stat().st_mtime_ns
    views = [
        warehouse / "features" / f"{view.name}.parquet" for view in load_schema().views.values()
    ]
    return any(path.stat().st_mtime_ns > made for path in (*views, warehouse / "orders.parquet"))


def _names(features: tuple[Feature, ...]) -> list[str]:
    return [feature.name for feature in features]


def _matrix(table: pa.Table, features: tuple[Feature, ...]) -> NDArray[np.float64]:
    matrix = np.empty((table.num_rows, len(features)))
    for place, feature in enumerate(features):
        # Nulls become NaN: missing, as the reader gives it.
        matrix[:, place] = table[feature.name].cast(pa.float64()).to_numpy()
    return matrix
