"""Who was seen using what: one row per account and value, chained both ways.

Rows live in flat arrays of machine integers: about 50 bytes per row with its value, where
Python objects would take 250. A value keeps the accounts that used it last, one more
than makes it a hub: that is enough to know that it is one, and bounds its memory. The row
of an account that was expelled stays, dead, until the next night leaves it out.
"""

from array import array
from collections.abc import Iterable, Sequence

from risk_service.features.clusters.terms import Rules
from risk_service.features.clusters.value_index import NONE, ValueIndex

DAY_US = 86_400_000_000
# Neighbours are looked for behind this many of an account's values.
ACCOUNT_VALUES = 32
DEAD = -1
_MIX = 0x1E3779B97F4A7C15


def salts(types: int) -> tuple[int, ...]:
    """Return what sets equal hashes of different link types apart, by XOR."""
    return tuple((_MIX * (kind + 1)) & 0x7FFF_FFFF_FFFF_FFFF for kind in range(types))


class Evidence:
    """Rows of (account, value, last seen), values by hash, chains through both.

    Parameters
    ----------
    rules
        Link types and their limits.
    night_us
        Hubs are told as of this time. Links age at night only: every row of an evidence is
        that of a link that counts.

    Attributes
    ----------
    index, kind, hub, head
        By value: its number, its link type, whether it is a hub tonight, its newest row.
    row_account, row_value, row_us
        By row. ``row_account`` is ``DEAD`` where the account was expelled.
    older, next_of
        The next row of the same value, and of the same account; ``NONE`` ends a chain.
    first_row
        By account, as far as the accounts reach.
    """

    __slots__ = (
        "caps", "first_row", "head", "hub", "hub_from", "index", "kind",
        "next_of", "older", "row_account", "row_us", "row_value", "salts",
    )  # fmt: skip

    def __init__(self, rules: Rules, night_us: int) -> None:
        self.index = ValueIndex()
        self.kind: array[int] = array("B")
        self.hub: array[int] = array("B")
        self.head: array[int] = array("i")
        self.row_account: array[int] = array("i")
        self.row_value: array[int] = array("i")
        self.row_us: array[int] = array("q")
        self.older: array[int] = array("i")
        self.next_of: array[int] = array("i")
        self.first_row: array[int] = array("i")
        self.salts = salts(len(rules.links))
        self.caps = tuple(link.hub_accounts + 1 for link in rules.links)
        self.hub_from = night_us - rules.hub_days * DAY_US

    def values(self, links: Sequence[int]) -> list[int]:
        """Return the numbers of the values that links name; unknown ones left out."""
        salted = zip(links, self.salts, strict=False)
        return self.index.find_all([link ^ salt for link, salt in salted if link])

    def others(self, value: int, account: int) -> list[int]:
        """Return rows of other accounts that the value links; empty for a hub.

        A value that, with this account, has become a hub since the night links nobody either.
        """
        if self.hub[value]:
            return []
        accounts, older, row = self.row_account, self.older, self.head[value]
        rows = []
        while row >= 0:
            if accounts[row] != account:
                rows.append(row)
            row = older[row]
        cap = self.caps[self.kind[value]]
        if len(rows) + 1 < cap:
            return rows
        recent = sum([self.row_us[other] >= self.hub_from for other in rows])
        return rows if recent + 1 < cap else []

    def newest_other(self, value: int, account: int) -> int:
        """Return the row of the account last seen at a value, or ``NONE`` where none is linked."""
        return max(self.others(value, account), key=self.row_us.__getitem__, default=NONE)

    def neighbours(self, account: int, values: Iterable[int]) -> set[int]:
        """Return the accounts that share with an account these values, or one of its own."""
        head, older, accounts = self.head, self.older, self.row_account
        found: set[int] = set()
        for value in {*values, *self._values_of(account)}:
            row = head[value]
            # Most values have one account: the one that asks.
            if older[row] >= 0 or accounts[row] != account:
                found.update([accounts[other] for other in self.others(value, account)])
        return found

    def row_of(self, value: int, account: int) -> int:
        """Return the row of an account at a value, or ``NONE``."""
        row, accounts, older = self.head[value], self.row_account, self.older
        while row >= 0 and accounts[row] != account:
            row = older[row]
        return row

    def _values_of(self, account: int) -> list[int]:
        """Return the values that an account is linked to, as far as neighbours look."""
        found: list[int] = []
        if account >= len(self.first_row):
            return found
        row, accounts, next_of = self.first_row[account], self.row_account, self.next_of
        looked_at = 0
        while row >= 0 and looked_at < ACCOUNT_VALUES:
            if accounts[row] == account:
                found.append(self.row_value[row])
            row = next_of[row]
            looked_at += 1
        return found

    def shared(self, account: int, values: Iterable[int], other: int) -> set[int]:
        """Return the link types by which an account, seen with these values, meets another.

        A hub counts here as well: two persons may be asked about by themselves.
        """
        theirs = set(self._values_of(other))
        mine = {*values, *self._values_of(account)}
        return {self.kind[value] for value in mine & theirs}

    def touch(self, value: int, account: int, at_us: int) -> bool:
        """Note that an account was seen with a value that links it; False if it does not."""
        row = self.head[value]
        if self.row_account[row] != account:
            row = self.row_of(value, account)
            if row < 0:
                return False
        self.row_us[row] = at_us
        return True

    def link(self, value: int, account: int, at_us: int) -> None:
        """Note that an account was seen with a value that did not link it."""
        self._make_room(value, self.caps[self.kind[value]])
        self._add_row(value, account, at_us)

    def add(self, kind: int, key: int, account: int, at_us: int) -> None:
        """Note that an account was seen with a value that nobody used before."""
        value = self.index.add(key)
        self.kind.append(kind)
        self.hub.append(0)
        self.head.append(NONE)
        self._add_row(value, account, at_us)

    def _add_row(self, value: int, account: int, at_us: int) -> None:
        row = len(self.row_us)
        first_row = self.first_row
        if account >= len(first_row):
            first_row.extend([NONE] * (account + 1 - len(first_row)))
        self.row_account.append(account)
        self.row_value.append(value)
        self.row_us.append(at_us)
        self.older.append(self.head[value])
        self.next_of.append(first_row[account])
        self.head[value] = row
        first_row[account] = row

    def _make_room(self, value: int, cap: int) -> None:
        """Expel the account seen longest ago from a value that is full."""
        older, row_us = self.older, self.row_us
        row, newer, count = self.head[value], NONE, 0
        oldest, before = row, NONE
        while row >= 0:
            count += 1
            if row_us[row] < row_us[oldest]:
                oldest, before = row, newer
            newer, row = row, older[row]
        if count < cap:
            return
        if before < 0:
            self.head[value] = older[oldest]
        else:
            older[before] = older[oldest]
        self.row_account[oldest] = DEAD
