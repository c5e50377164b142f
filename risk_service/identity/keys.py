"""The identity key: the secret behind every token, kept in a file outside the database.

The file is JSON, ``{"key_id": "k1", "secret_hex": "<64 hex digits>"}``, mode 0600. Whoever
holds it can confirm a guessed phone number, so a file that group or others may read is
refused, not warned about: a warning scrolls by and the key stays exposed.
"""

import json
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText

SECRET_BYTES = 32
_MAX_FILE_BYTES = 4096
_KEY_ID = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityKey:
    """A named secret. The secret is left out of ``repr``, so no traceback prints it.

    Raises
    ------
    ConfigFault
        The key id is not 1 to 16 of ``a-z0-9``, or the secret is not 32 bytes or more.
    """

    key_id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check that tokens made with this key can be told apart and cannot be guessed."""
        if not _KEY_ID.fullmatch(self.key_id):
            raise ConfigFault(refusal("identity_key_id"))
        if len(self.secret) < SECRET_BYTES:
            told = {"found": len(self.secret), "least": SECRET_BYTES}
            raise ConfigFault(refusal("identity_key_short", key=self.key_id, **told))


def new_identity_key(key_id: str = "k1") -> IdentityKey:
    """Return a key with a fresh random secret of 32 bytes."""
    return IdentityKey(key_id=key_id, secret=secrets.token_bytes(SECRET_BYTES))


def write_identity_key(path: Path, key: IdentityKey) -> None:
    """Write the key to a new file of mode 0600.

    Raises
    ------
    ConfigFault
        The file exists already (a key is never overwritten: its tokens would be lost)
        or cannot be written.
    """
    text = json.dumps({"key_id": key.key_id, "secret_hex": key.secret.hex()}) + "\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigFault(refusal("identity_key_there", path=path)) from error
    except OSError as error:
        told = refusal("identity_key_unwritable", path=path, error=error.strerror)
        raise ConfigFault(told) from error


def load_identity_key(path: Path) -> IdentityKey:
    """Read a key file.

    Raises
    ------
    ConfigFault
        The file is missing, readable by group or others, or holds no valid key. The
        message names the file and what to do, and never the secret.
    """
    try:
        text = read_private(path, refusal("identity_key"), _MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise ConfigFault(refusal("identity_key_missing", path=path)) from error
    try:
        document = json.loads(text)
        key_id, secret = document["key_id"], bytes.fromhex(document["secret_hex"])
    except (ValueError, KeyError, TypeError):
        # The parser's message may quote the file, and with it the secret.
        raise ConfigFault(refusal("identity_key_form", path=path)) from None
    if not isinstance(key_id, str):
        raise ConfigFault(refusal("identity_key_text", path=path))
    return IdentityKey(key_id=key_id, secret=secret)


def read_private(path: Path, what: LocalizedText, bytes_max: int) -> str:
    """Read a file that nobody else may open.

    Parameters
    ----------
    what
        What the message calls the file.
    bytes_max
        What follows after so many bytes is left out.

    Raises
    ------
    FileNotFoundError
        It is not there.
    ConfigFault
        Group or others may open it, or it cannot be read.
    """
    try:
        # One handle for check and read, so that the file cannot be swapped in between.
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                told = {"what": what, "path": path, "mode": f"{stat.S_IMODE(mode):04o}"}
                raise ConfigFault(refusal("open_to_others", **told))
            return file.read(bytes_max).decode("utf-8", "replace")
    except FileNotFoundError:
        raise
    except OSError as error:
        text = refusal("unreadable_private", what=what, path=path, error=error.strerror)
        raise ConfigFault(text) from error
