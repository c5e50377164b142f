"""Notices that a file which can be made again is damaged, whatever it is read for."""

import sqlite3
from typing import Literal

from risk_service.adapters.sqlite.connection import is_corrupt
from risk_service.domain.errors import StoreUnavailable


class DamageWatch:
    """Context of every reading of one file; what was asked cannot be answered once it is damaged.

    Parameters
    ----------
    name
        What the file is called.

    Attributes
    ----------
    damaged
        Set for good, by whichever thread met the damage.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.damaged = False

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: object
    ) -> Literal[False]:
        """Let everything pass but what only a damaged file can bring."""
        if not isinstance(error, sqlite3.DatabaseError) or not self.notes(error):
            return False
        raise StoreUnavailable(f"{self._name} is damaged and is made again: {error}") from error

    def notes(self, error: sqlite3.DatabaseError) -> bool:
        """Tell whether an error is that of a damaged file, and remember it."""
        # A text that is none is found by the module itself, which has no code for it.
        no_text = isinstance(error, sqlite3.OperationalError) and "decode" in str(error)
        found = no_text or is_corrupt(error)
        self.damaged = self.damaged or found
        return found
