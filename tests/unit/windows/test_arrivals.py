"""Events that come with a time of arrival are stamped as the intake stamps them."""

import numpy as np
import pyarrow as pa
import pytest

from risk_service.features.windows.tiles import DAY_US
from training.windows import arrivals
from training.windows.arrivals import Arrivals, arrange

NOON_US = 1_760_000_400_000_000


def _arrange(rows: list[tuple[str, int, int, bool]]) -> Arrivals:
    """Arrange rows of (id, happened, arrived, reads); times in microseconds after noon."""
    ids, at, arrived, reading = zip(*rows, strict=True)
    return arrange(
        pa.chunked_array([[name] for name in ids]),
        NOON_US + np.array(at),
        NOON_US + np.array(arrived),
        np.array(reading),
    )


def test_stamps_rise_and_never_fall_behind_the_clock() -> None:
    """Equal arrivals get a microsecond each, in the order of the rows."""
    found = _arrange([("b", 9, 10, False), ("a", 5, 5, False), ("c", 9, 10, False),
                      ("d", 9, 11, False), ("e", 9, 20, False)])  # fmt: skip
    assert found.rows.tolist() == [1, 0, 2, 3, 4]
    assert (found.a_us - NOON_US).tolist() == [5, 10, 11, 12, 20]


def test_the_first_arrival_of_an_id_is_kept() -> None:
    """Not the first row, and not the one that happened first."""
    found = _arrange([("x", 1, 30, False), ("x", 2, 20, False), ("x", 3, 20, False)])
    assert found.rows.tolist() == [1]
    assert found.repeated.tolist() == [2, 0]


def test_an_attempt_and_an_event_never_repeat_one_another() -> None:
    """Decision ids and the callers' ids are two worlds."""
    found = _arrange([("x", 1, 1, True), ("x", 2, 2, False)])
    assert found.rows.tolist() == [0, 1]


def test_ids_that_share_a_hash_are_two_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only equal ids are one event, whatever their hashes."""
    monkeypatch.setattr(arrivals, "hashes", lambda ids: np.full(len(ids), 7, np.uint64))
    found = _arrange([("x", 1, 1, False), ("y", 2, 2, False), ("x", 3, 3, False)])
    assert found.rows.tolist() == [0, 1]
    assert found.repeated.tolist() == [2]


def test_an_event_belongs_to_its_time_but_never_later_than_its_arrival() -> None:
    """A clock ahead is cut to the arrival; an attempt belongs to our own clock."""
    found = _arrange([("late", 3, 10, False), ("ahead", 90, 20, False), ("order", 1, 30, True)])
    assert (found.tau_us - NOON_US).tolist() == [3, 20, 30]
    assert found.r_us.tolist() == [0, 0, NOON_US + 30]


@pytest.mark.parametrize(("lag_us", "kept"), [(90 * DAY_US, 1), (90 * DAY_US + 1, 0)])
def test_an_event_older_than_90_days_is_refused(lag_us: int, kept: int) -> None:
    """Refused and named, at the microsecond."""
    found = _arrange([("old", 0, lag_us, False)])
    assert len(found.rows) == kept
    assert len(found.too_old) == 1 - kept


def test_nothing_is_arranged_to_nothing() -> None:
    """No events are no fault."""
    none = np.empty(0, np.int64)
    found = arrange(pa.chunked_array([], pa.string()), none, none, np.empty(0, bool))
    assert found.rows.size == found.a_us.size == found.repeated.size == found.too_old.size == 0
