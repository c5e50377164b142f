"""The state of identity clusters: links in, views out, a night every UTC midnight.

Serving feeds it with the events it takes in, the replay of a log with the same events: it
depends on nothing but accounts, links and stamps. A view at ``r_us`` sees the links applied
before, and the order's own. The night of a day counts links with a stamp before its
midnight, is computed elsewhere, and comes into force at the first stamp that lies
``ready_after_s`` behind midnight; the links of that time are kept for it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic

from risk_service.features.clusters.accounts import UNKNOWN, Accounts, Key
from risk_service.features.clusters.evidence import DAY_US
from risk_service.features.clusters.graph import Counters, Graph
from risk_service.features.clusters.links import Links
from risk_service.features.clusters.night import copied, night
from risk_service.features.clusters.terms import Rules
from risk_service.features.clusters.view import ClusterView

SECOND_US = 1_000_000
NEW_ACCOUNT_US = 7 * DAY_US
# The number of an account that has none yet.
NOBODY = 2**31 - 1
# Waiting links fed to a finished night at each event: it catches up unnoticed.
CATCH_UP = 8

Work = Callable[[], Graph]
Run = Callable[[Work], "Future[Graph]"]
# Of a state, accounts with their links, and a time.
Look = Callable[["ClusterState[Key]", Sequence[tuple[Key, Links]], int], list[ClusterView[Key]]]


def run_here(work: Work) -> "Future[Graph]":
    """Run the night at once: for the replay of a log."""
    done: Future[Graph] = Future()
    done.set_result(work())
    return done


def look_one_by_one(
    state: "ClusterState[Key]", seen: Sequence[tuple[Key, Links]], r_us: int
) -> list[ClusterView[Key]]:
    """Return the views of a group, each by itself."""
    return [state.look_at(account, links, r_us) for account, links in seen]


@dataclass(slots=True, kw_only=True)
class Coming:
    """A night that is being computed, and what was linked since its midnight."""

    night_us: int
    graph: "Future[Graph]"
    waiting: deque[tuple[int, Links, int]]

    def feed(self, at_most: int | None = None) -> Graph:
        """Apply waiting links, all or some of them, and return the graph."""
        graph = self.graph.result()
        waiting = self.waiting
        for _ in range(len(waiting) if at_most is None else min(at_most, len(waiting))):
            graph.apply(*waiting.popleft())
        return graph


class ClusterState(Generic[Key]):
    """Keeps who is linked to whom.

    Parameters
    ----------
    rules
        Of the declaration.
    run
        Runs the nightly computation: ``ThreadPoolExecutor(1).submit`` when serving.

    Attributes
    ----------
    applied
        How many events' links were applied to this object.
    look
        Gives the views of a group: ``look_one_by_one``, or something faster that says the same.
    """

    def __init__(self, rules: Rules, run: Run = run_here) -> None:
        self.rules = rules
        self.accounts: Accounts[Key] = Accounts(keep_us(rules))
        self.graph = Graph.empty(rules, 0)
        self.coming: Coming | None = None
        self.applied = 0
        self.applied_us = 0
        self.read_us = 0
        self.look: Look[Key] = look_one_by_one
        self._run = run
        self._ready_us = rules.ready_after_s * SECOND_US
        self._next_us = 0

    @property
    def counters(self) -> Counters:
        """Return what happened in the night in force and since."""
        return self.graph.counters

    @property
    def is_copied_at_once(self) -> bool:
        """Tell whether a snapshot need not wait for a night, or for links to catch up with it."""
        coming = self.coming
        return coming is None or (coming.graph.done() and not coming.waiting)

    def view(self, account: Key, links: Links, r_us: int) -> ClusterView[Key]:
        """Return what an order sees: the links applied before, and its own on top.

        Raises
        ------
        ValueError
            Links with this stamp or a later one were applied already.
        """
        (view,) = self.views([(account, links)], r_us)
        return view

    def views(self, seen: Sequence[tuple[Key, Links]], r_us: int) -> list[ClusterView[Key]]:
        """Return what each of some orders sees by itself, as ``view`` does."""
        if r_us <= self.applied_us:
            raise ValueError(f"read at {r_us} after links of {self.applied_us} were applied")
        self._advance(r_us)
        self.read_us = max(self.read_us, r_us)
        return self.look(self, seen, r_us)

    def apply(self, account: Key, links: Links, a_us: int) -> None:
        """Let the links of an event count.

        Raises
        ------
        ValueError
            The stamp does not lie behind the last one, or a read has passed it.
        """
        if a_us <= self.applied_us or a_us < self.read_us:
            raise ValueError(f"stamp {a_us} after {self.applied_us}, read at {self.read_us}")
        self._advance(a_us)
        self.applied += 1
        self.applied_us = a_us
        number = self.accounts.seen(account, a_us)
        self.graph.apply(number, links, a_us)
        if self.coming is not None:
            self.coming.waiting.append((number, links, a_us))
            if self.coming.graph.done():
                self.coming.feed(CATCH_UP)

    def prepare(self, now_us: int) -> None:
        """Begin or finish a night that is due; no stamp before ``now_us`` may follow."""
        if now_us > self.applied_us:
            self._advance(now_us)
            self.read_us = max(self.read_us, now_us)

    def members(self, account: Key) -> tuple[Key, ...]:
        """Return the account and the members of its cluster, those seen last first."""
        return (account, *self.look_at(account, (), self.applied_us + 1).members)

    def whole(self, account: Key, links: Links, at_us: int) -> tuple[Key, ...]:
        """Return every account of an order's cluster, the one seen first before all others.

        As ``view`` sees it, without a limit on their number but ``max_size``.
        """
        number = self.accounts.find(account, at_us)
        if number == UNKNOWN:
            number = NOBODY
        members, _ = self._cluster(number, self.graph.evidence.values(links))
        return self.by_age(account, [self.accounts.key(member) for member in members], at_us)

    def by_age(self, account: Key, members: Sequence[Key], at_us: int) -> tuple[Key, ...]:
        """Return an account and the others of its cluster, the one seen first before all."""
        if not members:
            return (account,)
        number, first_us = self.accounts.find(account, at_us), self.accounts.first_us
        own_us = at_us if number == UNKNOWN else first_us[number]
        numbers = self.accounts.numbers
        aged = [(first_us[numbers[member]], member) for member in members]
        # Its own account first among equals, as the view names the cluster.
        aged.sort(key=itemgetter(0))
        before = [key for first, key in aged if first < own_us]
        after = [key for first, key in aged if first >= own_us]
        return (*before, account, *after)

    def neighbours(self, account: Key) -> tuple[Key, ...]:
        """Return the accounts that share a value with an account, those seen last first."""
        return self.look_at(account, (), self.applied_us + 1).neighbours

    def shared(self, account: Key, other: Key, links: Links) -> frozenset[str] | None:
        """Return the fields by which two accounts meet; None when the other was never seen.

        Parameters
        ----------
        links
            What the first account is seen with right now.
        """
        accounts, at_us = self.accounts, self.applied_us + 1
        second = accounts.find(other, at_us)
        if second == UNKNOWN:
            return None
        first = accounts.find(account, at_us)
        evidence = self.graph.evidence
        kinds = evidence.shared(
            NOBODY if first == UNKNOWN else first, evidence.values(links), second
        )
        return frozenset(self.rules.links[kind].field for kind in kinds)

    def look_at(self, account: Key, links: Links, at_us: int) -> ClusterView[Key]:
        """Return what an order sees of the links as they are."""
        accounts, graph = self.accounts, self.graph
        number = accounts.find(account, at_us)
        known = number != UNKNOWN
        number = number if known else NOBODY
        values = graph.evidence.values(links)
        members, merges = self._cluster(number, values)
        first_us, hub = accounts.first_us, graph.evidence.hub
        since_us = [first_us[member] for member in members]
        since_us.append(first_us[number] if known else at_us)
        oldest_us, new_from = min(since_us), at_us - NEW_ACCOUNT_US
        nearby = graph.evidence.neighbours(number, values)
        return ClusterView(
            account=account,
            members=self._latest(members, self.rules.members - 1),
            neighbours=self._latest(nearby, self.rules.neighbours),
            size=len(since_us),
            age_us=at_us - oldest_us,
            merges=merges,
            hub_links=sum([hub[value] for value in values]),
            new_accounts=sum([first >= new_from for first in since_us]),
            id=account if since_us[-1] == oldest_us
            else accounts.key(members[since_us.index(oldest_us)]),
        )  # fmt: skip

    def _cluster(self, number: int, values: list[int]) -> tuple[list[int], int]:
        """Return the other accounts of the cluster, and the merges that made it."""
        graph, partition = self.graph, self.graph.partition
        own = partition.cluster(number)
        joined, _ = graph.joins(number, values, own)
        members = partition.accounts(own)
        members.remove(number)
        merges = partition.merges_in(own)
        for cluster in joined:
            members += partition.accounts(cluster)
            merges += 1 + partition.merges_in(cluster)
        return members, merges

    def _latest(self, numbers: "list[int] | set[int]", at_most: int) -> tuple[Key, ...]:
        if not numbers:
            return ()
        latest = sorted(numbers, key=self.accounts.last_us.__getitem__, reverse=True)
        return tuple([self.accounts.key(number) for number in latest[:at_most]])

    def _advance(self, at_us: int) -> None:
        """Begin and finish the nights that are due at a time."""
        if at_us < self._next_us:
            return
        in_force_us = midnight_us(at_us - self._ready_us)
        if self.coming is not None and self.coming.night_us <= in_force_us:
            self._finish(self.coming)
        if self.graph.night_us < in_force_us:
            self._finish(self._begin(in_force_us))
        newest_us = midnight_us(at_us)
        if newest_us > in_force_us and self.coming is None:
            self.coming = self._begin(newest_us)
        self._next_us = self._due_us()

    def _due_us(self) -> int:
        if self.coming is not None:
            return self.coming.night_us + self._ready_us
        return self.graph.night_us + DAY_US

    def _begin(self, night_us: int) -> Coming:
        rows, rules = copied(self.graph.evidence, len(self.accounts.keys)), self.rules
        graph = self._run(lambda: night(rows, rules, night_us))
        return Coming(night_us=night_us, graph=graph, waiting=deque())

    def _finish(self, coming: Coming) -> None:
        self.graph = coming.feed()
        self.coming = None
        self.accounts.forget_before(self.graph.night_us - self.accounts.keep_us)


def midnight_us(at_us: int) -> int:
    """Return the UTC midnight at or before a time."""
    return at_us - at_us % DAY_US


def keep_us(rules: Rules) -> int:
    """Return how long an account is remembered: no account is forgotten that is linked."""
    return (max(link.age_days for link in rules.links) + 2) * DAY_US
