"""Keys of list entries: a raw identifier comes in once, and only its token goes on.

The tokens are those of orders, so that an entry meets the orders it is about. Networks have
tokens of their own: HMAC over version, length and the bits of the prefix. An order carries those
for the lengths that lists use, no others: any prefix can be matched, no raw address is kept.
"""

import re
from collections.abc import Callable

from risk_service.domain.errors import InvalidInput
from risk_service.domain.listed import PLAIN_KINDS, EntityKind, ListNeeds, RawListed
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText
from risk_service.identity.address import Address, parse_address
from risk_service.identity.hashing import keyed_token
from risk_service.identity.ip import IpFacts, parse_ip
from risk_service.identity.keys import IdentityKey
from risk_service.identity.names import is_masked, normalise_name
from risk_service.identity.phone import parse_phone
from risk_service.identity.real_name import parse_real_name_id
from risk_service.identity.text import check_length, opaque

TOKEN = re.compile(r"[a-z0-9]{1,16}:[0-9a-f]{32}")
# The token of a network of a length that orders have no token for, as entries show it.
_NETWORK_TOKEN = re.compile(r"([a-z0-9]{1,16}:[0-9a-f]{32})/v([46])-(\d{1,3})")
# Wider networks would list half a country by a slip of the pen.
V4_BITS_MIN, V6_BITS_MIN = 8, 16
_SEPARATOR = "\x1f"
_ADDRESS_FIELDS = ("region", "city", "district", "detail", "postcode")

Token = Callable[[bytes], str]


class ListTokens:
    """Makes the keys of entries, and the tokens that an order carries for lists.

    Parameters
    ----------
    key
        The identity key of the service; entries made under another one match nothing.
    """

    def __init__(self, key: IdentityKey) -> None:
        self._network = keyed_token(key, "network")
        self._recipient = keyed_token(key, "recipient")
        self._tokens: dict[EntityKind, Token] = {
            kind: keyed_token(key, kind.value)
            for kind in EntityKind
            if kind not in PLAIN_KINDS and kind is not EntityKind.NETWORK
        }
        self._block = keyed_token(key, "ip_block")
        self._texts: dict[EntityKind, Callable[[RawListed], str]] = {
            EntityKind.ACCOUNT: _opaque_id,
            EntityKind.DEVICE: _opaque_id,
            EntityKind.PAYMENT: _opaque_id,
            EntityKind.PHONE: _phone,
            EntityKind.REAL_NAME: _real_name,
            EntityKind.ADDRESS_DOOR: lambda raw: _address(raw).door,
            EntityKind.ADDRESS_BUILDING: lambda raw: _address(raw).building,
            EntityKind.RECIPIENT: lambda raw: recipient_text(raw.name, _address(raw)),
        }

    def key_of(self, raw: RawListed) -> tuple[str, int]:
        """Return the key of an entry and the length of its prefix, 0 unless it needs one.

        The length of a network is negative for IPv6. One that every order has a token for (an
        address, a /24, a /56) needs none.

        Raises
        ------
        InvalidInput
            The value is none of its kind; names the field, never the value.
        """
        for field, text in (("value", raw.value), ("name", raw.name)):
            check_length(field, text)
        for field, text in zip(_ADDRESS_FIELDS, raw.address, strict=True):
            check_length(f"address.{field}", text)
        value = raw.value.strip()
        if raw.entity in PLAIN_KINDS:
            return _found(opaque(raw.value), raw.entity), 0
        if TOKEN.fullmatch(value):
            # Of a network: the token of the block around an address, as orders have it.
            return value, 0
        if raw.entity is EntityKind.NETWORK and (shown := _NETWORK_TOKEN.fullmatch(value)):
            return shown[1], int(shown[3]) * (1 if shown[2] == "4" else -1)
        if raw.entity is EntityKind.NETWORK:
            return self._network_key(value)
        if raw.entity is EntityKind.IP:
            return self._address_key(value), 0
        text = _found(self._texts[raw.entity](raw), raw.entity)
        return self._tokens[raw.entity](text.encode("utf-8", "surrogatepass")), 0

    def of_order(
        self, needs: ListNeeds, ip: IpFacts | None, recipient: Callable[[], str]
    ) -> tuple[str, ...]:
        """Return the tokens that lists in force need of an order, beside those it has."""
        found: list[str] = []
        if ip is not None:
            lengths = needs.v4_bits if ip.version == 4 else needs.v6_bits
            found += [self._network(_prefix(ip, bits)) for bits in lengths]
        if needs.recipient and (text := recipient()):
            found.append(self._recipient(text.encode("utf-8", "surrogatepass")))
        return tuple(found)

    def _address_key(self, value: str) -> str:
        ip = parse_ip(value, "value")
        return self._tokens[EntityKind.IP](ip.packed) if ip else _none(EntityKind.IP)

    def _network_key(self, value: str) -> tuple[str, int]:
        address, slash, length = value.partition("/")
        ip = parse_ip(address, "value")
        if ip is None or not slash or not length.isascii() or not length.isdigit():
            raise _fault(refusal("no_network"))
        bits, most = int(length), 8 * len(ip.packed)
        least = V4_BITS_MIN if ip.version == 4 else V6_BITS_MIN
        if not least <= bits <= most:
            raise _fault(refusal("prefix", version=ip.version, least=least, most=most))
        if _masked(ip.packed, bits) != ip.packed:
            raise _fault(refusal("set_bits", bits=bits))
        if bits == most:
            return self._tokens[EntityKind.IP](ip.packed), 0
        if bits == 8 * len(ip.block):
            return self._block(ip.block), 0
        return self._network(_prefix(ip, bits)), bits if ip.version == 4 else -bits


