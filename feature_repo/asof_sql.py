"""The joins of ``asof`` as SQL: the newest available row of each view for each entity row."""
# ruff: noqa: S608 (names come from the registry and are quoted; paths are quoted)

from dataclasses import dataclass
from datetime import timedelta

import duckdb
import pandas as pd
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewJoin:
    """What the join of one view needs; ``columns`` maps features to answered names."""

    path: str
    keys: dict[str, str]
    columns: dict[str, str]
    timestamp: str
    created: str
    ttl: timedelta | None
    filter_created: bool


def join_all(
    connection: duckdb.DuckDBPyConnection, entity_df: pd.DataFrame | str, views: list[ViewJoin]
) -> str:
    """Leave one joined table per view and return the query that gathers them."""
    columns = _load_entities(connection, entity_df)
    for number, view in enumerate(views):
        connection.execute(_join_sql(number, view))
    return _gather_sql(columns, views)


def _load_entities(
    connection: duckdb.DuckDBPyConnection, entity_df: pd.DataFrame | str
) -> list[str]:
    if isinstance(entity_df, str):
        relation = f"read_parquet({literal(entity_df)})"
    else:
        connection.register("entity_frame", entity_df)
        relation = "entity_frame"
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    kinds = {row[0]: row[1] for row in described}
    moment = "event_timestamp"
    if moment not in kinds:
        frame = connection.execute(f"SELECT * FROM {relation} LIMIT 0").df()
        moment = infer_event_timestamp_from_entity_df(dict(frame.dtypes))
    # The row number keeps the caller's order through all joins.
    connection.execute(
        f"CREATE TEMP TABLE entities AS SELECT *, row_number() OVER () AS _row, "
        f"{quoted(moment)}::TIMESTAMPTZ AS _moment FROM {relation}"
    )
    return list(kinds)


def _join_sql(number: int, view: ViewJoin) -> str:
    stamp = f"{quoted(view.timestamp)}::TIMESTAMPTZ"
    created = f"{quoted(view.created)}::TIMESTAMPTZ" if view.created else stamp
    available = f"greatest({stamp}, {created})" if view.filter_created else stamp
    keys = ", ".join(quoted(key) for key in view.keys)
    matches = " AND ".join(f"e.{quoted(v)} = f.{quoted(k)}" for k, v in view.keys.items())
    answered = ", ".join(
        f"{_alive(view.ttl)} f.{quoted(feature)} END AS {quoted(alias)}"
        for feature, alias in view.columns.items()
    )
    # A row that becomes available when a newer one already is never is the newest.
    return f"""
CREATE TEMP TABLE joined_{number} AS
WITH rows AS (
    SELECT *, {stamp} AS _stamp, {created} AS _created, {available} AS _available
    FROM read_parquet({literal(view.path)})
), newest AS (
    SELECT * FROM rows
    QUALIFY _stamp >= max(_stamp) OVER (PARTITION BY {keys} ORDER BY _available, _stamp, _created)
        AND row_number() OVER (
            PARTITION BY {keys}, _available ORDER BY _stamp DESC, _created DESC) = 1
)
SELECT e._row, {answered}
FROM entities e ASOF JOIN newest f ON {matches} AND e._moment >= f._available
"""


def _alive(ttl: timedelta | None) -> str:
    if ttl is None:
        return "CASE WHEN true THEN"
    micros = int(ttl.total_seconds() * 1_000_000)
    return f"CASE WHEN epoch_us(e._moment) - epoch_us(f._stamp) <= {micros} THEN"


def _gather_sql(columns: list[str], views: list[ViewJoin]) -> str:
    answered = [f"e.{quoted(column)}" for column in columns]
    joins = []
    for number, view in enumerate(views):
        answered += [f"j{number}.{quoted(alias)}" for alias in view.columns.values()]
        joins.append(f"LEFT JOIN joined_{number} j{number} ON j{number}._row = e._row")
    return f"SELECT {', '.join(answered)} FROM entities e {' '.join(joins)} ORDER BY e._row"


def quoted(identifier: str) -> str:
    """Return a name as SQL has it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return a text as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"
