"""What a list book is made of: entries, their terms, and the bytes that stand for a key."""

from hashlib import blake2b

from msgspec import Struct

from risk_service.domain.listed import PLAIN_KINDS, EntityKind, ListKind
from risk_service.domain.vocabulary import PromotionType

KEY_BYTES = 16
ENTRY_PREFIX = "le_"


class Terms(Struct, frozen=True, kw_only=True):
    """What many entries share: their list, their scope, and why they stand there.

    An empty scope is no restriction. Both parts must hold: an entry for flash sales of campaign
    c-1 asks for an order that takes part in both.
    """

    list_id: str
    kind: ListKind
    reason: str
    promotion_types: frozenset[PromotionType] = frozenset()
    campaigns: frozenset[str] = frozenset()
    source: str = ""


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """One entry. ``expires_at_us`` is 0 for one that does not expire.

    ``key`` is what ``key_bytes`` made of the token or name.
    """

    number: int
    entity: EntityKind
    key: bytes
    terms: Terms
    expires_at_us: int = 0

    @property
    def entry_id(self) -> str:
        """Return the id that people see."""
        return entry_id(self.number)


def entry_id(number: int) -> str:
    """Return the id of an entry, such as ``le_17``."""
    return f"{ENTRY_PREFIX}{number}"


def key_bytes(entity: EntityKind, text: str) -> bytes:
    """Return 16 bytes that stand for a token or a name.

    Of a token they are its digest: two tokens of one key share them only when they are equal. A
    name is hashed.
    """
    if entity in PLAIN_KINDS:
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
    return bytes.fromhex(text[-2 * KEY_BYTES :])
