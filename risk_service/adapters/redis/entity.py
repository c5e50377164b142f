"""What a worker knows of one entity: its record, up to some byte of the stored value."""

from risk_service.adapters.redis.layout import (
    FOLD_MIN_BYTES,
    ID_BYTES,
    REMEMBERED_BYTES,
    STAMP,
    VALUE_HEAD,
    EntryLayout,
    Visit,
)
from risk_service.adapters.redis.scripts import Known, fold_part
from risk_service.domain.errors import DataFault
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import effective_us, too_old

# Ids by which a repeated event is recognised: the newest, and none older than a day.
REMEMBERED_IDS = 1024
REMEMBERED_US = 24 * 3_600_000_000


class Entity:
    """A record with every entry of the stored value counted that this worker has seen.

    Parameters
    ----------
    stored
        The stored value without its last stamp.

    Raises
    ------
    DataFault
        The stored record is damaged.
    """

    __slots__ = ("_fresh", "_head", "_ids", "_layout", "_length", "_pending_bytes",
                 "_record_bytes", "record")  # fmt: skip

    def __init__(self, layout: EntryLayout, stored: bytes) -> None:
        self._layout = layout
        self._head = stored[: VALUE_HEAD.size]
        _, ids_bytes, self._record_bytes = VALUE_HEAD.unpack(self._head)
        record_at = VALUE_HEAD.size + ids_bytes
        entries_at = record_at + self._record_bytes
        if entries_at > len(stored):
            raise DataFault("window record", None, "is cut off")
        if ids_bytes % REMEMBERED_BYTES:
            raise DataFault("window record", None, "follows ids of which one is cut off")
        self._ids = stored[VALUE_HEAD.size : record_at]
        packed = stored[record_at:entries_at]
        self.record = Record.unpack(layout.plan, packed) if packed else Record(layout.plan)
        # Id and stamp of each entry behind the record.
        self._fresh: list[bytes] = []
        self._pending_bytes = 0
        self._length = entries_at
        self.follow(stored[entries_at:])

    @property
    def known(self) -> Known:
        """How much of the stored value is in the record."""
        return Known(self._head, self._length)

    @property
    def is_due(self) -> bool:
        """Return whether so many entries wait that they should be folded.

        A cold entity is folded after a few events, because reading an entry costs about as
        much as folding it; a hot one after many, because packing its record costs more.
        """
        return self._pending_bytes > FOLD_MIN_BYTES and self._pending_bytes > self._record_bytes

    def follow(self, entries: bytes) -> None:
        """Count stored entries that are not counted here yet."""
        if entries:
            self._layout.replay(self.record, entries)
            self._fresh += self._layout.ids_of(entries)
            self._grow(len(entries))

    def add(self, visit: Visit, a_us: int) -> None:
        """Count an event of our own, which the script has stored under this stamp."""
        tau_us = effective_us(visit.at_us, a_us)
        if not too_old(tau_us, a_us):
            self.record.apply(a_us, tau_us, visit.counts, visit.columns, visit.hashes)
        self._fresh.append(visit.entry[:ID_BYTES] + STAMP.pack(a_us))
        self._grow(len(visit.entry))

    def fold(self) -> bytes:
        """Fold the entries into the record; return what says so to the script.

        From then on the entity is taken to be folded. Should it be lost or come
        too late, the script will not find our head and send the whole value.
        """
        before = self.known
        ids = _remembered(self._ids + b"".join(self._fresh))
        (stamp_us,) = STAMP.unpack_from(ids, len(ids) - STAMP.size)
        packed = self.record.pack(stamp_us)
        self._head = VALUE_HEAD.pack(stamp_us, len(ids), len(packed))
        self._ids, self._fresh = ids, []
        self._pending_bytes, self._record_bytes = 0, len(packed)
        value = self._head + ids + packed
        self._length = len(value)
        return fold_part(before, value)

    def _grow(self, size: int) -> None:
        self._pending_bytes += size
        self._length += size


def _remembered(ids: bytes) -> bytes:
    """Return the ids, oldest first, without those that are forgotten now."""
    (newest_us,) = STAMP.unpack_from(ids, len(ids) - STAMP.size)
    start = max(0, len(ids) - REMEMBERED_IDS * REMEMBERED_BYTES)
    while STAMP.unpack_from(ids, start + ID_BYTES)[0] < newest_us - REMEMBERED_US:
        start += REMEMBERED_BYTES
    return ids[start:]
