"""What can be told of a wrong start at once, before models are loaded and stores are opened."""

import errno
import os
import resource
import socket
from contextlib import ExitStack

from risk_service.config import Settings
from risk_service.domain.errors import ConfigFault
from risk_service.rpc.actors import load_actors

# Files of the service, of the child that tries models, of gRPC's threads, and some connections;
# short of them gRPC's core ends the process without a word of ours.
DESCRIPTORS_MIN = 256
# None of these is a matter of the moment.
_REFUSED = {
    errno.EADDRINUSE: "the port is taken; stop what listens there, or choose another",
    errno.EADDRNOTAVAIL: "the host is not this machine; name one of its own addresses",
    errno.EACCES: "this user may not open the port; choose one above 1023",
}


def check_start(settings: Settings) -> None:
    """Refuse a start that would fail later anyway.

    Raises
    ------
    ConfigFault
        The process may open too few files, the actors cannot be used, the address of the port
        or of the metrics is taken, not ours, or unknown.
    """
    _check_descriptors()
    load_actors(settings.actors, settings.listen)
    check_address(settings.listen, "--listen")
    if settings.metrics_port is not None:
        host = settings.listen.rpartition(":")[0]
        check_address(f"{host}:{settings.metrics_port}", "--metrics-port")


def check_address(address: str, option: str) -> None:
    """Refuse an address on which nobody could listen now.

    Parameters
    ----------
    option
        What the address was given by.

    Raises
    ------
    ConfigFault
        It is taken or not ours, or nobody knows the name of its host.
    """
    host, _, port = address.rpartition(":")
    if ":" in host and not host.startswith("["):
        return  # a form that only gRPC knows, such as ipv4:127.0.0.1
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigFault(
            f"cannot listen on {address}: nobody knows the host {host}; "
            f"name this machine, or one of its addresses, with {option}"
        ) from error
    # As gRPC does: it is enough to have one of them.
    refused = [_try(family, sockaddr) for family, *_, sockaddr in found]
    if all(refused):
        words = _REFUSED.get(refused[0], os.strerror(refused[0]))
        raise ConfigFault(f"cannot listen on {address}: {words} with {option}")


def _try(family: int, sockaddr: tuple[object, ...]) -> int:
    """Return the number of the error of listening there, 0 for none."""
    with ExitStack() as opened:
        try:
            one = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
            # Connections of a server that has just stopped are no hindrance, as for gRPC.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(sockaddr)
            # Two may bind to one port as long as neither listens.
            one.listen()
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


def _check_descriptors() -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < DESCRIPTORS_MIN:
        raise ConfigFault(
            f"this process may open {limit} files and connections at once, too few to serve; "
            f"allow at least {DESCRIPTORS_MIN}: `ulimit -n 4096`, or LimitNOFILE=4096 of systemd"
        )
