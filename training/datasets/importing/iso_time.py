"""ISO 8601 texts to microseconds, whole columns at once.

Takes ``2024-05-01``, ``2024-05-01T12:00``, ``2024-05-01 12:00:00.123456``, each with ``Z``,
``UTC``, ``+02``, ``+0200``, ``+02:00`` or nothing after it. Limits: years 1900 to 2199, no week
dates, digits beyond microseconds are cut off.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NAIVE_S = np.iinfo(np.int64).min
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
_DATE = r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
_CLOCK = r"(?P<h>\d{2}):(?P<i>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_OFFSET = r" ?(?:Z|z|UTC|(?P<o>[+-])(?P<oh>\d{2})(?::?(?P<om>\d{2}))?)"
_PATTERN = f"^{_DATE}(?:[T ]{_CLOCK}(?P<z>{_OFFSET})?)?$"
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Times as they were written: local microseconds, offset from UTC, and what is no time.

    ``offset_s`` is ``NAIVE_S`` where none was written.
    """

    local_us: NDArray[np.int64]
    offset_s: NDArray[np.int64]
    bad: NDArray[np.bool_]


def iso_clock(text: pa.Array) -> Clock:
    """Read ISO 8601 texts; a null is neither bad nor a time."""
    parts = pc.extract_regex(text, pattern=_PATTERN)
    present = text.is_valid().to_numpy(zero_copy_only=False)
    matched = parts.is_valid().to_numpy(zero_copy_only=False)

    def whole(name: str) -> NDArray[np.int64]:
        field = pc.fill_null(pc.struct_field(parts, name), "")
        digits = pc.if_else(pc.equal(field, ""), pa.scalar("0"), field)
        return np.asarray(digits.cast(pa.int64()).to_numpy(zero_copy_only=False))

    days, sound = _days(whole("y"), whole("m"), whole("d"))
    hour, minute, second = whole("h"), whole("i"), whole("s")
    sound &= (hour <= 23) & (minute <= 59) & (second <= 59)
    fraction = pc.utf8_slice_codeunits(
        pc.utf8_rpad(pc.fill_null(pc.struct_field(parts, "f"), ""), 6, "0"), 0, 6
    )
    micro = fraction.cast(pa.int64()).to_numpy(zero_copy_only=False)
    local = days * _DAY_US + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro
    offset = (whole("oh") * 60 + whole("om")) * 60
    sound &= (whole("oh") <= 15) & (whole("om") <= 59)
    negative = pc.equal(pc.fill_null(pc.struct_field(parts, "o"), ""), "-")
    offset = np.where(negative.to_numpy(zero_copy_only=False), -offset, offset)
    naive = pc.equal(pc.fill_null(pc.struct_field(parts, "z"), ""), "")
    offset = np.where(naive.to_numpy(zero_copy_only=False), NAIVE_S, offset)
    return Clock(local_us=local, offset_s=offset, bad=present & ~(matched & sound))


def _days(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    sound = (year >= EARLIEST_YEAR) & (year <= LATEST_YEAR) & (month >= 1) & (month <= 12)
    # The first of a month as months since 1970; numpy knows the lengths of months.
    months = np.where(sound, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[D]").astype(np.int64)
    return first + day - 1, sound & (day >= 1) & (day <= after - first)
