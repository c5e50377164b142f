"""A state as bytes and back: what a crash need not replay.

Taking a snapshot copies arrays and must happen where links are applied; packing it may
happen anywhere.
"""

from array import array
from collections import deque
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

import msgspec
from msgspec import Struct

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.accounts import Accounts, Key
from risk_service.features.clusters.evidence import Evidence
from risk_service.features.clusters.graph import Counters, Graph
from risk_service.features.clusters.links import Links
from risk_service.features.clusters.partition import Partition
from risk_service.features.clusters.state import ClusterState, Coming, Run, run_here
from risk_service.features.clusters.terms import Rules
from risk_service.features.clusters.value_index import ValueIndex

FORMAT = 1
ARRAYS = {
    "kind": "B", "hub": "B", "head": "i", "row_account": "i", "row_value": "i",
    "row_us": "q", "older": "i", "next_of": "i", "first_row": "i",
}  # fmt: skip


class GraphParts(Struct, frozen=True, kw_only=True):
    """The arrays of a graph as bytes.

    ``moved`` says of accounts what ``merged`` says of clusters; it is not read any more.
    """

    night_us: int
    evidence: dict[str, bytes]
    values: bytes
    label: bytes
    starts: bytes
    members: bytes
    moved: dict[int, int]
    merged: list[list[int]]
    merges: list[int]
    counters: dict[str, int]


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything a state holds, as of the stamp ``applied_us``.

    ``coming`` is the night that waits to come into force, with all links since.
    """

    format: int
    rules: str
    applied_us: int
    read_us: int
    keys: list[Any]
    first_us: bytes
    last_us: bytes
    free: list[int]
    graph: GraphParts
    coming: GraphParts | None

    def pack(self) -> bytes:
        """Return the bytes that ``restore`` reads."""
        return msgspec.msgpack.encode(self)


def snapshot(state: ClusterState[Key]) -> Snapshot:
    """Copy a state. Waits for a night that is being computed."""
    accounts, coming = state.accounts, state.coming
    return Snapshot(
        format=FORMAT,
        rules=state.rules.version,
        applied_us=state.applied_us,
        read_us=state.read_us,
        keys=list(accounts.keys),
        first_us=accounts.first_us.tobytes(),
        last_us=accounts.last_us.tobytes(),
        free=list(accounts.free),
        graph=_parts(state.graph),
        coming=None if coming is None else _parts(coming.feed()),
    )


def restore(rules: Rules, data: bytes, run: Run = run_here) -> ClusterState[Any]:
    """Return the state that a snapshot was taken of.

    Events with a stamp behind ``applied_us`` must be applied to it again.

    Raises
    ------
    ConfigFault
        The bytes are no snapshot, or one made under other rules.
    """
    try:
        taken = msgspec.msgpack.decode(data, type=Snapshot)
    except msgspec.DecodeError as error:
        raise ConfigFault(f"clusters: not a snapshot: {error}") from error
    if taken.format != FORMAT or taken.rules != rules.version:
        raise ConfigFault(
            f"clusters: the snapshot was made under rules {taken.rules}, these are"
            f" {rules.version}: replay the log"
        )
    state: ClusterState[Any] = ClusterState(rules, run)
    state.applied_us, state.read_us = taken.applied_us, taken.read_us
    _fill(state.accounts, taken)
    state.graph = _graph(rules, taken.graph)
    if taken.coming is not None:
        graph: Future[Graph] = Future()
        graph.set_result(_graph(rules, taken.coming))
        waiting: deque[tuple[int, Links, int]] = deque()
        state.coming = Coming(night_us=taken.coming.night_us, graph=graph, waiting=waiting)
    return state


def _parts(graph: Graph) -> GraphParts:
    evidence, partition = graph.evidence, graph.partition
    nights = partition.nights
    merged = [sorted(partition.accounts(nights + n)) for n in range(len(partition.some))]
    return GraphParts(
        night_us=graph.night_us,
        evidence={name: getattr(evidence, name).tobytes() for name in ARRAYS},
        values=evidence.index.keys.tobytes(),
        label=partition.label.tobytes(),
        starts=partition.starts.tobytes(),
        members=partition.members.tobytes(),
        moved={account: nights + n for n, accounts in enumerate(merged) for account in accounts},
        merged=merged,
        merges=list(partition.merges),
        counters=asdict(graph.counters),
    )


def _graph(rules: Rules, parts: GraphParts) -> Graph:
    evidence = Evidence(rules, parts.night_us)
    for name, code in ARRAYS.items():
        setattr(evidence, name, array(code, parts.evidence[name]))
    evidence.index = ValueIndex(array("q", parts.values))
    partition = Partition(
        array("i", parts.label), array("i", parts.starts), array("i", parts.members)
    )
    for accounts, merges in zip(parts.merged, parts.merges, strict=True):
        partition.add(accounts, merges)
    return Graph(
        night_us=parts.night_us,
        evidence=evidence,
        partition=partition,
        max_size=rules.max_size,
        counters=Counters(**parts.counters),
    )


def _fill(accounts: Accounts[Any], taken: Snapshot) -> None:
    accounts.keys = taken.keys
    accounts.first_us = array("q", taken.first_us)
    accounts.last_us = array("q", taken.last_us)
    accounts.free = taken.free
    accounts.numbers = {key: number for number, key in enumerate(taken.keys) if key is not None}
