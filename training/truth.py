"""Reader of the ground truth: for evaluation and the demo only.

The truth lies in a directory of its own, beside the data set and never in it. Rooms
that train may not import this module; import-linter holds them to it.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from risk_service.domain.errors import DataFault
from risk_service.domain.vocabulary import Abuse
from training.words import fault

SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("account_id", pa.string()),
        ("abuse", pa.string()),
        ("strategy", pa.string()),
        ("ring_id", pa.string()),
        ("persona", pa.string()),
        ("blocked", pa.bool_()),
    ]
)


def read_truth(directory: Path) -> pa.Table:
    """Return who did what: one row per order of the world.

    Columns: order_id, account_id, abuse ("" when honest), strategy, ring_id, persona
    (kind of honest customer), blocked (by the policy inside the world).

    Raises
    ------
    DataFault
        The file is missing, is not Parquet, lacks a column, repeats an order or names
        an unknown abuse.
    """
    path = directory / "truth.parquet"
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataFault(str(path), None, fault("unreadable_truth", error=error)) from error
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise DataFault(str(path), None, fault("truth_column", name=missing[0]))
    try:
        table = table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataFault(str(path), None, fault("truth_type", error=error)) from error
    _check_rows(path, table)
    return table


def _check_rows(path: Path, table: pa.Table) -> None:
    known = pa.array(["", *(str(abuse) for abuse in Abuse)])
    odd = pc.fill_null(pc.invert(pc.is_in(table["abuse"], known)), True)
    if pc.any(odd).as_py():
        row = pc.index(odd, True).as_py()
        value = table["abuse"][row].as_py()
        raise DataFault(str(path), row + 1, fault("truth_abuse", value=value))
    if pc.count_distinct(table["order_id"], mode="all").as_py() != table.num_rows:
        raise DataFault(str(path), None, fault("truth_twice"))
