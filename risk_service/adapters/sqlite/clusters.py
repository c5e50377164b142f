"""Which clusters are counted under which account, and which never used anything."""

import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.json import encode

from risk_service.adapters.sqlite.counters import Counters
from risk_service.limits.draft import OF_CLUSTER
from risk_service.limits.used import Cells

ROOTS_MAX = 200_000
IDLE_MAX = 200_000

# One text for any number of values: SQLite keeps it prepared, and it costs no more per value.
_SOME = (
    "SELECT account, limit_roots.root FROM json_each(?) AS asked CROSS JOIN limit_roots "
    "ON account = asked.value"
)


class Roots:
    """Accounts that clusters are counted under since they merged.

    Parameters
    ----------
    db
        The file of the decision log.

    Attributes
    ----------
    db
        What the roots are read through.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._known: OrderedDict[str, str] = OrderedDict()

    def fetch(self, accounts: Iterable[str]) -> None:
        """Read at once what is not known yet of some accounts."""
        known = self._known
        missing = {account for account in accounts if account not in known}
        if missing:
            self._read(missing)

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under."""
        root = self._known.get(account)
        if root is None:
            self._read([account])
            root = self._known[account]
        return root

    def follow(self, roots: Mapping[str, str]) -> None:
        """Take note of clusters that merged."""
        self._known.update(roots)

    def forget(self) -> None:
        """Remember nothing."""
        self._known.clear()

    def _read(self, accounts: Collection[str]) -> None:
        asked = encode(list(accounts)).decode()
        known, found = self._known, dict(self.db.execute(_SOME, (asked,)).fetchall())
        for account in accounts:
            known[account] = found.get(account, account)
        while len(known) > ROOTS_MAX:
            known.popitem(last=False)


class Clusters:
    """Counters of clusters by their owner; knows of most that there are none."""

    def __init__(self, roots: Roots, counters: Counters) -> None:
        self._roots = roots
        self._counters = counters
        # Owners without a counter: most members of a cluster never ask for anything limited.
        self._idle: OrderedDict[str, None] = OrderedDict()

    def fetch(self, clusters: Collection[Sequence[str]]) -> None:
        """Find at once which members of some clusters never used anything.

        Parameters
        ----------
        clusters
            Of each the accounts, the one first that names it.
        """
        self._roots.fetch([name for names in clusters for name in names])
        root_of, idle, unknown = self._roots.root, self._idle, set()
        for names in clusters:
            first = root_of(names[0])
            for name in names[1:]:
                root = name if name == first else root_of(name)
                if root != first and (owner := OF_CLUSTER + root) not in idle:
                    unknown.add(owner)
        if unknown:
            for owner in unknown - self._counters.owners_of_some(list(unknown)):
                idle[owner] = None
            while len(idle) > IDLE_MAX:
                idle.popitem(last=False)

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""
        return {} if owner in self._idle else self._counters.owned(owner)

    def follow(self, charged: Iterable[str]) -> None:
        """Take note of owners that used something."""
        for owner in self._idle.keys() & charged:
            del self._idle[owner]

    def forget(self) -> None:
        """Remember nothing."""
        self._idle.clear()
