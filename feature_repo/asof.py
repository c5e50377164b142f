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
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
import pyarrow as pa
from feast.data_source import DataSource
from feast.feature_view import FeatureView
from feast.infra.offline_stores.file_source import FileSource, SavedDatasetFileStorage
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.repo_config import FeastConfigBaseModel, RepoConfig
from feast.saved_dataset import SavedDatasetStorage

from feature_repo.asof_sql import ViewJoin, join_all, literal, quoted


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
            lambda connection: join_all(connection, entity_df, views),
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
        keys = ", ".join(map(quoted, join_key_columns))
        newest = ", ".join(f"{quoted(stamp)} DESC" for stamp in stamps)
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
    stamp = f"{quoted(source.timestamp_field)}::TIMESTAMPTZ"
    bounds = [
        f"{stamp} {sign} {literal(_utc(moment).isoformat())}::TIMESTAMPTZ"
        for sign, moment in ((">=", start), ("<=", end))
        if moment is not None
    ]
    where = " AND ".join(bounds) or "true"
    names = ", ".join(map(quoted, columns))
    return f"SELECT {names} FROM read_parquet({literal(source.path)}) WHERE {where}"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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
                f"COPY ({query}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)"
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
                # DuckDB writes a bar into the output of whoever waits for two seconds.
                connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
                yield connection, self._prepare(connection)
            finally:
                connection.close()
