"""One process per state directory: an advisory lock that dies with the process."""

import fcntl
import os
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal


class StateLock:
    """Holds the lock file of a state directory until ``release`` or the process's end.

    Raises
    ------
    ConfigFault
        Another process holds it, or the directory cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        try:
            # Tokens of all customers lie in it: a directory that we make is its owner's alone.
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            told = refusal("state_unusable", path=directory, error=error.strerror)
            raise ConfigFault(told) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise ConfigFault(refusal("state_in_use", path=directory)) from error

    def release(self) -> None:
        """Give the directory free."""
        os.close(self._handle)
