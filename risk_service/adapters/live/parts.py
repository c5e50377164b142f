"""Events of the log laid out by record: in scratch files, one for each range of record keys.

An event is kept once, as words; each record that it changes gets an entry that names it.
The files take some 0.5 kB an event, and are deleted at the end. A record is known by the hash
of its key; where the keys themselves are wanted, they lie in files of the same ranges.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

DIRECTORY = "windows.scratch"
# By the first byte of the key: a hundred million events leave some 20 million entries each.
PARTS = 64
KEYS_PER_PART = 256 // PARTS
# Of a part, held back until they are worth a write.
BUFFER_BYTES = 1 << 18
KEY_BYTES = 16
_NAME = Struct("<ii")

Ints = NDArray[np.int64]

# Halves of a key as numbers are in the order of its bytes.
_ENTRY = np.dtype([("high", ">u8"), ("low", ">u8"), ("event", "<u4"), ("group", "<u4")])


class Part(NamedTuple):
    """The events of some records, record after record in the order of their keys.

    Parameters
    ----------
    keys
        Of each record, as the file has them.
    groups
        The key group of each record.
    begins
        Where each record's events begin in ``places``; one more than records.
    places
        Rows of ``words``, those of each record in the order of the log.
    words
        Of all events, shape (events, words of an event): 0, stamp, effective time, filter
        bits, columns, hashes.
    """

    keys: Sequence[bytes]
    groups: Ints
    begins: Ints
    places: Ints
    words: Ints


class Scratch:
    """Takes events in the order of the log, and gives them back by record.

    Parameters
    ----------
    directory
        Where the files lie while this is open.
    width
        Words of an event.

    Raises
    ------
    OSError
        There is no room for the files.
    """

    def __init__(self, directory: Path, width: int) -> None:
        self._directory = directory / DIRECTORY
        self._width = width
        self.count = 0
        # A start that was killed may have left its own.
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir()
        self._events = (self._directory / "events").open("wb")
        self._entries = [bytearray() for _ in range(PARTS)]
        self._names = [bytearray() for _ in range(PARTS)]

    def __enter__(self) -> Self:
        """Return the open files."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete the files."""
        try:
            self._events.close()
        finally:
            shutil.rmtree(self._directory)

    def add(self, words: bytes, changed: Sequence[tuple[bytes, int]]) -> None:
        """Keep an event with the key and the key group of each record that it changes."""
        self._events.write(words)
        event = self.count.to_bytes(4, "little")
        self.count += 1
        for key, group in changed:
            number = key[0] // KEYS_PER_PART
            entries = self._entries[number]
            entries += key + event + group.to_bytes(4, "little")
            if len(entries) >= BUFFER_BYTES:
                self._write(number)

    def name(self, key: bytes, group: int, name: str) -> None:
        """Note what a record's key is the hash of; to say it again does no harm."""
        number, said = key[0] // KEYS_PER_PART, name.encode()
        names = self._names[number]
        names += key + _NAME.pack(group, len(said)) + said
        if len(names) >= BUFFER_BYTES:
            self._write_names(number)

    def names(self, key: bytes) -> dict[bytes, tuple[int, str]]:
        """Return key group and key of every record in the part of this one, by its hash."""
        number = key[0] // KEYS_PER_PART
        self._write_names(number)
        said, at, found = self._names_path(number).read_bytes(), 0, {}
        while at < len(said):
            begin = at + KEY_BYTES + _NAME.size
            group, size = _NAME.unpack_from(said, at + KEY_BYTES)
            found[said[at : at + KEY_BYTES]] = (group, said[begin : begin + size].decode())
            at = begin + size
        return found

    def parts(self) -> Iterator[Part]:
        """Yield all records, part after part in the order of their keys."""
        self._events.close()
        if not self.count:
            return
        # What is read of it stays in the machine's memory as long as there is room.
        mapped = np.memmap(self._directory / "events", np.int64, "r")
        words = np.asarray(mapped).reshape(-1, self._width)
        for number in range(PARTS):
            self._write(number)
            yield _part(np.fromfile(self._path(number), _ENTRY), words)

    def _write(self, number: int) -> None:
        with self._path(number).open("ab") as file:
            file.write(self._entries[number])
        self._entries[number].clear()

    def _write_names(self, number: int) -> None:
        with self._names_path(number).open("ab") as file:
            file.write(self._names[number])
        self._names[number].clear()

    def _path(self, number: int) -> Path:
        return self._directory / f"part-{number:02d}"

    def _names_path(self, number: int) -> Path:
        return self._directory / f"names-{number:02d}"


def _part(entries: NDArray[np.void], words: Ints) -> Part:
    high, low = entries["high"].astype(np.uint64), entries["low"].astype(np.uint64)
    # Stable: events of a record stay in the order of the log.
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    first = np.flatnonzero(is_first)
    keys = np.stack((high[first], low[first]), axis=1).astype(">u8").tobytes()
    return Part(
        keys=[keys[at : at + 16] for at in range(0, len(keys), 16)],
        groups=entries["group"][order[first]].astype(np.int64),
        begins=np.append(first, len(order)),
        places=entries["event"][order].astype(np.int64),
        words=words,
    )
