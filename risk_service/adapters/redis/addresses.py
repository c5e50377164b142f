"""Where the servers are, who we are to them, and which key lies in which slot."""

import ssl
from binascii import crc_hqx
from dataclasses import dataclass

from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal

SLOTS = 16_384

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a connection is opened. An empty password: none is asked for."""

    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None

    def command(self) -> tuple[str, ...] | None:
        """Return the AUTH command, or None."""
        if not self.password:
            return None
        return ("AUTH", self.username or "default", self.password)


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses of ``[redis://]host:port,host:port``; a host may be ``[::1]``.

    Raises
    ------
    ConfigFault
        A part of the text is no address.
    """
    hosts = text.removeprefix("redis://").split(",")
    return tuple(_address(part.strip()) for part in hosts)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ConfigFault(refusal("no_redis", text=text))
    return host, int(port)


def slot_of(key: bytes) -> int:
    """Return the hash slot of a key, by the rule of Redis Cluster.

    Source: Redis Cluster specification, "Keys distribution model" and "Hash tags".
    """
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return crc_hqx(key, 0) % SLOTS


def address_told(text: str, asked: Address) -> Address:
    """Return the address in a reply; a node that does not know its host is where we asked."""
    host, _, port = text.rpartition(":")
    return (host if host not in ("", "?") else asked[0], int(port))
