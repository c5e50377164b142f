"""What a worker knows of one entity: its record, up to some byte of the stored value."""

from collections import OrderedDict

from risk_service.adapters.redis.layout import ID_BYTES, STAMP, VALUE_HEAD, EntryLayout
from risk_service.adapters.redis.scripts import Known, Taken, fold_command
from risk_service.features.windows.record import Record

# Ids by which a repeated event is recognised: the newest, and none older than a day.
REMEMBERED_IDS = 1024
REMEMBERED_US = 24 * 3_600_000_000
# Unpacking a record below this size costs no more than keeping track of it.
WORTH_KEEPING_BYTES = 1024
KEPT_ENTITIES = 1024


class Entity:
    """A record with every entry of the stored value counted that this worker has seen.

    Parameters
    ----------
    stored
        The stored value without its last stamp.

    Raises
    ------
    risk_service.domain.errors.DataFault
        The stored record is damaged.
    """

    length: int
    __slots__ = ("_entries", "_head", "_ids", "_layout", "_record_bytes", "length", "record")

    def __init__(self, layout: EntryLayout, stored: bytes) -> None:
        self._layout = layout
        _, ids_bytes, self._record_bytes = VALUE_HEAD.unpack_from(stored)
        self._head = stored[: VALUE_HEAD.size]
        record_at = VALUE_HEAD.size + ids_bytes
        entries_at = record_at + self._record_bytes
        self._ids = stored[VALUE_HEAD.size : record_at]
        packed = stored[record_at:entries_at]
        self.record = Record.unpack(layout.plan, packed) if packed else Record(layout.plan)
        self._entries: list[bytes] = []
        self.length = entries_at
        self.follow(stored[entries_at:])

    @property
    def known(self) -> Known:
        """How much of the stored value is in the record."""
        return Known(self._head, self.length)

    @property
    def is_worth_keeping(self) -> bool:
        """Return whether to keep this for the entity's next event."""
        return self.length >= WORTH_KEEPING_BYTES

    def follow(self, entries: bytes) -> None:
        """Count entries that others have appended."""
        if entries:
            self._layout.replay(self.record, entries)
            self._append(entries)

    def add(self, entry: bytes, stamp_us: int) -> None:
        """Count an entry of our own, which the script has stored under this stamp."""
        self.follow(entry[:8] + STAMP.pack(stamp_us) + entry[ID_BYTES:])

    def fold(self, key: bytes) -> bytes | None:
        """Return the command that folds the entries into the record, when it is due.

        From then on the entity is taken to be folded. Should the command be lost or come
        too late, the script will not find our head and send the whole value.
        """
        pending_bytes = sum(map(len, self._entries))
        if not self._layout.is_due(pending_bytes, self._record_bytes):
            return None
        before = self.known
        entries = b"".join(self._entries)
        ids = self._remembered(self._ids + b"".join(self._layout.ids_of(entries)))
        (stamp_us,) = STAMP.unpack_from(ids, len(ids) - STAMP.size)
        packed = self.record.pack(stamp_us)
        self._head = VALUE_HEAD.pack(stamp_us, len(ids), len(packed))
        self._ids, self._entries, self._record_bytes = ids, [], len(packed)
        value = self._head + ids + packed
        self.length = len(value)
        return fold_command(key, before, value)

    def _append(self, entries: bytes) -> None:
        self._entries.append(entries)
        self.length += len(entries)

    @staticmethod
    def _remembered(ids: bytes) -> bytes:
        """Return the ids, oldest first, without those that are forgotten now."""
        (newest_us,) = STAMP.unpack_from(ids, len(ids) - STAMP.size)
        start = max(0, len(ids) - REMEMBERED_IDS * ID_BYTES)
        while STAMP.unpack_from(ids, start + 8)[0] < newest_us - REMEMBERED_US:
            start += ID_BYTES
        return ids[start:]


class Entities:
    """The entities met last that are worth keeping."""

    def __init__(self, kept: int = KEPT_ENTITIES) -> None:
        self._kept = kept
        self._entities: OrderedDict[bytes, Entity] = OrderedDict()

    def get(self, key: bytes) -> Entity | None:
        """Return what is known of an entity."""
        return self._entities.get(key)

    def after(self, key: bytes, layout: EntryLayout, taken: Taken) -> Entity:
        """Return the entity as it was stored when the script took it."""
        stored = taken.stored
        if stored is None:
            raise ValueError("the stored value was left out of the reply")
        entity = self._entities.pop(key, None)
        if entity is None or taken.from_byte == 0:
            entity = Entity(layout, stored)
        else:
            entity.follow(stored)
        if entity.is_worth_keeping:
            self._entities[key] = entity
            if len(self._entities) > self._kept:
                self._entities.popitem(last=False)
        return entity
