"""Links and clusters in force: those of one night, and what was linked since."""

from collections.abc import Iterator
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

    def joins(self, account: int, links: Links, cluster: int) -> tuple[list[int], int]:
        """Return which clusters an account's links would join to its own.

        Parameters
        ----------
        account
            Number of the account, or one that no account has.
        cluster
            The account's own cluster.

        Returns
        -------
        The other clusters in the order of link types, and how many were refused because
        the whole would have more than ``max_size`` accounts.
        """
        evidence, partition = self.evidence, self.partition
        found: list[int] = []
        refused = 0
        size = partition.size(cluster)
        for value in self._values(links):
            newest = self._newest(value, account)
            if newest < 0:
                continue
            other = partition.cluster(evidence.row_account[newest])
            if other == cluster or other in found:
                continue
            if size + partition.size(other) > self.max_size:
                refused += 1
                continue
            size += partition.size(other)
            found.append(other)
        return found, refused

    def apply(self, account: int, links: Links, at_us: int) -> None:
        """Let the links of an event count, and merge what they join."""
        cluster = self.partition.cluster(account)
        found, refused = self.joins(account, links, cluster)
        if found:
            self.partition.merge([cluster, *found])
        self.counters.merges += len(found)
        self.counters.refused += refused
        touch = self.evidence.touch
        for kind, link in enumerate(links):
            if link:
                touch(kind, link, account, at_us)

    def neighbours(self, account: int, links: Links) -> set[int]:
        """Return the accounts that share a value with an account, as far as that links."""
        evidence = self.evidence
        accounts = evidence.row_account
        values = {*self._values(links), *evidence.values_of(account)}
        return {accounts[row] for value in values for row in evidence.others(value, account)}

    def hub_links(self, links: Links) -> int:
        """Return how many of the values were hubs in the night."""
        hub = self.evidence.hub
        return sum(hub[value] for value in self._values(links))

    def _values(self, links: Links) -> Iterator[int]:
        value_of = self.evidence.value
        for kind, link in enumerate(links):
            if link:
                value = value_of(kind, link)
                if value >= 0:
                    yield value

    def _newest(self, value: int, account: int) -> int:
        """Return the row of the account last seen at a value that newly links, or -1.

        An account that is linked by the value already joins nothing by it again.
        """
        evidence = self.evidence
        row = evidence.row_of(value, account)
        if row >= 0 and evidence.is_alive(row):
            return -1
        return max(evidence.others(value, account), key=evidence.row_us.__getitem__, default=-1)