def shown_network(token: str, bits: int) -> str:
    """Return the token of a network as people see it and may list it again."""
    return f"{token}/v{4 if bits > 0 else 6}-{abs(bits)}" if bits else token


def recipient_text(name: str, address: Address) -> str:
    """Return what a recipient's token is made of; empty when name or building is not known."""
    normal = normalise_name(name)
    if not normal or is_masked(normal) or not address.building:
        return ""
    return f"{normal}{_SEPARATOR}{address.building}"


def _prefix(ip: IpFacts, bits: int) -> bytes:
    return bytes((ip.version, bits)) + _masked(ip.packed, bits)


def _masked(packed: bytes, bits: int) -> bytes:
    rest = 8 * len(packed) - bits
    return (int.from_bytes(packed, "big") >> rest << rest).to_bytes(len(packed), "big")


def _opaque_id(raw: RawListed) -> str:
    return opaque(raw.value)


def _phone(raw: RawListed) -> str:
    phone = parse_phone(raw.value)
    return phone.canonical if phone else ""


def _real_name(raw: RawListed) -> str:
    real_name = parse_real_name_id(raw.value)
    if real_name is not None and real_name.checksum_ok == 0.0:
        raise _fault(refusal("id_digits"))
    return real_name.canonical if real_name else ""


def _address(raw: RawListed) -> Address:
    return parse_address(*raw.address)


# Codes of ``domain/refusals.toml``.
_WHAT = {
    EntityKind.ADDRESS_DOOR: "needs_door",
    EntityKind.ADDRESS_BUILDING: "needs_building",
    EntityKind.RECIPIENT: "needs_recipient",
    EntityKind.PHONE: "needs_phone",
    EntityKind.REAL_NAME: "needs_id_number",
    EntityKind.IP: "needs_ip",
}


def _found(text: str, entity: EntityKind) -> str:
    return text or _none(entity)


def _none(entity: EntityKind) -> str:
    field = "address" if entity.value.startswith(("address", "recipient")) else "value"
    raise _fault(refusal(_WHAT.get(entity, "not_empty")), field)


def _fault(words: LocalizedText, field: str = "value") -> InvalidInput:
    return InvalidInput.at(field, words)
