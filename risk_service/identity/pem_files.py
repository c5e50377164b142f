"""PEM files of TLS: whether they go together, and whether they are still the same."""

import ssl
from collections.abc import Iterable
from pathlib import Path

from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.identity.keys import read_private

KEY_BYTES_MAX = 64 * 1024
# What tells a file from the one that was there before: inode, size, time of its last change.
Stamp = tuple[int, int, int]


def stamps_of(files: Iterable[Path]) -> tuple[Stamp, ...]:
    """Return what tells these files from later ones.

    Raises
    ------
    ConfigFault
        One of them is not there.
    """
    stamps = []
    for path in files:
        try:
            status = path.stat()
        except OSError as error:
            raise ConfigFault(f"TLS file {path}: {error.strerror}") from error
        stamps.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(stamps)


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> str:
    """Let a context present a certificate; return the key.

    Raises
    ------
    ConfigFault
        A file cannot be read, others may open the key, or they do not go together.
    """
    try:
        text = read_private(key, refusal("tls_key"), KEY_BYTES_MAX)
    except FileNotFoundError as error:
        raise ConfigFault(f"TLS file {key}: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ConfigFault(
            f"TLS files {certificate} and {key}: no certificate and its key ({error})"
        ) from error
    return text


def load_authority(context: ssl.SSLContext, authority: Path) -> None:
    """Let a context trust whom this authority has signed.

    Raises
    ------
    ConfigFault
        The file holds no certificate.
    """
    try:
        context.load_verify_locations(authority)
    except OSError as error:
        raise ConfigFault(f"TLS file {authority}: holds no certificate ({error})") from error


def _no_password() -> str:
    """Refuse to ask a terminal that is not there."""
    raise ValueError("the key needs a password; store it without one, readable by the service only")
