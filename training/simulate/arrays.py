"""Arrays, seeded random streams and opaque ids: the small change of the world.

Everything random comes from a named stream of the seed, so one part of the world can
change without moving the draws of another. Ids are a keyed bijection of a counter:
unique, without order, and the same generator for honest customers and attackers.
"""

from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = dict[str, Array]

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
SECOND_US = 1_000_000

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of that name under that seed."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())]))
    )


def mix(seed: int, kind: str, index: Array) -> Array:
    """Return a 64-bit bijection of ``index``, keyed by seed and kind (splitmix64)."""
    key = np.random.SeedSequence([seed, crc32(kind.encode())]).generate_state(2, np.uint64)
    z = np.asarray(index).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = ((z ^ key[1]) ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = z ^ (z >> np.uint64(31))
    return mixed


def chance(seed: int, kind: str, index: Array) -> Array:
    """Return a fixed uniform number in [0, 1) for each index, shape as ``index``."""
    share: Array = (mix(seed, kind, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return share


def opaque(seed: int, kind: str, index: Array) -> pa.Array:
    """Return 16-digit hexadecimal ids, one for each index."""
    raw = mix(seed, kind, index).astype(">u8").view(np.uint8).reshape(-1, 8)
    digits = np.empty((raw.shape[0], 16), dtype=np.uint8)
    digits[:, 0::2] = _HEX[raw >> 4]
    digits[:, 1::2] = _HEX[raw & 15]
    offsets = np.arange(raw.shape[0] + 1, dtype=np.int32) * 16
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(digits.tobytes())]
    return pa.Array.from_buffers(pa.string(), raw.shape[0], buffers)


def lognormal(rng: np.random.Generator, median: Array | float, sigma: float, n: int) -> Array:
    """Return n log-normal draws with the given median."""
    draws: Array = np.asarray(median) * np.exp(rng.normal(0.0, sigma, n))
    return draws


def rank_within(group: Array) -> Array:
    """Return for each element how many equal elements stand before it."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    fresh = np.r_[True, ordered[1:] != ordered[:-1]] if ordered.size else np.zeros(0, dtype=bool)
    first = np.maximum.accumulate(np.where(fresh, np.arange(ordered.size), 0))
    rank = np.empty(ordered.size, dtype=np.int64)
    rank[order] = np.arange(ordered.size) - first
    return rank


def ragged(start: Array, count: Array) -> Array:
    """Return the positions start .. start + count - 1 of every row, joined."""
    total = int(count.sum())
    shift = np.repeat(start - np.r_[0, np.cumsum(count)[:-1]], count)
    positions: Array = shift + np.arange(total)
    return positions


def joined(parts: list[Columns]) -> Columns:
    """Return the columns of all parts, one under the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def taken(columns: Columns, chosen: Array) -> Columns:
    """Return the chosen rows (mask or positions)."""
    return {name: values[chosen] for name, values in columns.items()}
