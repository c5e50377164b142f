"""Holds of a group, from the ledger that granted them to the commit that keeps them."""

import sqlite3
from collections.abc import Callable, Sequence

from risk_service.domain.grant import Grant


class SqliteReserved:
    """Implements ``ports.Reserved`` for the embedded ledger.

    Parameters
    ----------
    write
        Writes the rows inside a transaction of the file and returns about how many bytes;
        refuses when the ledger has changed since the holds were granted.
    written
        Lets the holds count in memory; called when they are durable.
    drop
        Forgets the holds.
    """

    def __init__(
        self,
        grants: Sequence[Grant],
        write: Callable[[sqlite3.Connection], int],
        written: Callable[[], None],
        drop: Callable[[], None],
    ) -> None:
        self.grants = grants
        self.write = write
        self.written = written
        self._drop = drop

    def dropped(self) -> None:
        """Take the holds back: the decisions could not be made durable. May come twice."""
        self._drop()
