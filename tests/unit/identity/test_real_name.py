"""National id numbers: form, checksum, age."""

import math
from datetime import date

import pytest

from risk_service.identity.real_name import age_years, parse_real_name_id

VALID = "11010519491231002X"
DAY_US = 86_400_000_000


def _microseconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_US


@pytest.mark.parametrize(
    "text",
    [VALID, VALID.lower(), "110105 19491231 002x", "110105491231002", "１１０１０５19491231002Ｘ"],
)
def test_forms_of_a_number_are_one(text: str) -> None:
    """15 digits, case, width and spaces do not change a number."""
    parsed = parse_real_name_id(text)
    assert parsed is not None
    assert parsed.canonical == VALID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VALID, 1.0),
        ("110105194912310021", 0.0),
        ("110105194913310025", 0.0),  # month 13
        ("1101051949123100", 0.0),
        ("110105491331002", 0.0),
        ("110105491231002", math.nan),
        ("E12345678", math.nan),
        ("H0312345600", math.nan),
    ],
)
def test_the_checksum_is_told_where_there_is_one(text: str, expected: float) -> None:
    """Other documents have no checksum of this kind and stay unknown."""
    parsed = parse_real_name_id(text)
    assert parsed is not None
    assert parsed.checksum_ok == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("text", ["", "  ", "110105********002X", "\u202e"])
def test_a_masked_number_is_absent(text: str) -> None:
    """A number that hides its middle names nobody."""
    assert parse_real_name_id(text) is None


@pytest.mark.parametrize(
    ("on", "years"),
    [(date(2025, 12, 30), 75.0), (date(2025, 12, 31), 76.0), (date(1949, 12, 30), math.nan)],
)
def test_age_counts_whole_years(on: date, years: float) -> None:
    """Whole years only, and none before birth."""
    assert age_years(date(1949, 12, 31), _microseconds(on)) == pytest.approx(years, nan_ok=True)


def test_an_absurd_time_gives_no_age() -> None:
    """A time beyond the calendar is unknown, not an error."""
    assert math.isnan(age_years(date(1949, 12, 31), 10**18))
