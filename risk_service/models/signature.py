"""Ed25519 signatures over a bundle's manifest or a report, and the keys that are trusted.

Holds reading and writing of ``manifest.sig``, ``signing.key`` and ``signing.pub``. The
signature file is one fixed spelling, matched as a pattern: no parser runs on bytes that
nobody has vouched for yet.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.models.manifest import MANIFEST_FILE, SIGNATURE_FILE

MAX_KEY_BYTES = 4096
_SPELLING = re.compile(rb'\{"key_id":"([0-9a-f]{16})","signature_b64":"([A-Za-z0-9+/]{86}==)"\}\n')

TrustedKeys = Mapping[str, Ed25519PublicKey]


def key_id_of(public: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def load_trusted(paths: Iterable[Path]) -> TrustedKeys:
    """Read the public keys (PEM) whose signatures are accepted, by key id.

    Raises
    ------
    ConfigFault
        A file cannot be read or is no Ed25519 public key.
    """
    keys: dict[str, Ed25519PublicKey] = {}
    for path in paths:
        try:
            key = serialization.load_pem_public_key(_read_key(path))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ConfigFault(refusal("no_public_pem", path=path)) from error
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigFault(refusal("no_public_ed25519", path=path))
        keys[key_id_of(key)] = key
    return keys


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read the private key (PEM, unencrypted) that signs bundles.

    Raises
    ------
    ConfigFault
        The file cannot be read or is no Ed25519 private key.
    """
    try:
        key = serialization.load_pem_private_key(_read_key(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigFault(refusal("no_private_pem", path=path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigFault(refusal("no_private_ed25519", path=path))
    return key


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_KEY_BYTES)
    except OSError as error:
        raise ConfigFault(refusal("unreadable_file", path=path, error=error.strerror)) from error


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """Return the private key as unencrypted PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Return the public key as PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sign_manifest(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the content of ``manifest.sig`` for these manifest bytes."""
    return _spell(key_id_of(key.public_key()), key.sign(manifest))


def _spell(key_id: str, signature: bytes) -> bytes:
    encoded = base64.b64encode(signature).decode("ascii")
    return f'{{"key_id":"{key_id}","signature_b64":"{encoded}"}}\n'.encode("ascii")


def check_signature(manifest: bytes, signature_file: bytes, trusted: TrustedKeys) -> str:
    """Return the id of the trusted key that signed these manifest bytes.

    Raises
    ------
    BundleRefused
        The signature file is misspelled, by a key that is not trusted, or wrong.
    """
    match = _SPELLING.fullmatch(signature_file)
    if match is None:
        raise BundleRefused("signature", SIGNATURE_FILE, refusal("bundle_spelling"))
    key_id = match[1].decode("ascii")
    signature = base64.b64decode(match[2])
    # Base64 has spare bits: another spelling of the same signature is a changed file.
    if _spell(key_id, signature) != signature_file:
        raise BundleRefused("signature", SIGNATURE_FILE, refusal("bundle_spelling"))
    key = trusted.get(key_id)
    if key is None:
        raise BundleRefused("signature", SIGNATURE_FILE, refusal("bundle_unknown_key", key=key_id))
    try:
        key.verify(signature, manifest)
    except InvalidSignature as error:
        told = refusal("bundle_other_content", key=key_id)
        raise BundleRefused("signature", MANIFEST_FILE, told) from error
    return key_id
