"""Dates and delays of the command line."""

import pytest

from risk_service.domain.errors import ConfigFault
from training.own_data.periods import delay_s, periods, span, suggested, time_us, when


def test_plain_date_is_midnight_in_utc() -> None:
    """2024-01-31 is its first microsecond in UTC."""
    assert time_us("--train-from", "2024-01-31") == time_us("x", "2024-01-31T00:00:00Z")
    assert when(time_us("x", "2024-01-31")) == "2024-01-31"


def test_offset_is_taken_into_account() -> None:
    """Eight in the morning in Shanghai is midnight in UTC."""
    assert time_us("x", "2024-01-31T08:00:00+08:00") == time_us("x", "2024-01-31")


@pytest.mark.parametrize("text", ["2024-01-31T08:00:00", "2024-01-31 08:00"])
def test_time_without_zone_is_refused(text: str) -> None:
    """A time of day whose zone would have to be guessed is an error that says how to write it."""
    with pytest.raises(ConfigFault, match=r"--test-to .* has no time zone"):
        time_us("--test-to", text)


@pytest.mark.parametrize(
    "text",
    ["2024-01", "2024", "31.01.2024", "yesterday", "", "2024-02-30", "9999-12-31T20:00:00-05:00"],
)
def test_incomplete_date_is_refused(text: str) -> None:
    """Half a date names the option and an example."""
    with pytest.raises(ConfigFault, match=r"--train-from .* is not a date; write 2024-01-31"):
        time_us("--train-from", text)


def test_swapped_dates_are_refused() -> None:
    """Each window begins before it ends, and the test does not begin inside the training."""
    with pytest.raises(ConfigFault, match="--train-from 2024-03-01 is not before"):
        periods("2024-03-01", "2024-01-01", "2024-04-01", "2024-05-01")
    with pytest.raises(ConfigFault, match="--test-from 2024-05-01 is not before"):
        periods("2024-01-01", "2024-03-01", "2024-05-01", "2024-05-01")
    with pytest.raises(ConfigFault, match="measured on what it has learned"):
        periods("2024-01-01", "2024-03-01", "2024-02-01", "2024-05-01")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7d", 604_800), ("12h", 43_200), ("0", 0), ("2w", 1_209_600), ("90s", 90)],
)
def test_delay_is_read(text: str, seconds: int) -> None:
    """A whole number and a unit."""
    assert delay_s(text) == seconds


@pytest.mark.parametrize("text", ["7", "7 days", "-7d", "1.5d", "d", "", "7D", "99999d"])
def test_wrong_delay_is_refused(text: str) -> None:
    """Anything else is an error that names the option."""
    with pytest.raises(ConfigFault, match="--label-delay"):
        delay_s(text)


def test_span_reads_as_written() -> None:
    """A length of time is printed in its largest whole unit."""
    assert [span(one) for one in (604_800, 43_200, 90, 0)] == ["7d", "12h", "90s", "0s"]


def test_a_first_training_leaves_the_delay_before_the_test() -> None:
    """Whole days from the first event to the last; too few of them, and none is suggested."""
    start, day = time_us("-", "2024-01-01T09:00:00Z"), 86_400_000_000
    found = suggested(start, start + 100 * day, 7 * 86_400)
    assert found is not None
    dates = [
        when(at)
        for at in (found.train_from_us, found.train_to_us, found.test_from_us, found.test_to_us)
    ]
    assert dates == ["2024-01-01", "2024-03-06", "2024-03-13", "2024-04-11"]
    assert suggested(start, start + 8 * day, 7 * 86_400) is not None
    assert suggested(start, start + 7 * day, 7 * 86_400) is None
    assert suggested(start, start + 1, 0) is None
