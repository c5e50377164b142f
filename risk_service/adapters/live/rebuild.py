"""Makes all records anew from the log, in time that grows as the log does.

What a record holds depends on its own events only. So the log is read once, and each event
is noted for the records that it changes; then record after record is made from all its events,
packed once and written once, in the order in which the file keeps them. To let the log pass
through records in memory instead would write most pages of the file again and again.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from risk_service.adapters.live.held_back import Effects
from risk_service.adapters.live.keeper import Keeper
from risk_service.adapters.live.parts import PARTS, Scratch
from risk_service.adapters.live.progress import Progress
from risk_service.adapters.live.records_file import RecordKey, Row, key_of
from risk_service.adapters.sqlite.tail import Logged
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import effective_us

# Events that lie near each other in the log often have the same keys.
KEYS_REMEMBERED = 1 << 17
# Before an event's columns: nothing, its stamp, its time, its filter bits.
FIRST_WORDS = 4


class Sink(Protocol):
    """Where the records go, part after part.

    Attributes
    ----------
    by_name
        Whether it must know what their keys are the hashes of.
    """

    by_name: bool

    def fill(self, rows: Sequence[Row], names: Mapping[bytes, RecordKey]) -> None:
        """Add records; ``names`` has their keys where they are asked for."""


class Rebuild:
    """Fills an empty store with the records that events make.

    Parameters
    ----------
    directory
        Where there is room for scratch files, beside the log.
    keeper
        Makes the records.
    """

    def __init__(self, directory: Path, compiled: CompiledWindows, keeper: Keeper) -> None:
        self._directory = directory
        self._compiled = compiled
        self._keeper = keeper
        columns = len(compiled.window_set.columns)
        self._width = FIRST_WORDS + columns + len(compiled.hashed)

    def fill(self, sink: Sink, events: Iterable[Logged], to_us: int) -> int:
        """Make the records of all events up to a stamp; return how many events there are.

        Raises
        ------
        StoreUnavailable
            There is no room on the disk.
        """
        try:
            with Scratch(self._directory, self._width) as scratch:
                self._read(scratch, events, to_us, by_name=sink.by_name)
                self._make(scratch, sink, to_us)
                return scratch.count
        except OSError as error:
            raise StoreUnavailable(f"window store: {error.strerror}") from error

    def _read(
        self, scratch: Scratch, events: Iterable[Logged], to_us: int, *, by_name: bool
    ) -> None:
        """Lay the events out by record."""
        compiled, groups = self._compiled, Effects(self._compiled).groups
        hashed = _naming(scratch) if by_name else key_of
        stored, pack = lru_cache(KEYS_REMEMBERED)(hashed), struct.Struct(f"{self._width}q").pack
        progress = Progress("windows_read", to_us)
        for a_us, _, event, _ in events:
            bits, keys = compiled.bits(event), compiled.keys(event)
            tau_us, hashes = effective_us(event.at_us, a_us), compiled.hashes(event)
            scratch.add(
                pack(0, a_us, tau_us, bits, *event.columns, *hashes),
                [(stored(group, keys[group]), group) for group in groups(bits) if keys[group]],
            )
            progress.reached(a_us, scratch.count)

    def _make(self, scratch: Scratch, sink: Sink, now_us: int) -> None:
        """Make and write the records that a read from ``now_us`` on may find."""
        progress, written = Progress("windows_made", PARTS), 0
        for number, part in enumerate(scratch.parts()):
            names = scratch.names(part.keys[0]) if sink.by_name and part.keys else {}
            for rows in self._keeper.make(part, now_us):
                kept = [row for row in rows if row.expires_us > now_us]
                sink.fill(kept, names)
                written += len(kept)
                progress.reached(number, written)


def _naming(scratch: Scratch) -> Callable[[int, str], bytes]:
    """Return what hashes keys and notes what they are."""

    def stored(group: int, key: str) -> bytes:
        hashed = key_of(group, key)
        scratch.name(hashed, group, key)
        return hashed

    return stored
