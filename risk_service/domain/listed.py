"""What lists may hold: their kinds, the kinds of entities, and what lists need of an order."""

from enum import StrEnum

from msgspec import Struct


class ListKind(StrEnum):
    """What a hit means.

    ALLOW suppresses scores and soft rules, never a limit; DENY denies; GREY decides nothing and
    is there for rules to ask about.
    """

    ALLOW = "allow"
    DENY = "deny"
    GREY = "grey"


class EntityKind(StrEnum):
    """What an entry is about.

    Those up to RECIPIENT are known as keyed tokens only. A NETWORK is an IP block of any prefix;
    a RECIPIENT is a name at a building, whatever the phone and the door.
    """

    ACCOUNT = "account"
    DEVICE = "device"
    PAYMENT = "payment"
    IP = "ip"
    NETWORK = "network"
    PHONE = "phone"
    REAL_NAME = "real_name"
    ADDRESS_DOOR = "address_door"
    ADDRESS_BUILDING = "address_building"
    RECIPIENT = "recipient"
    IDENTITY_CLUSTER = "identity_cluster"
    SKU = "sku"
    SELLER = "seller"
    CAMPAIGN = "campaign"
    COUPON = "coupon"
    DROP = "drop"


# Known by the name that the shop gave them: they tell nothing about a person.
PLAIN_KINDS = frozenset(
    {
        EntityKind.IDENTITY_CLUSTER, EntityKind.SKU, EntityKind.SELLER, EntityKind.CAMPAIGN,
        EntityKind.COUPON, EntityKind.DROP,
    }
)  # fmt: skip


class ListNeeds(Struct, frozen=True, kw_only=True):
    """Which tokens the entries in force need that orders do not have anyway.

    Lengths of prefixes in bits; a /24, /56, /32 or /128 is among the tokens of every order.
    """

    v4_bits: tuple[int, ...] = ()
    v6_bits: tuple[int, ...] = ()
    recipient: bool = False


NOTHING_NEEDED = ListNeeds()


class RawListed(Struct, frozen=True, kw_only=True):
    """What a person wrote into a list. Never stored, never logged.

    ``value`` is the identifier, or a token as decisions show it. Addresses and recipients use the
    five parts of the address, a recipient ``name`` as well.
    """

    entity: EntityKind
    value: str = ""
    name: str = ""
    address: tuple[str, str, str, str, str] = ("", "", "", "", "")

    def __repr__(self) -> str:
        """Keep raw identifiers out of logs and tracebacks."""
        return f"RawListed(entity={self.entity.value!r}, ...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Keep them out of what rich prints as well."""
        return [("entity", self.entity.value)]
