"""Where the servers are, who we are to them, and which key lies in which slot."""

import ssl
from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass, field

from risk_service.adapters.client_tls import ClientTls, settings_of_tls
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.server_access import Access

SLOTS = 16_384

Address = tuple[str, int]


# How addresses begin; those of the second speak TLS.
PLAIN, ENCRYPTED = "redis://", "rediss://"
# How a server begins what it says of a login that it does not take, or that may not do so much.
_NOT_US = ("WRONGPASS", "NOAUTH", "NOPERM", "ERR AUTH", "ERR Client sent AUTH", "ERR The user ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a connection is opened. Without user and password none is asked for.

    Parameters
    ----------
    tls
        Returns what a new connection is encrypted with; None: it is not encrypted.
    settings
        How the settings begin that all this comes from; empty where it comes from elsewhere.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    tls: Callable[[], ssl.SSLContext] | None = None
    settings: str = ""

    def command(self) -> tuple[str, ...] | None:
        """Return the AUTH command, or None."""
        if not self.password and not self.username:
            return None
        return ("AUTH", self.username or "default", self.password)

    def remedy(self, error: Exception | str) -> str:
        """Return what to look at after an error, with a mark before it; empty for most."""
        name = self.settings
        if not name:
            return ""
        if isinstance(error, ssl.SSLError):
            return f"; see {settings_of_tls(name)}"
        return f"; see {name}_user, {name}_password" if str(error).startswith(_NOT_US) else ""


def login_to(address: str, access: Access) -> Login:
    """Return how connections to an address are opened.

    Raises
    ------
    ConfigFault
        Its TLS cannot be set up.
    """
    is_encrypted = address.startswith(ENCRYPTED) or access.tls_authority is not None
    return Login(
        username=access.user,
        password=access.password,
        tls=ClientTls(access).context if is_encrypted else None,
        settings=access.name,
    )


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses of ``[redis://]host:port,host:port``; a host may be ``[::1]``.

    Raises
    ------
    ConfigFault
        A part of the text is no address, or it holds a user: with a password, which would end
        up in logs.
    """
    hosts = text.removeprefix(PLAIN).removeprefix(ENCRYPTED).split(",")
    if "@" in text:
        raise ConfigFault(refusal("redis_user", host=hosts[-1].rpartition("@")[2]))
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
