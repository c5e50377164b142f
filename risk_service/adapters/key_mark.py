"""Ties a state directory to the identity key that its tokens were made with.

With another key every token is another one: purchase limits would begin anew, deny lists match
nobody and windows know nobody, and nothing would look wrong.
"""

from pathlib import Path

from risk_service.adapters.whole_file import replace_file
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.identity.hashing import keyed_digest
from risk_service.identity.keys import IdentityKey

FILE_NAME = "identity-key.mark"


def hold_to_key(directory: Path, key: IdentityKey) -> None:
    """Mark a directory with the key, or refuse a key that is not the one of its mark.

    The mark is a keyed digest of nothing: it tells two keys apart and nothing of either.

    Raises
    ------
    ConfigFault
        The directory was made with another key, or the mark cannot be read or written.
    """
    if not check_key(directory, key):
        _write(directory / FILE_NAME, _mark_of(key))


def check_key(directory: Path, key: IdentityKey) -> bool:
    """Refuse a key that is not the one of a directory's mark; tell whether it has a mark.

    Raises
    ------
    ConfigFault
        The directory was made with another key, or the mark cannot be read.
    """
    known = _read(directory / FILE_NAME)
    if known is not None and known != _mark_of(key):
        raise ConfigFault(refusal("other_key", path=directory, key=key.key_id))
    return known is not None


def marked_key_id(directory: Path) -> str:
    """Return the id of the key that a directory was made with, empty where it has no mark.

    Raises
    ------
    ConfigFault
        The mark cannot be read.
    """
    return (_read(directory / FILE_NAME) or "").partition(" ")[0]


def _mark_of(key: IdentityKey) -> str:
    return f"{key.key_id} {keyed_digest(key, 'mark', 'state')(b'').hex()}\n"


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFault(f"{path}: cannot be read: {error}") from error


def _write(path: Path, mark: str) -> None:
    try:
        replace_file(path, mark.encode("ascii"))
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be written: {error.strerror}") from error
