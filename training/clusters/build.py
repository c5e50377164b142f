"""Cluster features of every read of a log, as one Parquet file."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.features import NO_ROW, ClusterFeatures, Floats, Side, Trip
from risk_service.features.clusters.sources import Source
from risk_service.features.clusters.terms import SCOPES, ClusterSet
from risk_service.features.windows.terms import WindowSet
from training.clusters.replay import ClusterStamps, Replayed, Tell, replay, stamps_of
from training.windows.build import read_at
from training.windows.log import EventLog, Int64s

# Rows of other accounts' and own windows at a time: bounds the memory to about 1 GiB.
CHUNK_ROWS = 1_000_000


def build_clusters(
    log: EventLog,
    window_set: WindowSet,
    out: Path,
    *,
    cluster_set: ClusterSet | None = None,
    stamps: ClusterStamps | None = None,
    done: Tell | None = None,
) -> Path:
    """Write the cluster features of every read of the log.

    Columns are ``event_id`` and every feature (float64, NaN missing), one row per read in
    the order of the log. The file appears whole or not at all.

    Parameters
    ----------
    cluster_set
        None: that of the promotion service.
    stamps
        When clusters and other accounts were read; None: with the log's own stamps.
    done
        Called with how many of how many steps of the replay are done.

    Raises
    ------
    ConfigFault
        The log lacks a field, or a feature has no such source.
    """
    declared = cluster_set or load_clusters()
    at = stamps or stamps_of(log)
    seen = replay(log, window_set, declared, at, done)
    features = ClusterFeatures(window_set, declared)
    reads = log.reads
    names = ["event_id", *declared.names]
    schema = pa.schema([(names[0], pa.string()), *((name, pa.float64()) for name in names[1:])])
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        with pq.ParquetWriter(partial, schema) as writer:
            others_us = _others_us(at, reads, seen, len(features.sources))
            for part, values in cluster_rows(log, window_set, features, seen, others_us):
                ids = log.event_id.take(pa.array(reads[part]))
                columns = [ids.cast(pa.string()), *(pa.array(column) for column in values.T)]
                writer.write_table(pa.table(columns, schema=schema))
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)
    return out


def cluster_rows(
    log: EventLog,
    window_set: WindowSet,
    features: ClusterFeatures,
    seen: Replayed,
    others_us: Int64s,
) -> Iterator[tuple[slice, Floats]]:
    """Yield runs of reads with their cluster features.

    Parameters
    ----------
    seen
        What each read saw.
    others_us
        When the records of other accounts were read, shape (sources, others of all reads).
    """
    if not len(seen.facts):
        return
    for part in _parts(seen):
        trip, observed, answers = _read(log, window_set, features, seen, (part, others_us))
        yield part, features.rows(trip, observed, answers)


def _others_us(at: ClusterStamps, reads: Int64s, seen: Replayed, sources: int) -> Int64s:
    """Return when each source's record of each other account was read."""
    counts = np.diff(seen.other_starts)
    times = np.tile(np.repeat(at.others_us[reads], counts), (sources, 1))
    for read, stamps in enumerate(at.each_us):
        if stamps:
            mine = slice(int(seen.other_starts[read]), int(seen.other_starts[read + 1]))
            # Fails when the replay saw other accounts than the service did: nothing to mend.
            times[:, mine] = np.array(stamps, np.int64).reshape(sources, -1)
    return times


def _parts(seen: Replayed) -> Iterator[slice]:
    """Yield runs of reads that need no more than ``CHUNK_ROWS`` rows together."""
    ends = seen.other_starts[1:] + np.arange(1, len(seen.facts) + 1)
    start = 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        stop = int(np.searchsorted(ends, before + CHUNK_ROWS, side="right"))
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop


def _read(
    log: EventLog,
    window_set: WindowSet,
    features: ClusterFeatures,
    seen: Replayed,
    where: tuple[slice, Int64s],
) -> tuple[Trip, Floats, list[Floats]]:
    """Read the windows of own and other accounts, as the two trips of these orders did."""
    part, others_us = where
    orders = log.reads[part]
    first, last = (int(seen.other_starts[place]) for place in (part.start, part.stop))
    owners = np.repeat(orders, np.diff(seen.other_starts[part.start : part.stop + 1]))
    accounts = np.concatenate([log.field(features.account, orders), seen.others[first:last]])
    observed = np.full((len(orders), len(window_set.names)), np.nan)
    answers = []
    for source, source_us in zip(features.sources, others_us, strict=True):
        _, _, read_us = log.times(source.group)
        keys = _keys(log, source, accounts, np.concatenate([orders, owners]))
        times = np.concatenate([read_us[orders], source_us[first:last]])
        values = read_at(log, window_set, source.group, keys, times)
        observed[:, source.columns] = values[: len(orders), source.wanted]
        answers.append(values[len(orders) :])
    return _trip(features, seen, part), observed, answers


def _keys(log: EventLog, source: Source, accounts: Int64s, orders: Int64s) -> Int64s:
    """Return the keys of accounts' records beside orders."""
    if not source.beside_name:
        return accounts
    beside = log.field(source.beside_name, orders)
    pair = (accounts, beside) if source.account_first else (beside, accounts)
    return np.stack(pair, axis=1)


def _trip(features: ClusterFeatures, seen: Replayed, part: slice) -> Trip:
    orders = part.stop - part.start
    shift = orders - int(seen.other_starts[part.start])
    counts = seen.member_counts[part]
    members = _members(orders, seen.other_starts[part] + shift, counts)
    starts = seen.neighbour_starts[part.start : part.stop + 1]
    neighbours = _neighbours(seen.neighbours[starts[0] : starts[-1]] + shift, starts - starts[0])
    by_scope = dict(zip(SCOPES, (members, neighbours), strict=True))
    return Trip(
        requests=tuple((source.group, ()) for source in features.sources),
        facts=seen.facts[part],
        sides={side: by_scope[side[0]] for side in features.sides},
    )


def _members(orders: int, firsts: Int64s, counts: Int64s) -> Side:
    """Return each order's own row and those of its members."""
    starts = np.cumsum(counts + 1) - (counts + 1)
    rows = np.arange(orders + int(counts.sum())) + np.repeat(firsts - starts - 1, counts + 1)
    rows[starts] = np.arange(orders)
    return Side(rows=rows, starts=starts)


def _neighbours(rows: Int64s, starts: Int64s) -> Side:
    """Return the rows of each order's neighbours, ``NO_ROW`` where it has none."""
    none = np.flatnonzero(starts[1:] == starts[:-1])
    rows = np.insert(rows, starts[none], NO_ROW)
    lengths = np.maximum(np.diff(starts), 1)
    return Side(rows=rows, starts=np.cumsum(lengths) - lengths)
