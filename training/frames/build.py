"""Daily history: the stored features of every entity as Parquet, one file per view.

A row of an entity stamped at UTC midnight d holds what was recorded strictly before d;
there is a new row whenever a value changes, also when facts leave a window.
"""

import os
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from risk_service.features.schema import Feature, FeatureSchema, ViewSpec, load_schema
from training.frames.duck import connect
from training.frames.facts import load_facts
from training.frames.running import history
from training.frames.view_sql import Share, daily_sql, steps_sql
from training.progress import Progress, silent

# Bounds the memory: entities are built in shares of about this many orders' facts.
ORDERS_PER_SHARE = 100_000
ROW_GROUP_ROWS = 100_000
# Rows of the days after the last recorded fact would speak of days nobody observed.
HORIZON = """
CREATE TEMP TABLE horizon AS SELECT max(day) + 1 AS last_midnight FROM (
    SELECT day FROM orders UNION ALL SELECT day FROM events UNION ALL SELECT day FROM labels)
"""


def view_path(warehouse: Path, view: ViewSpec) -> Path:
    """Return where a view's history lies."""
    return warehouse / "features" / f"{view.name}.parquet"


def build_views(warehouse: Path, progress: Progress = silent) -> dict[str, Path]:
    """Build the history of every view of the schema.

    Parameters
    ----------
    warehouse
        Prepared data set; see ``training.datasets``.
    progress
        Called with the name of each view before it is made, how many are done, and how many
        there are.

    Returns
    -------
    The file of each view, by entity. A file is replaced only when it is complete.

    Raises
    ------
    DataFault
        A file of the warehouse is absent or has other columns.
    """
    schema = load_schema()
    paths = {}
    with connect(warehouse) as connection:
        progress("facts", 0, len(schema.views))
        load_facts(connection, warehouse)
        connection.execute(HORIZON)
        shares = _shares(connection)
        for number, (entity, view) in enumerate(schema.views.items()):
            progress(view.name, number, len(schema.views))
            paths[entity] = view_path(warehouse, view)
            _build_view(connection, view, features_of(schema, entity), shares, paths[entity])
    return paths


def _shares(connection: duckdb.DuckDBPyConnection) -> tuple[Share, ...]:
    row = connection.execute("SELECT count(*) FROM orders").fetchone()
    count = 1 + (row[0] if row else 0) // ORDERS_PER_SHARE
    return tuple(Share(number, count) for number in range(count))


def _build_view(
    connection: duckdb.DuckDBPyConnection,
    view: ViewSpec,
    features: tuple[Feature, ...],
    shares: tuple[Share, ...],
    path: Path,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    writer: pq.ParquetWriter | None = None
    for share in shares:
        for statement in daily_sql(view.entity, features, share):
            connection.execute(statement)
        steps = connection.execute(steps_sql(view.entity, features, share)).to_arrow_table()
        rows = history(view, features, steps)
        writer = writer or pq.ParquetWriter(partial, rows.schema, compression="zstd")
        writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
    if writer is not None:
        writer.close()
    os.replace(partial, path)


def features_of(schema: FeatureSchema, entity: str) -> tuple[Feature, ...]:
    """Return the stored features of one entity, in schema order."""
    return tuple(feature for feature in schema.stored if feature.entity == entity)
