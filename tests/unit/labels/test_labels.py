"""Labels: alignment to orders, ripeness, faults."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import DataFault
from risk_service.domain.vocabulary import Abuse
from training.labels import DAY_US, NEVER_US, AbuseLabels, read_labels

ORDERS = np.array(["a", "b", "c", "d"], dtype=object)


def write(path: Path, rows: list[tuple[str, str, int, int | None]]) -> Path:
    """Write labels of (order, abuse, value, day known)."""
    at = [None if day is None else datetime.fromtimestamp(day * 86_400, tz=UTC) for *_, day in rows]
    table = pa.table(
        {
            "order_id": [row[0] for row in rows],
            "abuse": [row[1] for row in rows],
            "value": pa.array([row[2] for row in rows], pa.int8()),
            "known_at": pa.array(at, pa.timestamp("us", tz="UTC")),
        }
    )
    pq.write_table(table, path)
    return path


def labels(value: list[int], known_days: list[int], maturity_days: int = 7) -> AbuseLabels:
    """Return refund labels known on these days."""
    return AbuseLabels(
        abuse=Abuse.REFUND,
        maturity_days=maturity_days,
        value=np.array(value, dtype=np.int8),
        known_at_us=np.array(known_days, dtype=np.int64) * DAY_US,
    )


def test_labels_follow_the_orders_and_absent_ones_stay_unlabelled(tmp_path: Path) -> None:
    """A label lands on its order whatever the file's order; no row means unlabelled, not 0."""
    path = write(
        tmp_path / "labels.parquet",
        [
            ("c", "refund", 1, 9),
            ("a", "refund", 0, 30),
            ("a", "scalping", 1, 2),
            ("x", "refund", 1, 3),
        ],
    )
    found = read_labels(path, ORDERS, {Abuse.REFUND: 30})[Abuse.REFUND]
    assert found.value.tolist() == [0, -1, 1, -1]
    assert found.known_at_us.tolist() == [30 * DAY_US, NEVER_US, 9 * DAY_US, NEVER_US]


def test_early_positive_of_a_young_order_is_left_out() -> None:
    """An abuse known early may not be used before innocence could be known as well."""
    ordered = np.array([0, 5, 5, 0]) * DAY_US
    known = labels([1, 1, 0, 0], [1, 6, 12, 7])
    assert known.usable(ordered, 7 * DAY_US).tolist() == [True, False, False, True]


def test_label_known_after_the_cutoff_is_not_used() -> None:
    """A late claim is invisible to whoever lived before it arrived."""
    known = labels([1], [20])
    assert not known.usable(np.array([0]), 19 * DAY_US).any()
    assert known.usable(np.array([0]), 20 * DAY_US).all()


def test_labels_stand_at_a_time_as_they_were_known_by_then() -> None:
    """From its delay on an order was none; once found, abuse. What has no label never was."""
    ordered = np.zeros(3, np.int64)
    known = labels([1, 0, -1], [20, 7, NEVER_US // DAY_US]).settled(ordered, 7 * 86_400)
    assert known.settled_us.tolist() == [7 * DAY_US, NEVER_US, NEVER_US]
    day_us = 7 * DAY_US
    for cutoff_us, value, since_us in (
        (day_us - 1, [1, 0, -1], 20 * DAY_US),
        (day_us, [0, 0, -1], day_us),
        (20 * DAY_US - 1, [0, 0, -1], day_us),
        (20 * DAY_US, [1, 0, -1], 20 * DAY_US),
    ):
        stood = known.as_of(cutoff_us)
        assert (stood.value.tolist(), stood.known_at_us[0]) == (value, since_us)


def test_abuse_found_as_the_delay_ends_was_never_none() -> None:
    """It was abuse at the very moment at which it would have been taken for none."""
    at_end = labels([1, 1], [7, 8]).settled(np.zeros(2, np.int64), 7 * 86_400)
    assert at_end.settled_us.tolist() == [NEVER_US, 7 * DAY_US]


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "refund", 1, 1), ("a", "refund", 0, 2)],
        [("a", "refund", 2, 1)],
        [("a", "refund", 1, None)],
    ],
)
def test_contradicting_or_broken_labels_are_a_fault(
    tmp_path: Path, rows: list[tuple[str, str, int, int | None]]
) -> None:
    """Two labels of one abuse, another value than 0 and 1, or no time: refused by file name."""
    path = write(tmp_path / "labels.parquet", rows)
    with pytest.raises(DataFault, match=r"labels\.parquet"):
        read_labels(path, ORDERS, {Abuse.REFUND: 30})
