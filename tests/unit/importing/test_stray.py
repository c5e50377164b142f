"""Stray times stretch neither the note of the period nor the windows that are proposed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.datasets.importing.stray import MainSpan, main_span

MAPPING = """
[event]
time = { column = "at", format = "unix" }
[entities]
user = "user"
[labels.fraud]
column = "fraud"
positive = ["1"]
delay = "1d"
"""
DAY = 86_400
START = 1_511_539_200


def _imported(bench: Any, path: Path, at_s: list[int]) -> Any:
    rows = [f"{at},{i % 90},{i % 9 == 0:d}" for i, at in enumerate(at_s)]
    path.write_text("\n".join(["at,user,fraud", *rows]) + "\n", "utf-8")
    return bench.run(path, MAPPING)


@pytest.fixture
def usual() -> list[int]:
    """Return ten days of events."""
    return [START + i * DAY // 300 for i in range(3_000)]


def test_stray_times_are_told_and_left_aside(bench: Any, tmp_path: Path, usual: list[int]) -> None:
    """Two of a year ago and one of the next are no part of the main span."""
    stray = [START - 400 * DAY, START - 390 * DAY, START + 50 * DAY]
    told = _imported(bench, tmp_path / "f.csv", usual + stray)
    assert (
        "2 of the events lie far before 2017-11-24 and 1 far after 2017-12-04"
        in told.source.notes[0]
    )
    span = main_span(bench.out)
    assert span == MainSpan(first_us=START * 10**6, last_us=usual[-1] * 10**6, before=2, after=1)


@pytest.mark.parametrize(
    "label",
    [
        """later = { where = ["fraud = '1'"], same = "user", within = "2d" }""",
        """when = ["fraud = '1'"]\ndelay = "2d\"""",
    ],
)
@pytest.mark.parametrize("rows", ["", "[rows]\nwhere = ['at < 1520000000']\n"])
def test_a_stray_time_settles_no_label(
    bench: Any, tmp_path: Path, usual: list[int], label: str, rows: str
) -> None:
    """A row of the year after does not make all that is still open a negative."""
    path = tmp_path / "f.csv"
    lines = [f"{at},{i % 90},{i % 9 == 0:d}" for i, at in enumerate([*usual, START + 400 * DAY])]
    path.write_text("\n".join(["at,user,fraud", *lines]) + "\n", "utf-8")
    table, _, _ = MAPPING.partition('column = "fraud"')
    told = bench.run(path, rows + table + label)
    assert told.labels["fraud"].unlabelled == 600 + (not rows)


def test_events_that_grow_in_number_are_not_stray(
    bench: Any, tmp_path: Path, usual: list[int]
) -> None:
    """A hundred in the ten days before three thousand are how shops begin."""
    rng = np.random.default_rng(3)
    early = (START - rng.integers(1, 10 * DAY, 100)).tolist()
    told = _imported(bench, tmp_path / "f.csv", early + usual)
    assert told.source.notes == ()
