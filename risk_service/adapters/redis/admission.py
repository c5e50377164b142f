"""Counters in Redis that follow the ledger's commits, to refuse what is hopeless.

They may only refuse, never grant. A figure is trusted for a short time after the ledger
said it, so a release of which Redis never heard makes a refusal wrong for no longer; a
figure that is too low only lets an order through to the ledger. So nothing depends on
Redis but speed: whatever goes wrong with it, nothing is known and the ledger is asked.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from hashlib import sha1
from struct import Struct
from typing import NamedTuple

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import pack, require_hiredis
from risk_service.adapters.redis.scripts import evalsha, source
from risk_service.domain.errors import StoreUnavailable

TIMEOUT_S = 0.02
TRUST_S = 1.0
# How long a figure that is not trusted any more still keeps older ones out.
KEEP_S = 600.0
# Figures that wait for the next trip; more than this, and the oldest are of no use any more.
WAITING_MAX = 10_000

log = logging.getLogger(__name__)

_FOLLOW, _LOOK = source("admission.lua"), source("admission_look.lua")
_CALL = evalsha(_FOLLOW)
_LOOK_NAME = sha1(_LOOK.encode()).hexdigest()  # noqa: S324 - Redis names scripts by SHA-1
_TOLD = Struct("<qqqq")
_USED = Struct("<q")
# Counters that one look is about; Redis answers nobody else meanwhile.
LOOK_MAX = 500
_LOGIN = Login()


class Figure(NamedTuple):
    """What a counter stood at when the ledger changed or read it.

    ``sequence`` counts the changes of the counter. ``asked_s`` is when the ledger was asked,
    by this process's monotonic clock.
    """

    counter: str
    sequence: int
    used: int
    asked_s: float


class RedisAdmission:
    """Knows some counters, for a while. Used by one thread; each process has its own.

    Parameters
    ----------
    addresses
        One server, or some nodes of a cluster.
    prefix
        How every key begins, in braces: a Redis Cluster keeps all of them on one node, so
        that one command looks at many.
    trust_s
        How long a figure may refuse after the ledger was asked for it.
    timeout_s
        Longest wait of one call.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        prefix: str = "limit",
        trust_s: float = TRUST_S,
        timeout_s: float = TIMEOUT_S,
        login: Login = _LOGIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        require_hiredis()
        self._cluster = Cluster(
            addresses, scripts=(_FOLLOW, _LOOK), login=login, timeout_s=timeout_s
        )
        self._prefix = prefix
        self._trust_s = trust_s
        self._clock = clock
        self._waiting: dict[str, Figure] = {}
        self._lost = False

    def follow(self, figures: Iterable[Figure]) -> None:
        """Take in what the ledger said; it rides at the head of the next trip."""
        for figure in figures:
            known = self._waiting.get(figure.counter)
            if known is None or known.sequence <= figure.sequence:
                self._waiting[figure.counter] = figure
        if len(self._waiting) > WAITING_MAX:
            self.settle()

    def used(self, counters: Sequence[str]) -> Mapping[str, int]:
        """Return what may be trusted; nothing when Redis does not answer."""
        try:
            return self._trip(counters)
        except StoreUnavailable as error:
            if not self._lost:
                log.warning("admission_lost", extra={"error": str(error)})
            self._lost = True
            return {}

    def settle(self) -> None:
        """Send what waits for the next trip."""
        if self._waiting:
            self.used(())

    def close(self) -> None:
        """Send what waits and close the connections."""
        self.settle()
        self._cluster.close()

    def key_of(self, counter: str) -> bytes:
        """Return the Redis key of a counter, as operators look for it."""
        return f"{{{self._prefix}}}{counter}".encode()

    def _trip(self, counters: Sequence[str]) -> dict[str, int]:
        told, self._waiting = self._waiting, {}
        keys, commands = self._followed(told.values())
        behind = len(keys)
        looks = [counters[at : at + LOOK_MAX] for at in range(0, len(counters), LOOK_MAX)]
        trust_ms = int(self._trust_s * 1000)
        for look in looks:
            names = [self.key_of(counter) for counter in look]
            keys.append(names[0])
            commands.append(pack("EVALSHA", _LOOK_NAME, len(names), *names, trust_ms))
        found: dict[str, int] = {}
        with closing(self._cluster.run(keys, commands)) as replies:
            for place, reply in replies:
                if place >= behind and isinstance(reply, list):
                    found |= _known(looks[place - behind], reply)
        if self._lost and keys:
            log.info("admission_back")
            self._lost = False
        return found

    def _followed(self, figures: Iterable[Figure]) -> tuple[list[bytes], list[bytes]]:
        """Return keys and commands of figures that are still of use."""
        now_s = self._clock()
        keys, commands = [], []
        for figure in figures:
            # What waited in this process is not trusted for longer than if it had not.
            trust_ms = int((self._trust_s - (now_s - figure.asked_s)) * 1000)
            if trust_ms > 0:
                key = self.key_of(figure.counter)
                data = _TOLD.pack(figure.sequence, figure.used, trust_ms, int(KEEP_S * 1000))
                keys.append(key)
                commands.append(_CALL % (len(key), key, len(data), data))
        return keys, commands


def _known(counters: Sequence[str], told: Sequence[object]) -> dict[str, int]:
    """Return the counters of a look of which something may be trusted."""
    pairs = zip(counters, told, strict=True)
    return {counter: _USED.unpack(used)[0] for counter, used in pairs if isinstance(used, bytes)}
