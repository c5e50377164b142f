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

    Attributes
    ----------
    moved, following
        By account, as far as any was merged: its merged cluster or ``NONE``, and the account
        behind it in the ring of that cluster.
    some, sizes, merges
        By merged cluster: one of its accounts, how many it has, how many merges made it.
    """

    __slots__ = (
        "following", "label", "members", "merges", "moved", "nights", "sizes", "some", "starts"
    )  # fmt: skip

    def __init__(self, label: "array[int]", starts: "array[int]", members: "array[int]") -> None:
        self.label = label
        self.starts = starts
        self.members = members
        self.nights = len(starts) - 1
        self.moved: array[int] = array("i")
        self.following: array[int] = array("i")
        self.some: array[int] = array("i")
        self.sizes: array[int] = array("i")
        self.merges: array[int] = array("i")

    @classmethod
    def empty(cls) -> "Partition":
        """Return the partition in which every account stands alone."""
        return cls(array("i"), array("i", [0]), array("i"))

    def cluster(self, account: int) -> int:
        """Return the number of the account's cluster."""
        if account < len(self.moved) and self.moved[account] >= 0:
            return self.moved[account]
        if account < len(self.label) and self.label[account] >= 0:
            return self.label[account]
        return ~account

    def size(self, cluster: int) -> int:
        """Return how many accounts a cluster has."""
        if cluster < 0:
            return 1
        if cluster < self.nights:
            return self.starts[cluster + 1] - self.starts[cluster]
        return self.sizes[cluster - self.nights]

    def accounts(self, cluster: int) -> list[int]:
        """Return the accounts of a cluster, in no order that means anything."""
        if cluster < 0:
            return [~cluster]
        if cluster < self.nights:
            return self.members[self.starts[cluster] : self.starts[cluster + 1]].tolist()
        following = self.following
        account = self.some[cluster - self.nights]
        found = []
        for _ in range(self.sizes[cluster - self.nights]):
            found.append(account)
            account = following[account]
        return found

    def merges_in(self, cluster: int) -> int:
        """Return how many merges since the night made a cluster."""
        return self.merges[cluster - self.nights] if cluster >= self.nights else 0

    def merge(self, clusters: list[int]) -> None:
        """Make one cluster of several different ones."""
        merges = len(clusters) - 1 + sum(self.merges_in(cluster) for cluster in clusters)
        target = max(clusters)
        if target < self.nights:
            target = self.add([], 0)
        for cluster in clusters:
            if cluster != target:
                self._move(self.accounts(cluster), target)
            if target != cluster >= self.nights:
                self.sizes[cluster - self.nights] = 0
        self.merges[target - self.nights] = merges

    def add(self, accounts: list[int], merges: int) -> int:
        """Add a merged cluster and return its number."""
        self.some.append(NONE)
        self.sizes.append(0)
        self.merges.append(merges)
        number = self.nights + len(self.some) - 1
        self._move(accounts, number)
        return number

    def _move(self, accounts: list[int], target: int) -> None:
        """Let accounts belong to a merged cluster: each comes behind one of its ring."""
        moved, following, index = self.moved, self.following, target - self.nights
        for account in accounts:
            if account >= len(moved):
                more = account + 1 - len(moved)
                moved.extend([NONE] * more)
                following.extend([NONE] * more)
            one = self.some[index]
            if one < 0:
                self.some[index] = one = following[account] = account
            following[account], following[one] = following[one], account
            moved[account] = target
        self.sizes[index] += len(accounts)
