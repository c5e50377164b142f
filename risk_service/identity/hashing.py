"""HMAC-SHA256 with domain separation: one subkey per kind of identifier.

``subkey = HMAC(secret, "promoguard/<purpose>/v1/<kind>")``, ``digest = HMAC(subkey, message)``.
Equal texts of different kinds therefore never give equal digests.
"""

import hashlib
import hmac
from collections.abc import Callable

from risk_service.identity.keys import IdentityKey

_TOKEN_DIGITS = 32
_BLOCK_BYTES = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))

_NewHash = Callable[[], "hashlib._Hash"]


def keyed_digest(key: IdentityKey, purpose: str, kind: str) -> Callable[[bytes], bytes]:
    """Return the function from a message to its 32 byte digest under this purpose and kind."""
    inner, outer = _begun(key, purpose, kind)

    def digest(message: bytes) -> bytes:
        first = inner()
        first.update(message)
        second = outer()
        second.update(first.digest())
        return second.digest()

    return digest


def _begun(key: IdentityKey, purpose: str, kind: str) -> tuple[_NewHash, _NewHash]:
    """Return makers of the inner and the outer hash with the padded subkey already in.

    The padded blocks are hashed once and copied for every message: 0.9 us each, against
    1.7 us through ``hmac.digest``, nine times per order. A test holds both equal.
    """
    subkey = hmac.digest(key.secret, f"promoguard/{purpose}/v1/{kind}".encode(), "sha256")
    block = subkey.ljust(_BLOCK_BYTES, b"\0")
    return (
        hashlib.sha256(block.translate(_INNER_PAD)).copy,
        hashlib.sha256(block.translate(_OUTER_PAD)).copy,
    )


def keyed_text_token(key: IdentityKey, kind: str) -> Callable[[str], str]:
    """Return the function from a text to the token of its UTF-8; an empty text has none."""
    token = keyed_token(key, kind)

    def text_token(text: str) -> str:
        # A shop's id may hold a lone surrogate; it still is an id.
        return token(text.encode("utf-8", "surrogatepass")) if text else ""

    return text_token


def keyed_token(key: IdentityKey, kind: str) -> Callable[[bytes], str]:
    """Return the function from a message to its token; an empty message has none.

    A token is ``<key id>:<32 hex digits>``, the first 16 bytes of the digest.
    """
    inner, outer = _begun(key, "token", kind)
    prefix = f"{key.key_id}:"

    def token(message: bytes) -> str:
        if not message:
            return ""
        # The steps of ``keyed_digest``, written out to spare nine calls per order.
        first = inner()
        first.update(message)
        second = outer()
        second.update(first.digest())
        return prefix + second.hexdigest()[:_TOKEN_DIGITS]

    return token
