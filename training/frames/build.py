"""Daily history: the stored features of every entity as Parquet, one file per view.

A row of an entity stamped at UTC midnight d holds what was recorded strictly before d;
there is a new row whenever a value changes, also when facts leave a window.
"""

import os
from collections.abc import Callable
from pathlib import Path

from risk_service.features.schema import Feature, FeatureSchema, ViewSpec, load_schema
from training.frames.duck import connect, literal
from training.frames.facts import load_facts
from training.frames.view_sql import view_sql

Progress = Callable[[str], None]
# Rows of the days after the last recorded fact would speak of days nobody observed.
HORIZON = """
CREATE TEMP TABLE horizon AS SELECT max(day) + 1 AS last_midnight FROM (
    SELECT day FROM orders UNION ALL SELECT day FROM events UNION ALL SELECT day FROM labels)
"""


def silent(_: str) -> None:
    """Report nothing."""


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
        Called with a line of text before each view.

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
        progress("facts")
        load_facts(connection, warehouse)
        connection.execute(HORIZON)
        for entity, view in schema.views.items():
            progress(view.name)
            path = view_path(warehouse, view)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            connection.execute(
                f"COPY ({view_sql(view, features_of(schema, entity))}) TO {literal(partial)} "
                "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
            )
            os.replace(partial, path)
            paths[entity] = path
    return paths


def features_of(schema: FeatureSchema, entity: str) -> tuple[Feature, ...]:
    """Return the stored features of one entity, in schema order."""
    return tuple(feature for feature in schema.stored if feature.entity == entity)
