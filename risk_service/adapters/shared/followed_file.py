"""What a service remembers of the windows that it shares: a small file beside its log."""

import secrets
from pathlib import Path

import msgspec

from risk_service.adapters.redis.marks import Mark
from risk_service.adapters.whole_file import replace_file
from risk_service.domain.errors import StoreUnavailable

FILE_NAME = "windows.shared.json"


class Known(msgspec.Struct, frozen=True):
    """A run of a server, and the place up to which the service's log counts in it."""

    run: str
    mark: Mark


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where the log counts in Redis.

    ``is_whole``: all of it did, to its end, whatever came later: an attempt or event is counted
    before it is logged. Else ``servers`` say from where on it must be counted again.
    ``history_us`` is the end of the history that Redis had, 0 for none; ``opened`` that of the log
    when the file was made. ``unmet`` is that of the log when it was opened first since it met the
    servers: a mark beyond is of a log that was longer before a backup was put back.
    """

    service: str
    opened: Mark | None = None
    unmet: Mark | None = None
    windows: str = ""
    is_whole: bool = False
    servers: dict[str, Known] = {}
    history_us: int = 0


class FollowedFile:
    """Reads and writes the file.

    Parameters
    ----------
    directory
        The state directory.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME

    def read(self) -> Followed:
        """Return what it says; a service that has none yet gets a name.

        Raises
        ------
        StoreUnavailable
            It cannot be read.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Followed)
        except FileNotFoundError:
            return Followed(service=secrets.token_hex(8))
        except (OSError, ValueError) as error:  # of msgspec, or of a text that is none
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def write(self, followed: Followed) -> None:
        """Make it durable.

        Raises
        ------
        StoreUnavailable
            It cannot be written; the one before is left as it was.
        """
        try:
            replace_file(self._path, msgspec.json.encode(followed))
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: {error.strerror}") from error
