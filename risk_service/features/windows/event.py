"""The event that windows count, and the hash under which its values are told apart."""

from functools import lru_cache
from hashlib import blake2b

from risk_service.domain.event import Event

__all__ = ["MISSING_HASH", "Event", "field_hash"]

MISSING_HASH = 0
# Sellers, SKUs and campaigns come again and again; accounts mostly do not.
_CACHED_HASHES = 65_536


@lru_cache(_CACHED_HASHES)
def field_hash(text: str) -> int:
    """Return the int64 under which a field's value counts as distinct; 0 for no value.

    Among 10^9 values the chance that any two share a hash is 3 %.
    """
    if not text:
        return MISSING_HASH
    digest = blake2b(text.encode(), digest_size=8).digest()
    # A value must never be taken for a missing one.
    return int.from_bytes(digest, "little", signed=True) or 1
