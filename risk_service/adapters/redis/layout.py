"""How an entity lies in Redis: a folded record and the entries that wait behind it.

``take.lua`` describes the bytes. An entry carries of its event what the records of its
group need, at a fixed width, so that a script and a reader find each one without parsing.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from struct import Struct as Binary

from msgspec import Struct

from risk_service.features.windows.record import Record
from risk_service.features.windows.record_plan import RecordPlan, picker
from risk_service.features.windows.tiles import NEVER_US, effective_us, too_old

VALUE_HEAD = Binary("<qii")
STAMP = Binary("<q")
ID_BYTES = 8
# An id and the stamp under which it counts.
REMEMBERED_BYTES = 16
# A key outlives its last window by the clocks' greatest skew and the hour within which its
# expiry is not renewed.
GUARD_MS = 3 * 3_600_000
FOLD_MIN_BYTES = 256


def event_hash(event_id: str) -> int:
    """Return the int64 by which a repeated event is recognised; never 0.

    The person keeps it apart from the hashes of counted values, which may be ids as well.
    """
    digest = blake2b(event_id.encode(), digest_size=8, person=b"event id").digest()
    return int.from_bytes(digest, "little", signed=True) or 1


class Visit(Struct, frozen=True, gc=False):
    """An event at one entity: its place in the group, its entry, and what the entry holds.

    ``counts`` are the filter bits that mean something there; 0: it only reads.
    """

    event: int
    entry: bytes
    counts: int
    at_us: int
    columns: tuple[int, ...]
    hashes: tuple[int, ...]


class EntryLayout:
    """The entries of one key group: what they hold, and how they come into a record.

    Parameters
    ----------
    plan
        The records of the group.
    columns, hashes
        How many an event has; an entry keeps those that the plan reads.

    Attributes
    ----------
    mask
        Bits of an event that mean something to the group.
    size
        Bytes of an entry.
    ttl_ms
        How long an entity is kept after its last event; 0 for ever.
    bits_bytes, columns, hashes
        What an entry keeps: bytes of filter bits, and places of an event's columns and hashes.
    """

    def __init__(self, plan: RecordPlan, columns: int, hashes: int) -> None:
        layout = plan.layout
        self.plan = plan
        bits = {total.bit for total in layout.totals} | {item.bit for item in layout.maps}
        self.mask = sum(bits | set(layout.seen))
        used = {total.column for total in layout.totals} | {last.column for last in layout.lasts}
        self.columns = sorted(column for column in used if column >= 0)
        self.hashes = sorted({item.hash_index for item in layout.maps})
        self.bits_bytes = -(-self.mask.bit_length() // 8)
        self._pick_columns = picker(self.columns)
        self._pick_hashes = picker(self.hashes)
        numbers = len(self.columns) + len(self.hashes)
        self._struct = Binary(f"<qqq{self.bits_bytes}s{numbers}q")
        self.size = self._struct.size
        self._no_entry = bytes(self.size)
        # Back to the places in the event; a place that the plan never reads holds anything.
        self._columns_back = picker(_places(columns, self.columns, 4))
        self._hashes_back = picker(_places(hashes, self.hashes, 4 + len(self.columns)))
        lasting_us = plan.expires_us(0)
        self.ttl_ms = 0 if lasting_us == NEVER_US else lasting_us // 1000 + GUARD_MS

    def visit(
        self,
        event: int,
        id_hash: int,
        at_us: int,
        counts: int,
        columns: tuple[int, ...],
        hashes: tuple[int, ...],
    ) -> Visit:
        """Return what an event that counts brings; ``counts`` are its bits under the mask."""
        entry = self._struct.pack(
            id_hash,
            0,
            at_us,
            counts.to_bytes(self.bits_bytes, "little"),
            *self._pick_columns(columns),
            *self._pick_hashes(hashes),
        )
        return Visit(event, entry, counts, at_us, columns, hashes)

    def look(self, event: int) -> Visit:
        """Return what an event brings that is stamped and does not count."""
        return Visit(event, self._no_entry, 0, NEVER_US, (), ())

    def replay(self, record: Record, entries: bytes) -> None:
        """Let the events of stamped entries count, in their order."""
        for fields in self._struct.iter_unpack(entries):
            a_us, at_us, bits = fields[1:4]
            tau_us = effective_us(at_us, a_us)
            if not too_old(tau_us, a_us):
                columns, hashes = self._columns_back(fields), self._hashes_back(fields)
                record.apply(a_us, tau_us, int.from_bytes(bits, "little"), columns, hashes)

    def ids_of(self, entries: bytes) -> Iterator[bytes]:
        """Yield id and stamp of each entry."""
        size = self.size
        return (entries[at : at + REMEMBERED_BYTES] for at in range(0, len(entries), size))


def _places(count: int, used: Sequence[int], start: int) -> list[int]:
    places = {item: start + index for index, item in enumerate(used)}
    return [places.get(item, 0) for item in range(count)]
