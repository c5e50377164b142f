"""Looks at identity clusters for a group of orders at once."""

import struct
from array import array
from collections.abc import Sequence

import numpy as np

from risk_service.adapters.live.flat import looks as at
from risk_service.adapters.live.flat.look_arrays import Look
from risk_service.adapters.live.flat.looks import look_at_all
from risk_service.adapters.live.flat.memory import Ints
from risk_service.features.clusters.accounts import UNKNOWN
from risk_service.features.clusters.evidence import ACCOUNT_VALUES, salts
from risk_service.features.clusters.graph import Graph
from risk_service.features.clusters.links import Links
from risk_service.features.clusters.state import ClusterState
from risk_service.features.clusters.terms import Rules
from risk_service.features.clusters.view import ClusterView


class FlatLook:
    """A ``Look`` of cluster states under some rules."""

    def __init__(self, rules: Rules) -> None:
        types = len(rules.links)
        self._no_links = (0,) * types
        self._pack = struct.Struct(f"{1 + types}q").pack
        self._members, self._near = rules.members - 1, rules.neighbours
        caps = [link.hub_accounts + 1 for link in rules.links]
        fixed = [0, 0, 0, rules.max_size, self._members, self._near]
        self._terms = np.array([*fixed, *salts(types), *caps, 0], np.int64)
        self._values = np.empty(types + ACCOUNT_VALUES, np.int64)
        self._clusters = np.empty(1 + types, np.int64)
        self._accounts = np.empty(rules.max_size + 1, np.int64)
        # Load the loop, or compile it: better now than under the first order.
        self(ClusterState(rules), [("", self._no_links)], 1)

    def __call__(
        self, state: ClusterState[str], seen: Sequence[tuple[str, Links]], r_us: int
    ) -> list[ClusterView[str]]:
        """Return the views of a group, each by itself."""
        find, nothing = state.accounts.numbers.get, self._no_links
        asked = [self._pack(find(account, UNKNOWN), *(links or nothing)) for account, links in seen]
        told = self._told(state, b"".join(asked), len(seen), r_us).tolist()
        return [
            self._view(state, account, row) for (account, _), row in zip(seen, told, strict=True)
        ]

    def _told(self, state: ClusterState[str], asked: bytes, orders: int, r_us: int) -> Ints:
        evidence, terms, accounts = state.graph.evidence, self._terms, state.accounts
        terms[at.AT_US], terms[at.HUB_FROM] = r_us, evidence.hub_from
        terms[at.KEEP_US], terms[-1] = accounts.keep_us, evidence.index.mask
        rows = np.frombuffer(asked, np.int64).reshape(orders, -1)
        told = np.empty((orders, at.TOLD + self._members + self._near), np.int64)
        look = Look(terms, rows, self._values, self._clusters, self._accounts)
        # In the order of ``Evidences``, ``Partitions`` and ``Ages``; they stay while it looks.
        arrays = (*_of_graph(state.graph), accounts.first_us, accounts.last_us)
        lying = np.array([one.buffer_info() for one in arrays], np.int64)
        look_at_all(lying, tuple(look), told)
        return told

    def _view(self, state: ClusterState[str], account: str, row: list[int]) -> ClusterView[str]:
        size, age_us, merges, hub_links, new_accounts, oldest, members, near = row[: at.TOLD]
        key, first, second = state.accounts.key, at.TOLD, at.TOLD + self._members
        return ClusterView(
            account,
            tuple([key(number) for number in row[first : first + members]]) if members else (),
            tuple([key(number) for number in row[second : second + near]]) if near else (),
            size,
            age_us,
            merges,
            hub_links,
            new_accounts,
            account if oldest == at.UNKNOWN else key(oldest),
        )


def _of_graph(graph: Graph) -> tuple["array[int]", ...]:
    """Return the arrays of a graph in the order of ``Evidences`` and ``Partitions``."""
    evidence, partition = graph.evidence, graph.partition
    return (
        evidence.kind,
        evidence.hub,
        evidence.head,
        evidence.row_account,
        evidence.row_value,
        evidence.row_us,
        evidence.older,
        evidence.next_of,
        evidence.first_row,
        evidence.index.keys,
        evidence.index.slots,
        partition.label,
        partition.starts,
        partition.members,
        partition.moved,
        partition.following,
        partition.some,
        partition.sizes,
        partition.merges,
    )
