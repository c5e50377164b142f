"""Cluster features: the replay of a log gives what serving gave, to the last digit."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.terms import ClusterSet
from risk_service.features.windows.declaration import load_windows
from tests.fixtures.cluster_world import Served, serve
from training.clusters import build
from training.clusters.build import build_clusters
from training.clusters.replay import replay, stamps_of

WINDOWS = load_windows()


@pytest.fixture(scope="module")
def clusters() -> ClusterSet:
    """Return the service's features under rules whose limits a small world reaches."""
    declared = load_clusters()
    links = tuple(
        replace(link, hub_accounts=5, age_days=limit)
        for link, limit in zip(declared.rules.links, (40, 12, 10, 15, 10), strict=True)
    )
    rules = replace(
        declared.rules, links=links, max_size=12, members=5, neighbours=4, hub_days=9,
    )  # fmt: skip
    return replace(declared, rules=rules)


def values_of(path: Path, served: Served) -> NDArray[np.float64]:
    """Return the features of a file, whose rows must be the served orders."""
    table = pq.read_table(path)
    attempt = WINDOWS.kinds.index("ATTEMPT")
    orders = [event.event_id for event in served.events if event.kind == attempt]
    assert table.column("event_id").to_pylist() == orders
    names = [name for name in table.column_names if name != "event_id"]
    assert tuple(names) == load_clusters().names
    return np.stack([table.column(name).to_numpy() for name in names], axis=1)


@pytest.mark.parametrize(
    ("seed", "at_once", "others_last"), [(1, 1, False), (3, 7, False), (5, 7, True)]
)
def test_the_replay_of_a_log_gives_what_serving_gave(
    clusters: ClusterSet, tmp_path: Path, seed: int, at_once: int, others_last: bool
) -> None:
    """Every feature of every order has the same bits, for orders in groups and late trips too."""
    served = serve(
        random.Random(seed), WINDOWS, clusters, 1_500, at_once=at_once, others_last=others_last
    )
    out = tmp_path / "clusters.parquet"
    stamps = served.stamps() if at_once > 1 else None
    build_clusters(served.log(WINDOWS), WINDOWS, out, cluster_set=clusters, stamps=stamps)
    online, offline = np.array(served.rows), values_of(out, served)
    np.testing.assert_array_equal(offline, online)
    # The world must have made every feature speak.
    there = np.where(np.isnan(online), 0, online)
    silent = (there == there[0]).all(axis=0)
    assert not silent.any(), np.array(clusters.names)[silent]


def test_chunks_change_nothing(
    clusters: ClusterSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few rows are read at a time, the file is the same."""
    served = serve(random.Random(4), WINDOWS, clusters, 300)
    log = served.log(WINDOWS)
    whole = build_clusters(log, WINDOWS, tmp_path / "whole.parquet", cluster_set=clusters)
    monkeypatch.setattr(build, "CHUNK_ROWS", 40)
    parts = build_clusters(log, WINDOWS, tmp_path / "parts.parquet", cluster_set=clusters)
    np.testing.assert_array_equal(values_of(parts, served), values_of(whole, served))
    assert pq.ParquetFile(parts).num_row_groups > 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.parquet", "whole.parquet"]


def test_a_merge_seen_too_early_is_caught(clusters: ClusterSet, tmp_path: Path) -> None:
    """The comparison fails when links count from a microsecond too soon: it is no blank test."""
    served = serve(random.Random(2), WINDOWS, clusters, 600, at_once=7)
    log, stamps = served.log(WINDOWS), served.stamps()
    early = replace(stamps, read_us=log.a_us * (log.r_us > 0))
    seen = replay(log, WINDOWS, clusters, early)
    assert (seen.facts != replay(log, WINDOWS, clusters, stamps).facts).any()


def test_a_log_without_orders_gives_an_empty_file(clusters: ClusterSet, tmp_path: Path) -> None:
    """Nothing read is no error."""
    served = serve(random.Random(2), WINDOWS, clusters, 50)
    log = replace(served.log(WINDOWS), r_us=np.zeros(50, np.int64))
    out = build_clusters(log, WINDOWS, tmp_path / "none.parquet", cluster_set=clusters)
    assert pq.read_table(out).num_rows == 0


def test_a_log_without_a_field_that_links_is_refused(clusters: ClusterSet, tmp_path: Path) -> None:
    """The error names the field, and no file appears."""
    log = serve(random.Random(2), WINDOWS, clusters, 50).log(WINDOWS)
    fields = {name: values for name, values in log.fields.items() if name != "phone"}
    with pytest.raises(ConfigFault, match="no field phone"):
        build_clusters(replace(log, fields=fields), WINDOWS, tmp_path / "x.parquet",
                       cluster_set=clusters)  # fmt: skip
    assert not list(tmp_path.iterdir())
    assert (stamps_of(log).others_us == log.r_us).all()
