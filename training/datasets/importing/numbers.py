"""Texts to numbers, whole columns at once: floats, and exact whole multiples of a power of ten.

Limits: a number that must be exact is below 2^63 in units of its last digit. Digits are ASCII
(``plain_text`` makes them so); a point or a comma parts decimals, thousands may be parted in
groups of three.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.plain_text import plain_marks
from training.datasets.importing.specs import (
    SourceSpec,
)

_MOST = 2**63 - 1
# More digits do not even fit without a sign.
_MOST_DIGITS = 19
_ZERO = pa.scalar("0")
# Codes are named one by one: other letters before digits make an id.
_CODES = (
    "USD|EUR|GBP|JPY|CNY|RMB|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|INR|IDR|MYR|SGD|THB"
    "|VND|PHP|KRW|TWD|HKD|AUD|NZD|CAD|MXN|BRL|ARS|CLP|COP|PEN|ZAR|NGN|KES|EGP|AED|SAR|ILS|QAR|KWD"
)
LENGTH_OF_TIME = r"^(?P<h>\d{1,5}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)$"
_CURRENCY = rf"\s*(?:(?:US|HK|NT|CA|AU|A|C|R|S)?[$€£¥₹₽₩₺₫₴₱฿₦]|{_CODES}|元|円|kr\.?|zł|Kč)\s*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Numbers as a source writes them.

    ``canonical`` gives plain texts for Python and Arrow, and tells which are no numbers.
    """

    decimal: str = "."
    thousands: str = ""

    @classmethod
    def of(cls, spec: SourceSpec) -> "Numbers":
        """Return the way of writing that ``[source]`` of a mapping tells."""
        return cls(decimal=spec.decimal, thousands=spec.thousands)

    def canonical(self, text: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
        """Return texts such as "-12.5" (null where none) and which had something else."""
        sound = pc.match_substring_regex(text, self._pattern())
        bad = pc.and_(text.is_valid(), pc.invert(pc.fill_null(sound, False)))
        clean = pc.if_else(sound, text, pa.scalar(None, pa.string()))
        if self.thousands:
            clean = pc.replace_substring(clean, pattern=self.thousands, replacement="")
        if self.decimal != ".":
            clean = pc.replace_substring(clean, pattern=self.decimal, replacement=".")
        return clean, bad.to_numpy(zero_copy_only=False)

    def _pattern(self) -> str:
        point = re.escape(self.decimal)
        plain = rf"(\d+({point}\d*)?|{point}\d+)([eE][+-]?\d{{1,3}})?"
        if not self.thousands:
            return rf"^[+-]?{plain}$"
        return rf"^[+-]?({plain}|\d{{1,3}}({re.escape(self.thousands)}\d{{3}})+({point}\d*)?)$"


def bare(text: pa.Array) -> pa.Array:
    """Return numbers without a currency before or after them, the minus in front.

    "EUR 12.50", "12,50 €", "¥３", "(12.50)" and "12.50-" are numbers to whoever wrote them.
    """
    text = plain_marks(text)
    if not _is_marked(text):
        return text
    text = pc.replace_substring_regex(text, pattern=r"^\((.*)\)$|^(.*\d)-$", replacement=r"-\1\2")
    text = pc.replace_substring_regex(text, pattern=rf"^([+-]?){_CURRENCY}", replacement=r"\1")
    return pc.replace_substring_regex(text, pattern=rf"{_CURRENCY}$", replacement="")


def unmarked(text: pa.Array) -> pa.Array:
    """Return numbers without a currency or the sign of a share, which is one of hundredths."""
    text = bare(text)
    if not _is_marked(text):
        return text
    return pc.replace_substring_regex(text, pattern=r"\s*%$", replacement="")


def in_seconds(text: pa.Array) -> pa.Array:
    """Return lengths of time as the seconds that they are, ``0:25:16`` as ``1516``."""
    if not pc.any(pc.match_substring(text, ":"), min_count=0).as_py():
        return text
    is_length = pc.fill_null(pc.match_substring_regex(text, LENGTH_OF_TIME), False)
    # What does not match has no parts that could be read as numbers.
    parts = pc.extract_regex(pc.if_else(is_length, text, "0:00:00"), LENGTH_OF_TIME)
    hours, minutes, seconds = (parts.field(name).cast(pa.int64()) for name in "hms")
    of_minutes = pc.add(pc.multiply(hours, 60), minutes)
    total = pc.add(pc.multiply(of_minutes, 60), seconds)
    return pc.if_else(is_length, total.cast(pa.string()), text)


def currencies(text: pa.Array) -> set[str]:
    """Return the currency signs and codes that stand before or after numbers."""
    text = plain_marks(text)
    if not _is_marked(text):
        return set()
    found = pc.extract_regex(text, rf"^[+-]?(?P<before>{_CURRENCY})?.*?(?P<after>{_CURRENCY})?$")
    parts = [found.field(name).drop_null().unique().to_pylist() for name in ("before", "after")]
    return {part.strip() for part in (*parts[0], *parts[1])} - {""}


def _is_marked(text: pa.Array) -> bool:
    """Tell whether any cell is more than a sign, digits, the marks between them and a power."""
    plain = pc.match_substring_regex(text, r"^[+-]?[\d.,]*(?:[eE][+-]?\d+)?$")
    return not pc.all(plain, min_count=0).as_py()


def floats(text: pa.Array, numbers: Numbers) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return float64 values and which texts are no finite number."""
    canonical, bad = numbers.canonical(text)
    values = canonical.cast(pa.float64())
    huge = pc.fill_null(pc.invert(pc.is_finite(values)), False).to_numpy(zero_copy_only=False)
    return values, bad | huge


def fixed_point(
    text: pa.Array, digits: int, numbers: Numbers
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return numbers times ten to the ``digits``, as int64, and which cannot be had so.

    What stands beyond the last digit is rounded, halves away from zero.
    """
    canonical, bad = numbers.canonical(text)
    plain = pc.invert(pc.match_substring_regex(canonical, "[eE]"))
    if pc.all(pc.fill_null(plain, True)).as_py():
        values, large = _of_digits(canonical, digits)
        return values, bad | large
    values, large = _of_digits(pc.if_else(plain, canonical, pa.scalar(None, pa.string())), digits)
    powers = pc.if_else(plain, pa.scalar(None, pa.string()), canonical)
    other, larger = _of_powers(powers, digits)
    return pc.coalesce(values, other), bad | large | larger


def _of_digits(text: pa.Array, digits: int) -> tuple[pa.Array, NDArray[np.bool_]]:
    parts = pc.extract_regex(text, pattern=r"^(?P<sign>[+-]?)0*(?P<whole>\d*)\.?(?P<part>\d*)$")
    sign, whole, part = (pc.struct_field(parts, name) for name in ("sign", "whole", "part"))
    padded = pc.utf8_rpad(part, digits + 1, "0")
    kept = pc.utf8_slice_codeunits(padded, 0, digits)
    text_digits = pc.binary_join_element_wise(whole, kept, "")
    text_digits = pc.if_else(pc.equal(text_digits, ""), _ZERO, text_digits)
    long = pc.greater(pc.binary_length(text_digits), _MOST_DIGITS)
    unsigned = pc.if_else(long, _ZERO, text_digits).cast(pa.uint64())
    # One less than the most, so that rounding up stays within.
    large = pc.or_(long, pc.greater_equal(unsigned, pa.scalar(_MOST, pa.uint64())))
    magnitude = pc.if_else(large, pa.scalar(0, pa.uint64()), unsigned).cast(pa.int64())
    up = pc.greater_equal(pc.utf8_slice_codeunits(padded, digits, digits + 1), "5")
    magnitude = pc.add(magnitude, up.cast(pa.int64()))
    values = pc.if_else(pc.equal(sign, "-"), pc.negate(magnitude), magnitude)
    return values, pc.fill_null(large, False).to_numpy(zero_copy_only=False)


def _of_powers(text: pa.Array, digits: int) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return numbers written as 1.5e3; they are rare, so they go through Python."""
    found = [None if cell is None else _whole(cell, digits) for cell in text.to_pylist()]
    large = np.array([value is not None and abs(value) >= _MOST for value in found])
    values = [0 if is_large else value for value, is_large in zip(found, large, strict=True)]
    return pa.array(values, pa.int64()), large.astype(np.bool_)


def _whole(cell: str, digits: int) -> int:
    number = Decimal(cell)
    # A huge power would take its digits in memory before it could be called too large.
    if number.adjusted() + digits >= _MOST_DIGITS:
        return _MOST
    return int(number.scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP))
