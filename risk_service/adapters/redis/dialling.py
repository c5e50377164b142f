"""Opens a connection to a host within a time, its name included.

The system looks a name up for as long as it likes: seconds, where the resolver is dead. So that
goes on in a thread; whoever wants the connection waits for his time, and those after him do not
wait as long as it goes on.
"""

import socket
import time
from concurrent.futures import Future
from ipaddress import ip_address
from threading import Thread
from typing import Any

from risk_service.adapters.redis.addresses import Address

_Found = list[tuple[int, Any]]
# What is left for an address when the others have used up the time.
LEAST_S = 0.001


class Dialling:
    """Opens connections to one address. Used by one thread."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._underway: Future[_Found] | None = None

    def connect(self, seconds: float) -> socket.socket:
        """Return a connection; all that the name stands for are tried, each for its share.

        Raises
        ------
        OSError
            There was none in time.
        """
        ends_s = time.monotonic() + seconds
        found = self._found(seconds)
        failure: OSError = ConnectionRefusedError("the name stands for no address")
        for place, (family, address) in enumerate(found):
            share_s = (ends_s - time.monotonic()) / (len(found) - place)
            line = socket.socket(family, socket.SOCK_STREAM)
            try:
                line.settimeout(max(share_s, LEAST_S))
                line.connect(address)
            except OSError as error:
                failure = error
                line.close()
            else:
                return line
        raise failure

    def _found(self, seconds: float) -> _Found:
        if _is_number(self._address[0]):
            return _look_up(self._address)
        wait_s = seconds if self._underway is None else 0.0
        self._underway = self._underway or self._begun()
        try:
            found = self._underway.result(wait_s)
        except TimeoutError:
            raise ConnectionRefusedError("its name was not found in time") from None
        except OSError:
            self._underway = None
            raise
        self._underway = None
        return found

    def _begun(self) -> Future[_Found]:
        underway: Future[_Found] = Future()

        def run() -> None:
            try:
                underway.set_result(_look_up(self._address))
            except Exception as error:  # noqa: BLE001 - raised where the connection is asked for
                underway.set_exception(error)

        # A daemon: nobody who stops waits for a resolver that is gone.
        Thread(target=run, name="redis-name", daemon=True).start()
        return underway


def _is_number(host: str) -> bool:
    """Tell whether a host is an address already, with the zone of a link behind it or not."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(address: Address) -> _Found:
    host, port = address
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from error
    return [(family, where) for family, _, _, _, where in found]
