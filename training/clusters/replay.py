"""Replays identity clusters over an event log: what each order saw of its accounts.

The state is the service's ``ClusterState``. Accounts are the log's 64 bit hashes; nothing of
the state depends on what stands for an account.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.features import facts_of
from risk_service.features.clusters.links import Links
from risk_service.features.clusters.state import ClusterState
from risk_service.features.clusters.terms import FACTS, ClusterSet, Rules
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.terms import WindowSet
from training.windows.log import EventLog, Int64s
from training.words import fault

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# Events that are Python objects at a time.
CHUNK = 100_000
# At one stamp an order reads before its links count.
READS, LINKS = 0, 1
Tell = Callable[[int, int], None]

Step = tuple[int, bool, int, Links]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStamps:
    """When each event of a log read clusters, its links counted, and others were read.

    One element per event, 0 for never. Where a group of orders is decided at once, all of
    them read clusters and other accounts' records at one stamp. A shared store stamps each
    reading: ``each_us`` has per read of the log a stamp per source of the features and other
    account, as ``DecisionRecord.others_us``; empty: at the event's ``others_us``.
    """

    read_us: Int64s
    applied_us: Int64s
    others_us: Int64s
    each_us: Sequence[tuple[int, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What each read of a log saw, in the order of ``EventLog.reads``.

    Attributes
    ----------
    facts
        Shape (reads, ``FACTS``), NaN where there is no account.
    cluster
        Hash of the account that names the cluster; 0 where there is no account.
    others, other_starts
        Other accounts whose records are wanted, read by read; one more start closes them.
    member_counts
        How many of a read's others are members: they come first.
    neighbours, neighbour_starts
        Places in ``others`` of each read's neighbours.
    """

    facts: Floats
    cluster: Int64s
    others: Int64s
    other_starts: Int64s
    member_counts: Int64s
    neighbours: Int64s
    neighbour_starts: Int64s


def stamps_of(log: EventLog) -> ClusterStamps:
    """Return the stamps of a log whose orders are decided one by one."""
    return ClusterStamps(read_us=log.r_us, applied_us=log.a_us, others_us=log.r_us)


def replay(
    log: EventLog,
    window_set: WindowSet,
    cluster_set: ClusterSet,
    stamps: ClusterStamps | None = None,
    done: Tell | None = None,
) -> Replayed:
    """Return what every read of the log saw.

    Parameters
    ----------
    stamps
        When clusters were read and links counted; None: with the log's own stamps.
    done
        Called with how many of how many steps are done.

    Raises
    ------
    ConfigFault
        The log lacks a field that links.
    """
    at = stamps or stamps_of(log)
    state: ClusterState[int] = ClusterState(cluster_set.rules)
    seen = _Seen()
    for stamp, reads, account, links in _steps(log, window_set, cluster_set.rules, at, done):
        if reads:
            seen.add(state.view(account, links, stamp) if account else None)
        else:
            state.apply(account, links, stamp)
    return seen.in_order(_read_order(log, at))


class _Seen:
    """Gathers views as flat columns."""

    def __init__(self) -> None:
        self.facts: list[Floats] = []
        self.views: list[ClusterView[int] | None] = []
        self.cluster: array[int] = array("q")
        self.others: array[int] = array("q")
        self.other_counts: array[int] = array("i")
        self.member_counts: array[int] = array("i")
        self.neighbours: array[int] = array("i")
        self.neighbour_counts: array[int] = array("i")

    def add(self, view: ClusterView[int] | None) -> None:
        self.views.append(view)
        if len(self.views) == CHUNK:
            self._close()
        others = () if view is None else view.others
        self.cluster.append(0 if view is None else view.id)
        self.others.extend(others)
        self.other_counts.append(len(others))
        self.member_counts.append(0 if view is None else len(view.members))
        nearby = () if view is None else view.neighbours
        self.neighbour_counts.append(len(nearby))
        self.neighbours.extend([others.index(account) for account in nearby])

    def in_order(self, order: Int64s) -> Replayed:
        """Return the columns; ``order`` tells which read each of them belongs to."""
        self._close()
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        others, other_starts = _rearranged(self.others, self.other_counts, back)
        within, neighbour_starts = _rearranged(self.neighbours, self.neighbour_counts, back)
        counts = np.diff(neighbour_starts)
        return Replayed(
            facts=np.concatenate([np.empty((0, len(FACTS))), *self.facts])[back],
            cluster=np.array(self.cluster, np.int64)[back],
            others=others,
            other_starts=other_starts,
            member_counts=np.array(self.member_counts, np.int64)[back],
            neighbours=within + np.repeat(other_starts[:-1], counts),
            neighbour_starts=neighbour_starts,
        )

    def _close(self) -> None:
        self.facts.append(facts_of(self.views))
        self.views = []


def _rearranged(values: "array[int]", counts: "array[int]", back: Int64s) -> tuple[Int64s, Int64s]:
    """Return the runs of values in another order, and where each starts."""
    lengths = np.array(counts, np.int64)
    firsts = np.cumsum(lengths) - lengths
    firsts, lengths = firsts[back], lengths[back]
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    places = np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], lengths)
    return np.array(values, np.int64)[places], starts


def _read_order(log: EventLog, at: ClusterStamps) -> Int64s:
    """Return the reads in the order in which they are replayed."""
    return np.argsort(at.read_us[log.reads], kind="stable")


def _steps(
    log: EventLog, window_set: WindowSet, rules: Rules, at: ClusterStamps, done: Tell | None
) -> Iterator[Step]:
    """Yield (stamp, whether it reads, account, links) in the order in which they happened."""
    kinds = np.array([kind in rules.kinds for kind in window_set.kinds], bool)
    account = _field(log, rules.account)
    reads = log.reads
    linking = np.flatnonzero((at.applied_us > 0) & kinds[log.kind] & (account != 0))
    events = np.concatenate([reads, linking])
    what = np.repeat([READS, LINKS], [len(reads), len(linking)])
    stamp = np.concatenate([at.read_us[reads], at.applied_us[linking]])
    order = np.lexsort((what, stamp))
    columns = [_link(log, link.field, link.unless_equal) for link in rules.links]
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        which = events[rows]
        links = zip(*(column[which].tolist() for column in columns), strict=True)
        yield from zip(
            stamp[rows].tolist(),
            (what[rows] == READS).tolist(),
            account[which].tolist(),
            links,
            strict=True,
        )
        if done is not None:
            done(min(start + CHUNK, len(order)), len(order))


def _link(log: EventLog, name: str, unless_equal: str) -> Int64s:
    values = _field(log, name)
    if not unless_equal:
        return values
    return np.where(values == _field(log, unless_equal), 0, values)


def _field(log: EventLog, name: str) -> Int64s:
    if name not in log.fields:
        raise ConfigFault(fault("no_field", name=name, known=", ".join(log.fields)))
    return log.field(name)
