"""Brings verifications of all services that share their windows to each of them.

What a service has made durable it appends to a log in Redis; every service copies what the
log has. They are few beside orders: a task does both now and then, nothing on the path of
orders.
"""

import logging
from collections.abc import Callable, Iterable

import msgspec

from risk_service.adapters.redis.shared_log import NOTHING, Ask, Packed, SharedLog
from risk_service.adapters.sqlite.shared_verifications import SqliteSharedVerifications
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.verification import Verification

log = logging.getLogger(__name__)

LOG_NAME = "verified:1"
# Published in one call.
BATCH = 64

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Verification]).decode


class VerificationFeed:
    """Publishes own verifications and copies those of all. Used by the thread that commits.

    Parameters
    ----------
    forget
        Told which accounts are to be looked up anew.
    on_missed
        Told when verifications are gone that the copy has not got.

    Attributes
    ----------
    is_lost
        Redis did not answer.
    """

    def __init__(
        self,
        store: SqliteSharedVerifications,
        shared: SharedLog,
        forget: Callable[[Iterable[str]], None],
        on_missed: Callable[[], None],
    ) -> None:
        self._store = store
        self._shared = shared
        self._forget = forget
        self._on_missed = on_missed
        self.is_lost = False
        self._has_met = False

    def follow(self, now_us: int) -> bool:
        """Publish and copy what there is, some of it; tell whether there is more."""
        try:
            has_more = self._follow(now_us)
        except StoreUnavailable as error:
            if not self.is_lost:
                log.warning("verifications_lost", extra={"error": str(error)})
                self.is_lost = True
            return False
        if self.is_lost:
            log.info("verifications_back")
            self.is_lost = False
        return has_more

    def close(self) -> None:
        """Publish what is durable and close; what remains the next start publishes."""
        self.follow(0)
        self._shared.close()
        self._store.close()

    def _follow(self, now_us: int) -> bool:
        store = self._store
        # At first it is only asked, or the places of a log that was put back might pass for others.
        own = store.unpublished(BATCH) if self._has_met else []
        appended = NOTHING
        if own:
            appended = Packed(own[0][0], own[-1][0], _encode([one for _, one in own]))
        self._shared.send(Ask(now_us, 0, store.entry_us, store.published, appended))
        heard = self._shared.take()
        if not self._has_met:
            self._meet(heard.published_us)
            return True
        if heard.misses(store.entry_us):
            self._miss("behind the log of verifications")
        found = [one for entry in heard.entries for one in self._read(entry.items)]
        entry_us = heard.place(store.entry_us)
        if (entry_us, heard.published_us) != (store.entry_us, store.published):
            store.take(found, entry_us, heard.published_us)
            self._forget({one.account for one in found})
        return bool(own) or not heard.read_us

    def _meet(self, published: int) -> None:
        """Begin anew where more was published than there was: a backup was put back since."""
        unmet = self._store.unmet
        if unmet is not None and published > unmet:
            self._store.begin_anew()
            self._shared.origin = self._store.origin
        # Before anything is published: what the log has of it then is no sign of a backup.
        self._store.met()
        self._has_met = True

    def _read(self, items: bytes) -> list[Verification]:
        """Return the verifications of an entry; one that cannot be read is missed for good."""
        try:
            return _decode(items)
        except ValueError:  # of msgspec's own, or of a text that is none
            self._miss("an entry cannot be read")
            return []

    def _miss(self, state: str) -> None:
        log.error("verifications_missed", extra={"state": state})
        self._on_missed()
