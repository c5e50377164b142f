"""The nightly run: what is left of the links, which values are hubs, who belongs together.

A pure function of the rows as they were at midnight. It does not touch the graph that is
in force, so it may run in another thread.
"""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.features.clusters.components import Components, components
from risk_service.features.clusters.evidence import ACCOUNT_VALUES, DAY_US, Evidence
from risk_service.features.clusters.graph import Counters, Graph
from risk_service.features.clusters.ordering import stable_order
from risk_service.features.clusters.partition import NONE, Partition
from risk_service.features.clusters.terms import Rules
from risk_service.features.clusters.value_index import ValueIndex

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A copy of the evidence: rows of (account, value, last seen) and the values' keys."""

    account: NDArray[np.int32]
    value: NDArray[np.int32]
    seen_us: Ints
    key: Ints
    kind: NDArray[np.uint8]
    accounts: int


def copied(evidence: Evidence, accounts: int) -> Rows:
    """Copy what a night is made of: about 25 bytes per row, memory to memory."""
    return Rows(
        account=np.array(evidence.row_account, np.int32),
        value=np.array(evidence.row_value, np.int32),
        seen_us=np.array(evidence.row_us, np.int64),
        key=np.array(evidence.index.keys, np.int64),
        kind=np.array(evidence.kind, np.uint8),
        accounts=accounts,
    )


def night(rows: Rows, rules: Rules, night_us: int) -> Graph:
    """Return the graph that is in force from a night on.

    Parameters
    ----------
    rows
        All that was seen before ``night_us``.
    night_us
        A UTC midnight.
    """
    left = _Left(rows, rules, night_us)
    found = components(rows.accounts, left.edges(len(rules.links)), rules.max_size)
    return Graph(
        night_us=night_us,
        evidence=left.evidence(rules, night_us, rows.accounts),
        partition=Partition(_ints(found.label), _ints(found.starts), _ints(found.members)),
        max_size=rules.max_size,
        counters=_counters(found, left),
    )


def _counters(found: Components, left: "_Left") -> Counters:
    return Counters(hubs=int(left.hub.sum()), oversized=found.oversized, loosened=found.loosened)


class _Left:
    """The rows that have not aged out, value by value."""

    def __init__(self, rows: Rows, rules: Rules, night_us: int) -> None:
        ages_us = np.array([link.age_days * DAY_US for link in rules.links])
        alive_us = night_us - ages_us[rows.kind[rows.value]]
        kept = np.flatnonzero((rows.account >= 0) & (rows.seen_us >= alive_us))
        kept = kept[stable_order(rows.value[kept])]
        self.account = rows.account[kept].astype(np.int64)
        self.seen_us = rows.seen_us[kept]
        value = rows.value[kept]
        self.opens = np.ones(len(kept), bool)
        self.opens[1:] = value[1:] != value[:-1]
        self.value = np.cumsum(self.opens) - 1
        self.starts = np.flatnonzero(self.opens)
        self.key = rows.key[value[self.starts]]
        self.kind = rows.kind[value[self.starts]]
        recent = self.seen_us >= night_us - rules.hub_days * DAY_US
        limits = np.array([link.hub_accounts for link in rules.links])
        accounts = np.bincount(self.value, recent, minlength=len(self.starts))
        self.hub = accounts > limits[self.kind]

    def edges(self, types: int) -> list[tuple[Ints, Ints]]:
        """Return the pairs of accounts that follow each other at a value that is no hub."""
        linked = ~self.opens & ~self.hub[self.value]
        kind = self.kind[self.value]
        places = [np.flatnonzero(linked & (kind == number)) for number in range(types)]
        return [(self.account[place - 1], self.account[place]) for place in places]

    def evidence(self, rules: Rules, night_us: int, accounts: int) -> Evidence:
        """Return these rows as evidence, numbered anew and without gaps."""
        evidence = Evidence(rules, night_us)
        evidence.index = ValueIndex(_longs(self.key))
        evidence.kind = array("B", self.kind.astype(np.uint8).tobytes())
        evidence.hub = array("B", self.hub.astype(np.uint8).tobytes())
        evidence.head = _ints(self.starts)
        evidence.row_account = _ints(self.account)
        evidence.row_value = _ints(self.value)
        evidence.row_us = _longs(self.seen_us)
        evidence.older = _ints(_chain(self.value))
        first_row, next_of = self._account_chains(accounts)
        evidence.first_row, evidence.next_of = _ints(first_row), _ints(next_of)
        return evidence

    def _account_chains(self, accounts: int) -> tuple[Ints, Ints]:
        """Chain the rows of each account; the one seen last first where that matters."""
        order = stable_order(self.account)
        many = np.bincount(self.account, minlength=1)[self.account[order]] > ACCOUNT_VALUES
        rows = order[many]
        order[many] = rows[np.lexsort((-self.seen_us[rows], self.account[rows]))]
        following = _chain(self.account[order])
        next_of = np.full(len(order), NONE, np.int64)
        next_of[order] = np.where(following >= 0, order[following], NONE)
        newest = np.ones(len(order), bool)
        newest[1:] = following[:-1] < 0
        first_row = np.full(accounts, NONE, np.int64)
        first_row[self.account[order[newest]]] = order[newest]
        return first_row, next_of


def _chain(group: Ints) -> Ints:
    """Return the position after each one of the same group, ``NONE`` at a group's end."""
    following = np.arange(1, len(group) + 1)
    following[-1:] = NONE
    following[:-1][group[1:] != group[:-1]] = NONE
    return following


def _ints(values: Ints) -> "array[int]":
    return array("i", values.astype(np.int32).tobytes())


def _longs(values: Ints) -> "array[int]":
    return array("q", values.tobytes())
