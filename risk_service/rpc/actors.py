"""Who asks: from the metadata of a call to its actor, by the hash of the token.

A token is looked up by its SHA-256 in one dict: what is compared is a hash that the caller
cannot choose byte by byte, so the time of the look-up tells nothing about the tokens that exist.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path

from risk_service.domain.actor import LOCAL, Actor, Scope
from risk_service.domain.errors import ConfigFault, Forbidden, Unauthenticated
from risk_service.domain.refusals import refusal
from risk_service.rpc.actors_file import read_actors, token_digest

Metadata = Iterable[tuple[str, str | bytes]]

HEADER = "authorization"
_SCHEME = "bearer"


class Actors:
    """The actors of a service, swapped whole by ``use``.

    Parameters
    ----------
    by_digest
        Actor by the SHA-256 of its token; None: everybody is ``LOCAL``.
    """

    def __init__(self, by_digest: Mapping[bytes, Actor] | None) -> None:
        self._by_digest = by_digest

    @property
    def is_open(self) -> bool:
        """Tell whether calls need no token."""
        return self._by_digest is None

    @property
    def known(self) -> dict[str, list[str]]:
        """Return the scopes of every actor by its id; empty while calls need no token."""
        actors = (self._by_digest or {}).values()
        return {actor.actor_id: sorted(actor.scopes) for actor in actors}

    def of(self, metadata: Metadata) -> Actor:
        """Return the actor of a call.

        Raises
        ------
        Unauthenticated
            There is no token, or not exactly one, or it is nobody's.
        """
        if self._by_digest is None:
            return LOCAL
        actor = self._by_digest.get(token_digest(_token(metadata)))
        if actor is None:
            raise Unauthenticated(refusal("nobodys_token"))
        return actor

    def use(self, other: "Actors") -> None:
        """Serve the actors of another from now on.

        Raises
        ------
        ConfigFault
            It would open a service to everybody.
        """
        if other.is_open and not self.is_open:
            raise ConfigFault("a service that knows actors is not opened to everybody")
        self._by_digest = other._by_digest


def allow(actor: Actor, scope: Scope) -> None:
    """Let an actor pass that has the scope.

    Raises
    ------
    Forbidden
        It has not.
    """
    if scope not in actor.scopes:
        raise Forbidden(refusal("lacks_scope", actor=actor.actor_id, scope=scope))


def load_actors(path: Path | None, listen: str) -> Actors:
    """Return the actors of a file; without one everybody on this machine is ``LOCAL``.

    Raises
    ------
    ConfigFault
        The file is wrong or holds nobody, or there is none and others can reach the address.
    """
    if path is None:
        if not is_loopback(listen):
            raise ConfigFault(
                f"listens on {listen}, which other machines can reach, and knows no actors: make "
                "them with `risk actors init --file actors.toml` and give --actors actors.toml, "
                "or listen on 127.0.0.1"
            )
        return Actors(None)
    known = {
        bytes.fromhex(entry.token_sha256): Actor(actor_id=entry.id, scopes=entry.granted)
        for entry in read_actors(path)
        if entry.revoked_at is None
    }
    if not known:
        raise ConfigFault(f"{path}: holds no actor that is not revoked; add one: risk actors add")
    return Actors(known)


def is_loopback(listen: str) -> bool:
    """Tell whether only this machine can reach ``host:port``; in doubt it is not so."""
    host = listen.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _token(metadata: Metadata) -> str:
    found = [value for key, value in metadata if key == HEADER]
    if not found:
        raise Unauthenticated(refusal("no_token"))
    value = found[0]
    if len(found) > 1 or not isinstance(value, str):
        raise Unauthenticated(refusal("token_form"))
    scheme, _, token = value.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != _SCHEME or not token:
        raise Unauthenticated(refusal("token_form"))
    return token
