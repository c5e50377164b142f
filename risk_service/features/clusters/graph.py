"""Links and clusters in force: those of one night, and what was linked since."""

from dataclasses import dataclass, field

from risk_service.features.clusters.evidence import Evidence
from risk_service.features.clusters.links import Links
from risk_service.features.clusters.partition import Partition
from risk_service.features.clusters.terms import Rules


@dataclass(slots=True, kw_only=True)
class Counters:
    """What happened to clusters. ``merges`` and ``refused`` are those since the night.

    ``hubs`` are values, ``oversized`` components that fell apart, ``loosened`` accounts that
    stand alone for that reason.
    """

    merges: int = 0
    refused: int = 0
    hubs: int = 0
    oversized: int = 0
    loosened: int = 0


@dataclass(slots=True, kw_only=True)
class Graph:
    """The evidence, the partition of a night with the merges since, and counters."""

    night_us: int
    evidence: Evidence
    partition: Partition
    max_size: int
    counters: Counters = field(default_factory=Counters)

    @classmethod
    def empty(cls, rules: Rules, night_us: int) -> "Graph":
        """Return the graph of a night before which nothing was seen."""
        return cls(
            night_us=night_us,
            evidence=Evidence(rules, night_us),
            partition=Partition.empty(),
            max_size=rules.max_size,
        )

    def joins(self, account: int, values: list[int], cluster: int) -> tuple[list[int], int]:
        """Return which clusters an account would join to its own by using values.

        Parameters
        ----------
        account
            Number of the account, or one that no account has.
        values
            In the order of link types.
        cluster
            The account's own cluster.

        Returns
        -------
        The other clusters in the order of link types, and how many were refused because
        the whole would have more than ``max_size`` accounts.
        """
        evidence, partition = self.evidence, self.partition
        found: list[int] = []
        refused, size = 0, 0
        for value in values:
            if evidence.row_of(value, account) >= 0:
                # What links an account already joins nothing again.
                continue
            newest = evidence.newest_other(value, account)
            if newest < 0:
                continue
            other = partition.cluster(evidence.row_account[newest])
            if other == cluster or other in found:
                continue
            size = size or partition.size(cluster)
            if size + partition.size(other) > self.max_size:
                refused += 1
                continue
            size += partition.size(other)
            found.append(other)
        return found, refused

    def apply(self, account: int, links: Links, at_us: int) -> None:
        """Let the links of an event count, and merge what they join.

        One link after the other: a value holds nothing of the account's other values, so
        this gives what ``joins`` says of all of them together.
        """
        evidence = self.evidence
        touch, find = evidence.touch, evidence.index.find
        for kind, link in enumerate(links):
            if not link:
                continue
            key = link ^ evidence.salts[kind]
            value = find(key)
            if value < 0:
                evidence.add(kind, key, account, at_us)
            elif not touch(value, account, at_us):
                self._join(value, account)
                evidence.link(value, account, at_us)

    def _join(self, value: int, account: int) -> None:
        """Merge the account's cluster with that of the account last seen at a value."""
        partition = self.partition
        newest = self.evidence.newest_other(value, account)
        if newest < 0:
            return
        own = partition.cluster(account)
        other = partition.cluster(self.evidence.row_account[newest])
        if other == own:
            return
        if partition.size(own) + partition.size(other) > self.max_size:
            self.counters.refused += 1
            return
        partition.merge([own, other])
        self.counters.merges += 1
