"""From a raw data set to the frame: prepared, featured, joined as of each order.

Every step is skipped when its result for the same data, key and schema lies there
already, so that a second training on one data set starts with fitting.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.features.schema import FeatureSchema
from risk_service.identity.keys import IdentityKey
from training.datasets.description import read_description
from training.datasets.prepare import prepare
from training.frames.build import build_views
from training.frames.feast_repo import apply_repo
from training.frames.live import build_live
from training.frames.point_in_time import point_in_time
from training.frames.vectors import build_vectors, frame_path
from training.progress import Progress, summed
from training.train.frame import ABSENT, Frame
from training.words import fault

MARK = "features/made_of.json"


def description_sha256(directory: Path) -> str:
    """Return the digest of ``dataset.toml``, which holds the digest of every file."""
    return hashlib.sha256((directory / "dataset.toml").read_bytes()).hexdigest()


def make_warehouse(
    data: Path, warehouse: Path, key: IdentityKey, schema: FeatureSchema, tell: Progress
) -> None:
    """Prepare the data set, build its history and join it to every order.

    Parameters
    ----------
    tell
        Called with each step as it begins, and with how far it is.

    Raises
    ------
    ConfigFault
        The warehouse was made of other data, with another key or for another schema.
    """
    if not (warehouse / "dataset.toml").exists():
        tell("prepare", 0, 0)
        prepare(data, key, warehouse, summed(tell, "prepare"))
    check_prepared(data, warehouse, key.key_id, schema.version)
    made_of = {
        "dataset": description_sha256(data),
        "key_id": key.key_id,
        "schema_version": schema.version,
    }
    mark = warehouse / MARK
    if mark.exists() and json.loads(mark.read_text("utf-8")) == made_of:
        return
    tell("history", 0, 0)
    build_views(warehouse, lambda _, done, total: tell("history", done, total))
    tell("live features", 0, 0)
    build_live(warehouse, lambda _, done, total: tell("live features", done, total))
    apply_repo(warehouse)
    tell("point-in-time join", 0, 0)
    point_in_time(warehouse, warehouse / "orders.parquet", frame_path(warehouse))
    mark.write_text(json.dumps(made_of), "utf-8")


def check_prepared(data: Path, warehouse: Path, key_id: str, schema_version: str) -> None:
    """Refuse a warehouse that was not made from these very files, with this key and schema.

    Raises
    ------
    ConfigFault
        Says what differs.
    """
    raw, made = read_description(data), read_description(warehouse)
    for what, wanted, found in (
        ("of_data_set", raw.files, made.files),
        ("of_identity_key", key_id, made.key_id),
        ("of_feature_schema", schema_version, made.schema_version),
    ):
        if wanted != found:
            raise ConfigFault(fault("other_warehouse", path=warehouse, what=fault(what)))


def load_frame(warehouse: Path, schema: FeatureSchema) -> Frame:
    """Read the prepared orders and form their model inputs, sorted by time."""
    columns = ["ordered_at", "account", "device", "payment", "payable_minor"]
    orders = pq.read_table(warehouse / "orders.parquet", columns=columns)
    vectors = build_vectors(warehouse, frame_path(warehouse))
    return Frame(
        order_id=vectors.order_ids.to_numpy(),
        ordered_at_us=orders.column("ordered_at").cast(pa.int64()).to_numpy(),
        account=_numbers(orders.column("account")),
        device=_numbers(orders.column("device")),
        payment=_numbers(orders.column("payment")),
        value_minor=orders.column("payable_minor").to_numpy().astype(np.float64),
        matrix=vectors.matrix,
        features=schema.names,
    )


def _numbers(tokens: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a number per token; an empty one, which means that there was none, is -1."""
    encoded = pc.dictionary_encode(tokens.combine_chunks())
    codes: NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    empty = pc.equal(encoded.dictionary, "").to_numpy(zero_copy_only=False)
    codes[empty[codes]] = ABSENT
    return codes
