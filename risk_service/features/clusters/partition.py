"""Clusters as of a night, and the merges since.

A cluster has a number: 0 to the number of the night's clusters for those, above it for
merged ones, and ``~account`` for an account that stands alone.
"""

from array import array

NONE = -1


class Partition:
    """Which accounts form a cluster.

    Parameters
    ----------
    label
        By account: its cluster of the night, ``NONE`` where it stood alone.
    starts
        By cluster of the night: its first place in ``members``; one more closes the last.
    members
        Accounts, cluster by cluster.
    """

    __slots__ = ("_nights", "label", "members", "merged", "merges", "moved", "starts")

    def __init__(self, label: "array[int]", starts: "array[int]", members: "array[int]") -> None:
        self.label = label
        self.starts = starts
        self.members = members
        self.moved: dict[int, int] = {}
        self.merged: list[list[int]] = []
        self.merges: list[int] = []
        self._nights = len(starts) - 1

    @classmethod
    def empty(cls) -> "Partition":
        """Return the partition in which every account stands alone."""
        return cls(array("i"), array("i", [0]), array("i"))

    def cluster(self, account: int) -> int:
        """Return the number of the account's cluster."""
        number = self.moved.get(account)
        if number is not None:
            return number
        if account < len(self.label) and self.label[account] >= 0:
            return self.label[account]
        return ~account

    def size(self, cluster: int) -> int:
        """Return how many accounts a cluster has."""
        if cluster < 0:
            return 1
        if cluster < self._nights:
            return self.starts[cluster + 1] - self.starts[cluster]
        return len(self.merged[cluster - self._nights])

    def accounts(self, cluster: int) -> list[int]:
        """Return the accounts of a cluster, in no order that means anything."""
        if cluster < 0:
            return [~cluster]
        if cluster < self._nights:
            return self.members[self.starts[cluster] : self.starts[cluster + 1]].tolist()
        return list(self.merged[cluster - self._nights])

    def merges_in(self, cluster: int) -> int:
        """Return how many merges since the night made a cluster."""
        return self.merges[cluster - self._nights] if cluster >= self._nights else 0

    def merge(self, clusters: list[int]) -> None:
        """Make one cluster of several different ones."""
        merges = len(clusters) - 1 + sum(self.merges_in(cluster) for cluster in clusters)
        target = max(clusters)
        if target < self._nights:
            target = self._nights + len(self.merged)
            self.merged.append([])
            self.merges.append(0)
        mine = self.merged[target - self._nights]
        for cluster in clusters:
            if cluster == target:
                continue
            accounts = self.accounts(cluster)
            mine += accounts
            for account in accounts:
                self.moved[account] = target
            if cluster >= self._nights:
                self.merged[cluster - self._nights] = []
        self.merges[target - self._nights] = merges
