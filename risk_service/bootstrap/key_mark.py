"""Ties a state directory to the identity key that its tokens were made with.

With another key every token is another one: purchase limits would begin anew, deny lists match
nobody and windows know nobody, and nothing would look wrong.
"""

from pathlib import Path

from risk_service.adapters.whole_file import replace_file
from risk_service.domain.errors import ConfigFault
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
    path = directory / FILE_NAME
    mark = f"{key.key_id} {keyed_digest(key, 'mark', 'state')(b'').hex()}\n"
    try:
        known = path.read_text("ascii")
    except FileNotFoundError:
        _write(path, mark)
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFault(f"{path}: cannot be read: {error}") from error
    if known != mark:
        raise ConfigFault(
            f"state directory {directory} was made with another identity key than {key.key_id} of "
            "--identity-key: no token in it would match; give the key that it was made with, or "
            "choose another directory with --state"
        )


def _write(path: Path, mark: str) -> None:
    try:
        replace_file(path, mark.encode("ascii"))
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be written: {error.strerror}") from error
