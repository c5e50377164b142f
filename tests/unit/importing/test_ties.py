"""Rows of one time in the order of their label would tell it by how many stand before them."""

from typing import Any

import numpy as np
import pytest

from training.datasets.importing.ties import Ties

MAPPING = """
[event]
id = "id"
time = "day"
[entities]
shop = "shop"
[labels.fraud]
column = "fraud"
positive = ["1"]
unlabelled = [""]
delay = "7d"
[labels.odd]
column = "odd"
positive = ["1"]
delay = "7d"
"""
ROWS = 2_000


def labels(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return a day and a label of each row: by lot, one in eight is positive."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(1, 29, ROWS)), rng.random(ROWS) < 1 / 8


def imported(bench: Any, order: np.ndarray, day: np.ndarray, fraud: np.ndarray) -> list[str]:
    """Import the rows in some order; return the ids of the events."""
    rows = [f"r{row},2024-03-{day[row]:02},s{row % 3},{fraud[row]:d},{row % 2}" for row in order]
    bench.run("\n".join(["id,day,shop,fraud,odd", *rows]) + "\n", MAPPING)
    return list(bench.column("event_id"))


@pytest.mark.parametrize("way", [1, -1])
def test_no_event_tells_its_label_by_its_place(bench: Any, way: int) -> None:
    """Frauds that stand first or last of their day do so no more, and the import says it."""
    day, fraud = labels()
    ids = imported(bench, np.lexsort((way * fraud, day)), day, fraud)
    row = np.array([int(one[1:]) for one in ids])
    assert (np.diff(day[row]) >= 0).all()
    place = np.arange(ROWS) - np.searchsorted(day, day[row])
    within = place / np.bincount(day)[day[row]]
    assert within[fraud[row]].mean() == pytest.approx(0.5, abs=0.05)
    (note,) = bench.imported.notes
    assert "label fraud: rows of the same time stand in its order (100% of the pairs)" in note.en
    assert "fraud" in note.zh
    assert (note.en,) == bench.imported.description.source.notes
    assert {one["event_id"] for one in bench.labels()} == set(ids)
    # Another file of the same rows gives the same order.
    assert imported(bench, np.lexsort((-way * fraud, day)), day, fraud) == ids


def test_rows_of_a_time_stand_as_in_the_file(bench: Any) -> None:
    """Their order may be that of the day; frauds that come a little early say nothing."""
    day, fraud = labels()
    by_hour = np.lexsort((np.random.default_rng(2).random(ROWS) - 0.3 * fraud, day))
    assert imported(bench, by_hour, day, fraud) == [f"r{row}" for row in by_hour]
    assert not bench.imported.notes


def test_what_is_counted_is_counted_once(bench: Any) -> None:
    """The tables are written twice, and an event of two times is still one."""
    day, fraud = labels()
    rows = [f"r{row},2024-03-{day[row]:02},s1,{fraud[row]:d},{row % 2}" for row in range(ROWS)]
    rows.sort(key=lambda row: (row.split(",")[1], row.split(",")[3]))
    again = [rows[0].replace(f"2024-03-{day[0]:02}", "2024-03-29"), rows[1]]
    bench.run("\n".join(["id,day,shop,fraud,odd", *rows, *again]) + "\n", f"{MAPPING}[group]\n")
    assert [note.en[:7] for note in bench.imported.notes] == ["1 event", "label f"]
    source = bench.imported.description.source
    assert (source.rows, source.grouped, len(bench.events())) == (ROWS + 2, 2, ROWS)


def brute(at_us: np.ndarray, positive: np.ndarray) -> tuple[int, int, int, int]:
    """Return negatives and positives that share their time with others, pairs, rising ones."""
    pairs = [
        (one, other)
        for one in np.flatnonzero(~positive)
        for other in np.flatnonzero(positive)
        if at_us[one] == at_us[other]
    ]
    kinds = list(zip(*pairs, strict=True))
    rising = sum(one < other for one, other in pairs)
    return len(set(kinds[0])), len(set(kinds[1])), len(pairs), rising


@pytest.mark.parametrize("cuts", [(), (1, 2, 3), (40, 40, 90), tuple(range(0, 120, 7))])
def test_pairs_are_those_of_the_definition(cuts: tuple[int, ...]) -> None:
    """However the events are cut into batches, and though times go on in the next one."""
    rng = np.random.default_rng(len(cuts))
    at_us, positive = np.sort(rng.integers(0, 25, 120)), rng.random(120) < 0.3
    ties = Ties()
    for part in np.split(np.arange(120), cuts):
        ties.add(at_us[part], positive[part])
    ties.end()
    found = (ties.negatives, ties.positives, ties.pairs, ties.rising)
    assert found == brute(at_us, positive)
    assert ties.one_way == max(ties.rising, ties.pairs - ties.rising) / ties.pairs


@pytest.mark.parametrize(("events", "told"), [(19, False), (20, True)])
def test_few_events_tell_no_order(events: int, told: bool) -> None:
    """Of either kind there must be some beside the other."""
    for many in (False, True):
        ties = Ties()
        ties.add(np.zeros(500 + events, np.int64), (np.arange(500 + events) < events) ^ many)
        assert ties.end().are_by_label is told
        assert ties.one_way == 1.0


@pytest.mark.parametrize(("rising", "told"), [(0.25, False), (0.24, True), (0.76, True)])
def test_most_pairs_must_stand_one_way(rising: float, told: bool) -> None:
    """A quarter the other way is what frauds at night make as well."""
    ties = Ties(negatives=50, positives=50, pairs=100, rising=round(100 * rising))
    assert ties.are_by_label is told


def test_without_shared_times_there_is_no_order() -> None:
    """Nothing to count, and nothing to divide by."""
    ties = Ties()
    ties.add(np.arange(100), np.arange(100) < 50)
    assert not ties.end().are_by_label
    assert ties.one_way == 0.0
