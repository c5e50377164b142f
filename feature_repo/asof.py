"""Feast offline store that joins by DuckDB ASOF, one view at a time.

Feast's own DuckDB store joins by inequality and explodes with history; its default
store drops rows. The answer equals Feast's: the newest row with
``event time <= order time <= event time + ttl``, both inclusive, among rows created by
then when the caller asks for the filter. Views are joined one after the other, because
chained ASOF joins hold all of them in memory. The entity frame may be a Parquet file.
"""
# ruff: noqa: S608 (names come from the registry and are quoted; paths are quoted)

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
import pyarrow as pa
from feast.data_source import DataSource
from feast.feature_view import FeatureView
from feast.infra.offline_stores.file_source import FileSource, SavedDatasetFileStorage
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df
from feast.infra.registry.base_registry import BaseRegistry
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.repo_config import FeastConfigBaseModel, RepoConfig
from feast.saved_dataset import SavedDatasetStorage


class AsofDuckDBOfflineStoreConfig(FeastConfigBaseModel):
    """Configuration: threads and memory of one join; what does not fit spills to disk."""

    type: str = "feature_repo.asof.AsofDuckDBOfflineStore"
    threads: int = 2
    memory_limit: str = "3GB"


class AsofDuckDBOfflineStore(OfflineStore):
    """Offline store over Parquet files; needs DuckDB and nothing else of Feast's extras."""

    supports_filter_by_created_timestamp = True

    @staticmethod
    def get_historical_features(  # noqa: PLR0913 (Feast's interface)
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Return a job that joins the newest row of each view to each entity row.

        Parameters
        ----------
        entity_df
            DataFrame, or the path of a Parquet file.
        filter_by_created_timestamp
            Leave out rows created after the entity row's time.
        """
        del registry, project, start_date, end_date
        if entity_df is None:
            raise ValueError("an entity frame is needed: a DataFrame or the path of a Parquet file")
        views = [
            _view_join(view, feature_refs, full_feature_names, filter_by_created_timestamp)
            for view in feature_views
        ]
        keys = sorted({key for view in views for key in view.keys.values()})
        return DuckDBJob(
            config,
            lambda connection: _join_all(connection, entity_df, views),
            RetrievalMetadata(features=feature_refs, keys=keys),
        )

    @staticmethod
    def pull_latest_from_table_or_query(  # noqa: PLR0913 (Feast's interface)
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime,
        end_date: datetime,
    ) -> RetrievalJob:
        """Return a job for the newest row per entity between two times, both inclusive."""
        stamps = [timestamp_field, *filter(None, [created_timestamp_column])]
        keys = ", ".join(map(_name, join_key_columns))
        newest = ", ".join(f"{_name(stamp)} DESC" for stamp in stamps)
        rows = _between(
            data_source, [*join_key_columns, *feature_name_columns, *stamps], start_date, end_date
        )
        # In key order, so that the online store's B-trees grow at their right edge: half the time.
        query = (
            f"{rows} QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {newest}) = 1 "
            f"ORDER BY {keys}"
        )
        return DuckDBJob(config, lambda _: query, None)

    @staticmethod
    def pull_all_from_table_or_query(  # noqa: PLR0913 (Feast's interface)
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Return a job for all rows between two times, both inclusive."""
        stamps = [timestamp_field, *filter(None, [created_timestamp_column])]
        query = _between(
            data_source, [*join_key_columns, *feature_name_columns, *stamps], start_date, end_date
        )
        return DuckDBJob(config, lambda _: query, None)


def _between(
    source: DataSource, columns: list[str], start: datetime | None, end: datetime | None
) -> str:
    if not isinstance(source, FileSource):
        raise TypeError(f"data source {source.name} is no file")
    stamp = f"{_name(source.timestamp_field)}::TIMESTAMPTZ"
    bounds = [
        f"{stamp} {sign} {_literal(_utc(moment).isoformat())}::TIMESTAMPTZ"
        for sign, moment in ((">=", start), ("<=", end))
        if moment is not None
    ]
    where = " AND ".join(bounds) or "true"
    names = ", ".join(map(_name, columns))
    return f"SELECT {names} FROM read_parquet({_literal(source.path)}) WHERE {where}"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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


def _view_join(
    view: FeatureView, feature_refs: list[str], full_names: bool, filter_created: bool
) -> ViewJoin:
    source = view.batch_source
    if not isinstance(source, FileSource):
        raise TypeError(f"feature view {view.name} has no file source")
    prefix = view.projection.name_to_use()  # type: ignore[no-untyped-call] # Feast's own
    wanted = [ref.split(":", 1)[1] for ref in feature_refs if ref.startswith(f"{prefix}:")]
    return ViewJoin(
        path=source.path,
        keys=view.projection.join_key_map
        or {column.name: column.name for column in view.entity_columns},
        columns={name: f"{prefix}__{name}" if full_names else name for name in wanted},
        timestamp=source.timestamp_field,
        created=source.created_timestamp_column or "",
        ttl=view.ttl or None,
        filter_created=filter_created and bool(source.created_timestamp_column),
    )


class DuckDBJob(RetrievalJob):
    """Runs a query when its answer is asked for; ``persist`` streams it to Parquet."""

    def __init__(
        self,
        config: RepoConfig,
        prepare: Callable[[duckdb.DuckDBPyConnection], str],
        metadata: RetrievalMetadata | None,
    ) -> None:
        super().__init__()
        self._config = config
        self._prepare = prepare
        self._metadata = metadata

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        del timeout
        with self._query() as (connection, query):
            return connection.execute(query).to_arrow_table()

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        frame: pd.DataFrame = self._to_arrow_internal(timeout).to_pandas()
        return frame

    def persist(
        self,
        storage: SavedDatasetStorage,
        allow_overwrite: bool = False,
        timeout: int | None = None,
    ) -> None:
        """Write the answer to one Parquet file."""
        del timeout
        if not isinstance(storage, SavedDatasetFileStorage):
            raise TypeError("the answer can be kept in a file only")
        path = Path(storage.file_options.uri)
        if path.exists() and not allow_overwrite:
            raise FileExistsError(path)
        with self._query() as (connection, query):
            connection.execute(
                f"COPY ({query}) TO {_literal(path)} (FORMAT parquet, COMPRESSION zstd)"
            )

    @property
    def full_feature_names(self) -> bool:
        """Names are final already."""
        return False

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """There are none: derived features are the vector builder's."""
        return []

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """What was asked for."""
        return self._metadata

    @contextmanager
    def _query(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """Open a database and prepare the query in it."""
        store = self._config.offline_store
        with TemporaryDirectory(prefix="asof-") as spill:
            connection = duckdb.connect(
                config={
                    "threads": store.threads,
                    "memory_limit": store.memory_limit,
                    "temp_directory": spill,
                }
            )
            try:
                connection.execute("SET TimeZone = 'UTC'")
                yield connection, self._prepare(connection)
            finally:
                connection.close()


def _join_all(
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
        relation = f"read_parquet({_literal(entity_df)})"
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
        f"{_name(moment)}::TIMESTAMPTZ AS _moment FROM {relation}"
    )
    return list(kinds)


def _join_sql(number: int, view: ViewJoin) -> str:
    stamp = f"{_name(view.timestamp)}::TIMESTAMPTZ"
    created = f"{_name(view.created)}::TIMESTAMPTZ" if view.created else stamp
    available = f"greatest({stamp}, {created})" if view.filter_created else stamp
    keys = ", ".join(_name(key) for key in view.keys)
    matches = " AND ".join(f"e.{_name(v)} = f.{_name(k)}" for k, v in view.keys.items())
    answered = ", ".join(
        f"{_alive(view.ttl)} f.{_name(name)} END AS {_name(alias)}"
        for name, alias in view.columns.items()
    )
    # A row that becomes available when a newer one already is never is the newest.
    return f"""
CREATE TEMP TABLE joined_{number} AS
WITH rows AS (
    SELECT *, {stamp} AS _stamp, {created} AS _created, {available} AS _available
    FROM read_parquet({_literal(view.path)})
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
    answered = [f"e.{_name(column)}" for column in columns]
    joins = []
    for number, view in enumerate(views):
        answered += [f"j{number}.{_name(alias)}" for alias in view.columns.values()]
        joins.append(f"LEFT JOIN joined_{number} j{number} ON j{number}._row = e._row")
    return f"SELECT {', '.join(answered)} FROM entities e {' '.join(joins)} ORDER BY e._row"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
