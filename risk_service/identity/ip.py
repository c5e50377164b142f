"""IP addresses: one binary form, the block around it, and whether it is on the internet."""

import ipaddress
import socket

from msgspec import Struct

from risk_service.domain.errors import InvalidInput
from risk_service.domain.refusals import refusal
from risk_service.identity.text import clean

_MAPPED_PREFIX = bytes(10) + b"\xff\xff"
_V4_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
               "169.254.0.0/16")  # fmt: skip
_V4_RESERVED = ("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
                "203.0.113.0/24", "224.0.0.0/3")  # fmt: skip
_V6_PRIVATE = ("fc00::/7", "fe80::/10", "::1/128")
_V6_RESERVED = ("::/128", "100::/64", "2001:db8::/32", "3fff::/20", "ff00::/8")

_Mask = tuple[int, int]


def _masks(networks: tuple[str, ...]) -> tuple[_Mask, ...]:
    parsed = map(ipaddress.ip_network, networks)
    return tuple((int(net.netmask), int(net.network_address)) for net in parsed)


# First bytes under which anything special lies; the check of the rest is skipped.
_V4_FIRST = frozenset({0, 10, 100, 127, 169, 172, 192, 198, 203, *range(224, 256)})
_V6_FIRST = frozenset({0x00, 0x01, 0x20, 0x3F, *range(0xFC, 0x100)})
_FIRST = {4: _V4_FIRST, 6: _V6_FIRST}
_PRIVATE = {4: _masks(_V4_PRIVATE), 6: _masks(_V6_PRIVATE)}
_RESERVED = {4: _masks(_V4_RESERVED), 6: _masks(_V6_RESERVED)}


class IpFacts(Struct, frozen=True, gc=False):
    """An address as bytes, version 4 or 6.

    ``block`` is the /24 of an IPv4 address (3 bytes) or the /56 of an IPv6 one (7 bytes).
    ``is_private`` covers networks behind a router or a carrier's translation; ``is_reserved``
    covers documentation, multicast and what nobody may use.
    """

    version: int
    packed: bytes
    block: bytes
    is_private: bool
    is_reserved: bool


def parse_ip(text: str, field: str = "order.ip") -> IpFacts | None:
    """Return the facts of an address, or None for an empty text.

    An IPv4 address written as IPv6 (``::ffff:1.2.3.4``) is the IPv4 address; brackets and a
    zone (``%eth0``) are dropped.

    Raises
    ------
    InvalidInput
        The text is no IP address; names the field.
    """
    packed = _plain_v4(text) or _packed(text, field)
    if packed is None:
        return None
    version, block_bytes = (4, 3) if len(packed) == 4 else (6, 7)
    special = packed[0] in _FIRST[version]
    number = int.from_bytes(packed, "big") if special else 0
    return IpFacts(
        version,
        packed,
        packed[:block_bytes],
        special and _within(number, _PRIVATE[version]),
        special and _within(number, _RESERVED[version]),
    )


def _plain_v4(text: str) -> bytes | None:
    """Return the bytes of digits and dots, which cleaning would not change."""
    if ":" in text:
        return None
    try:
        return socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return None


def _packed(text: str, field: str) -> bytes | None:
    cleaned = clean(text).strip("[]").partition("%")[0]
    return _pack(cleaned, field) if cleaned else None


def _pack(text: str, field: str) -> bytes:
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        # The system's message would repeat the address, which must not reach a log.
        raise InvalidInput.at(field, refusal("no_ip")) from None
    return packed[12:] if packed.startswith(_MAPPED_PREFIX) else packed


def _within(number: int, masks: tuple[_Mask, ...]) -> bool:
    for mask, network in masks:  # noqa: SIM110 - a generator in any() costs twice the loop
        if number & mask == network:
            return True
    return False
