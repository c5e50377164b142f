"""Changes of the ledger that wait to be made durable, over what the store has.

A store that implements ``Base`` gets every rule of reservations for nothing: it loads, under
its own lock or single writer, what is asked for, and afterwards writes ``changed`` rows,
``cells`` (differences) and ``roots`` in one transaction.
"""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from risk_service.limits.claims import SEPARATOR, Claims
from risk_service.limits.policy import CLUSTER
from risk_service.limits.reservation import Charge, Reservation, charges
from risk_service.limits.used import Cells, Used, used_of

OF_CLUSTER = f"{CLUSTER}="
_EMPTY = (0, 0)
_UNTOUCHED: Cells = {}


class Base(Protocol):
    """What a store knows: reservations, cells of counters, and clusters that grew together."""

    def reservation(self, reservation_id: str) -> Reservation | None:
        """Return a reservation, or None."""

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return (confirmed, held) by cell, at least of all cells after ``since_us``."""

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under since it merged."""


class PrefetchedClaims(Struct, frozen=True, gc=False):
    """What was claimed ahead for a demand, and under which account its cluster was counted."""

    reads_cluster: bool
    cluster: str
    claims: Claims


class Draft:
    """Reads the store through what has changed since.

    Attributes
    ----------
    changed
        Reservations by id as they are now.
    cells
        By counter and cell: what to add to confirmed and to held.
    clusters
        Owners of the counters of clusters among them.
    roots
        Accounts whose cluster is counted under another one from now on.
    prefetched
        What was claimed ahead for demands of the same time, by their ``id``.
    """

    def __init__(self, base: Base) -> None:
        self._base = base
        self.changed: dict[str, Reservation] = {}
        self.cells: dict[str, Cells] = {}
        self.roots: dict[str, str] = {}
        self.prefetched: dict[int, PrefetchedClaims] = {}
        # What counters came to when they were asked about last, brought forward by each charge.
        self._used: dict[str, Used] = {}
        self.clusters: set[str] = set()

    def beside(self) -> "Draft":
        """Return a draft of its own over the same store, which knows what was prefetched."""
        other = Draft(self._base)
        other.prefetched = self.prefetched
        return other

    def reservation(self, reservation_id: str) -> Reservation | None:
        """Return a reservation, or None."""
        known = self.changed.get(reservation_id)
        return known if known is not None else self._base.reservation(reservation_id)

    def put(self, reservation: Reservation) -> None:
        """Let a reservation be as given, and its counters with it."""
        before = self.reservation(reservation.reservation_id)
        if before is not None:
            self._charge(before, -1)
        self._charge(reservation, 1)
        self.changed[reservation.reservation_id] = reservation

    def cells_of(self, counter: str, since_us: int) -> Cells:
        """Return (confirmed, held) by cell, of the cells after a time."""
        cells = self._more(counter, self._base.cells(counter, since_us))
        return {cell_us: cell for cell_us, cell in cells.items() if cell_us > since_us}

    def used(self, counter: str, since_us: int) -> Used:
        """Return what the cells of a counter after a time come to; not to be changed."""
        known = self._used.get(counter)
        if known is None or known.since_us != since_us:
            cells = self._base.cells(counter, since_us)
            if counter in self.cells:
                cells = self._more(counter, cells)
            known = self._used[counter] = used_of(cells, since_us)
        return known

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under."""
        while True:
            root = self.roots.get(account) or self._base.root(account)
            if root == account:
                return account
            account = root

    def pinned(self, counter: str) -> str:
        """Return the key under which a charge stands now; merging may have moved it."""
        if not counter.startswith(OF_CLUSTER):
            return counter
        account, tail = counter[len(OF_CLUSTER) :].split(SEPARATOR, 1)
        root = self.root(account)
        return counter if root == account else f"{OF_CLUSTER}{root}{SEPARATOR}{tail}"

    def merge(self, accounts: Iterable[str], own: str) -> str:
        """Count some accounts as one from now on and return the one they are counted under.

        ``own`` is whose order it is. Of the others only those are noted that have used
        something: most members of a cluster never ask for anything limited.
        """
        names = [account for account in dict.fromkeys((*accounts, own)) if account]
        if not names:
            return ""
        root = self.root(names[0])
        for account in names[1:]:
            other = self.root(account)
            if other == root:
                continue
            moved = self._owned(f"{OF_CLUSTER}{other}")
            if moved or account == own:
                self.roots[other] = root
            for counter, cell_us, confirmed, held in moved:
                self._add(counter, cell_us, -confirmed, -held)
                self._add(self.pinned(counter), cell_us, confirmed, held)
        return root

    def known_counters(self, owner: str) -> tuple[str, ...]:
        """Return the counters of an owner that were ever charged, as far as it is known."""
        prefix = owner + SEPARATOR
        touched = [counter for counter in self.cells if counter.startswith(prefix)]
        return tuple(dict.fromkeys((*self._base.counters_of(owner), *touched)))

    def _owned(self, owner: str) -> list[Charge]:
        """Return every cell that is not empty of the counters of an owner."""
        known = self._base.counters_of(owner)
        if not known and owner not in self.clusters:
            return []
        prefix = owner + SEPARATOR
        touched = [counter for counter in self.cells if counter.startswith(prefix)]
        return [
            (counter, cell_us, confirmed, held)
            for counter in dict.fromkeys((*known, *touched))
            for cell_us, (confirmed, held) in self._more(counter, known.get(counter, {})).items()
        ]

    def _more(self, counter: str, cells: Cells) -> Cells:
        """Return some cells with what has changed since, those that are empty left out."""
        found = dict(cells)
        for cell_us, more in self.cells.get(counter, _UNTOUCHED).items():
            confirmed, held = found.get(cell_us, _EMPTY)
            found[cell_us] = (confirmed + more[0], held + more[1])
        return {cell_us: cell for cell_us, cell in found.items() if cell != _EMPTY}

    def _charge(self, reservation: Reservation, sign: int) -> None:
        """Add what a reservation counts for, or take it away."""
        for counter, cell_us, confirmed, held in charges(reservation):
            if confirmed or held:
                moved = self.pinned(counter) if counter.startswith(OF_CLUSTER) else counter
                self._add(moved, cell_us, sign * confirmed, sign * held)

    def _add(self, counter: str, cell_us: int, confirmed: int, held: int) -> None:
        cells = self.cells.get(counter)
        if cells is None:
            self.cells[counter] = {cell_us: (confirmed, held)}
            if counter.startswith(OF_CLUSTER):
                self.clusters.add(counter.partition(SEPARATOR)[0])
        else:
            before = cells.get(cell_us, _EMPTY)
            cells[cell_us] = (before[0] + confirmed, before[1] + held)
        used = self._used.get(counter)
        if used is None:
            return
        if confirmed < 0 or held < 0:
            # A cell may be empty now: added up anew when somebody asks.
            del self._used[counter]
        elif cell_us > used.since_us:
            used.total += confirmed + held
            if cell_us < used.oldest_us:
                used.oldest_us = cell_us
