"""The ASOF store through Feast's interface, against Feast's own wording of the join."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource
from feast.types import Float64
from feast.value_type import ValueType

from training.frames.feast_repo import open_repo

T0 = datetime(2024, 3, 1, tzinfo=UTC)
TTL = timedelta(days=10)
MICRO = timedelta(microseconds=1)
# stamp, created, value of the entity "a"; "b" has one row that nobody asks for in time.
ROWS = [
    ("a", T0, T0, 1.0),
    ("a", T0 + timedelta(days=2), T0 + timedelta(days=5), 2.0),
    ("a", T0 + timedelta(days=3), T0 + timedelta(days=3), 3.0),
    ("a", T0 + timedelta(days=3), T0 + timedelta(days=4), 4.0),
    ("b", T0 + timedelta(days=300), T0 + timedelta(days=300), 9.0),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    """Open a repository with one small view."""
    path = tmp_path / "rows.parquet"
    columns = list(zip(*ROWS, strict=True))
    stamp = pa.timestamp("us", tz="UTC")
    table = pa.table(
        {
            "thing": columns[0],
            "event_timestamp": pa.array(columns[1], stamp),
            "created_at": pa.array(columns[2], stamp),
            "value": columns[3],
        }
    )
    pq.write_table(table, path)
    thing = Entity(name="thing", join_keys=["thing"], value_type=ValueType.STRING)
    view = FeatureView(
        name="things",
        entities=[thing],
        ttl=TTL,
        schema=[Field(name="value", dtype=Float64)],
        source=FileSource(
            path=str(path),
            timestamp_field="event_timestamp",
            created_timestamp_column="created_at",
        ),
    )
    with open_repo(tmp_path) as opened:
        opened.apply([thing, view])
        yield opened


def join(store: FeatureStore, moments: list[datetime], *, created: bool = False) -> list[float]:
    """Ask for the value of "a" at some times, by DataFrame."""
    frame = pd.DataFrame({"thing": "a", "event_timestamp": moments})
    job = store.get_historical_features(
        entity_df=frame, features=["things:value"], filter_by_created_timestamp=created
    )
    values: list[float] = job.to_df()["value"].tolist()
    return values


def test_both_edges_are_inclusive(store: FeatureStore) -> None:
    """A row counts from its own microsecond to its TTL's last one, as in the reader."""
    last = T0 + timedelta(days=3) + TTL
    got = join(store, [T0 - MICRO, T0, T0 + MICRO, last, last + MICRO])
    assert np.isnan(got[0])
    assert got[1:4] == [1.0, 1.0, 4.0]
    assert np.isnan(got[4])


def test_newest_creation_breaks_ties(store: FeatureStore) -> None:
    """Of two rows of one time the one created last is answered."""
    assert join(store, [T0 + timedelta(days=3)]) == [4.0]


def test_what_was_not_created_yet_is_left_out(store: FeatureStore) -> None:
    """With the filter an order sees what existed; a late, older row never displaces a newer."""
    days = [2, 3, 3.5, 4, 4.5, 5, 6]
    moments = [T0 + timedelta(days=day) for day in days]
    assert join(store, moments, created=True) == [1.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0]
    assert join(store, moments) == [2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]


def test_random_histories_against_a_plain_reading(store: FeatureStore, tmp_path: Path) -> None:
    """On random rows with late creation the join is the newest row by definition."""
    rng = np.random.default_rng(4)
    stamps = [T0 + timedelta(hours=int(h)) for h in rng.integers(0, 600, 200)]
    made = [
        stamp + timedelta(hours=int(h))
        for stamp, h in zip(stamps, rng.integers(0, 90, 200), strict=True)
    ]
    kind = pa.timestamp("us", tz="UTC")
    rows = {
        "thing": rng.choice(["a", "b", "c"], 200),
        "event_timestamp": pa.array(stamps, kind),
        "created_at": pa.array(made, kind),
        "value": np.arange(200.0),
    }
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    asked = [T0 + timedelta(hours=int(h)) for h in rng.integers(0, 900, 300)]
    things = rng.choice(["a", "b", "c", "d"], 300).tolist()
    path = tmp_path / "asked.parquet"
    pq.write_table(pa.table({"thing": things, "event_timestamp": pa.array(asked, kind)}), path)
    for created in (False, True):
        job = store.get_historical_features(
            entity_df=str(path), features=["things:value"], filter_by_created_timestamp=created
        )
        got = job.to_df()
        assert got["thing"].tolist() == things
        for thing, moment, value in zip(things, asked, got["value"], strict=True):
            known = [
                (stamp, creation, number)
                for number, (name, stamp, creation) in enumerate(
                    zip(rows["thing"], stamps, made, strict=True)
                )
                if name == thing and stamp <= moment and (creation <= moment or not created)
            ]
            newest = max(known, default=None)
            expected = newest[2] if newest and newest[0] + TTL >= moment else None
            assert (None if np.isnan(value) else value) == expected


def test_full_names(store: FeatureStore) -> None:
    """Feast's long names carry the view."""
    frame = pd.DataFrame({"thing": ["a"], "event_timestamp": [T0]})
    job = store.get_historical_features(
        entity_df=frame, features=["things:value"], full_feature_names=True
    )
    assert job.to_df()["things__value"].tolist() == [1.0]


def test_no_frame_is_refused(store: FeatureStore) -> None:
    """A time range without entities is not what this store is for."""
    with pytest.raises(ValueError, match="entity frame is needed"):
        store.get_historical_features(features=["things:value"], start_date=T0)
