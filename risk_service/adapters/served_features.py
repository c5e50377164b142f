"""The online store that is in force: opened anew whenever ``serving.json`` changes.

Materialisation replaces the file at night; the service follows without a restart, and every
read after the replacement sees the new history. While there is no store that opens, reads
raise ``StoreUnavailable`` and decisions go on in mode NO_FEATURES; every second it is tried
again, as it is when a file that was open cannot be read any more.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from risk_service.adapters.feast_layout.manifest import ServingManifest, load_manifest
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.adapters.feast_layout.redis_reader import FeastRedisReader
from risk_service.adapters.redis.addresses import login_to
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.order import Order
from risk_service.feature_ports import StoredFeatures
from risk_service.server_access import Access

TRY_AGAIN_EVERY_S = 1.0
LOOK_FOR_WRITES_EVERY_S = 0.05
TIMEOUT_S = 0.05
_NOBODY = Access(name="features")

log = logging.getLogger(__name__)


class ServedFeatures:
    """Implements ``feature_ports.FeatureReader`` over what ``serving.json`` names right now.

    Parameters
    ----------
    path
        ``serving.json`` as materialisation writes it.
    on_opened
        Told the time up to which a newly opened store holds history, in microseconds.
    access, timeout_s
        For a store in Redis: who we are to it, and the longest wait of one read.

    Raises
    ------
    ConfigFault
        At start: the file is wrong or belongs to another schema. Later such a file is
        logged and the store opened before stays in force.
    """

    def __init__(
        self,
        path: Path,
        on_opened: Callable[[int], None],
        *,
        access: Access = _NOBODY,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._path = path
        self._on_opened = on_opened
        self._access = access
        self._timeout_s = timeout_s
        self._reader: FeastSqliteReader | FeastRedisReader | None = None
        self._stamp: tuple[int, int] | None = None
        self._try_at_s = 0.0
        try:
            self._open()
        except StoreUnavailable as error:
            log.warning("features_unavailable", extra={"error": str(error)})

    def read(self, orders: Sequence[Order], now_us: int) -> StoredFeatures:
        """Return one row of stored features per order, NaN where missing or expired."""
        # One stat a group is a few microseconds. Looking less often would answer from yesterday's
        # history for a while after materialisation said that it is done.
        try_again = self._reader is None and time.monotonic() >= self._try_at_s
        if try_again or _stamp(self._path) != self._stamp:
            self._reopen()
        if self._reader is None:
            raise StoreUnavailable("no online store could be opened")
        try:
            return self._reader.read(orders, now_us)
        except StoreUnavailable:
            # Another file may have been put in its place, which only a new reader finds. Servers
            # come back by themselves, and meanwhile rows that are in memory are good.
            if isinstance(self._reader, FeastSqliteReader):
                self.close()
            raise

    def close(self) -> None:
        """Close the store."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _reopen(self) -> None:
        self._try_at_s = time.monotonic() + TRY_AGAIN_EVERY_S
        try:
            self._open()
        except (ConfigFault, StoreUnavailable) as error:
            log.warning("features_not_reopened", extra={"error": str(error)})

    def _open(self) -> None:
        # Remembered first: a file that is refused is not read again until it changes.
        self._stamp = _stamp(self._path)
        reader = self._reader_of(load_manifest(self._path))
        self.close()
        self._reader = reader
        self._on_opened(reader.materialized_until_us)

    def _reader_of(self, manifest: ServingManifest) -> FeastSqliteReader | FeastRedisReader:
        if manifest.is_shared:
            login = login_to(manifest.online_store, self._access)
            return FeastRedisReader(manifest, login=login, timeout_s=self._timeout_s)
        return FeastSqliteReader(manifest, look_every_s=LOOK_FOR_WRITES_EVERY_S)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
