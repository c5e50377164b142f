"""Ratios are formed within a round; bars are held against the median."""

import pytest

from tests.bench.figures import Row, number, ratio, table

ROUNDS = [{"a": 10.0, "b": 10.0}, {"a": 2.0, "b": 4.0}, {"a": 90.0, "b": 100.0}]


def test_a_ratio_belongs_to_its_round() -> None:
    """The median of ratios, not the ratio of medians."""
    summary = Row(title="a/b", value=ratio("a", "b"), at_least=0.8).summary(ROUNDS)
    assert (summary["median"], summary["low"], summary["high"]) == (0.9, 0.5, 1.0)
    assert summary["met"] is True


@pytest.mark.parametrize(
    ("bars", "cells"),
    [
        ({}, "|  |  |"),
        ({"at_least": 10}, "| >= 10 | met |"),
        ({"at_least": 10.5}, "| >= 10.5 | missed |"),
        ({"at_most": 10}, "| <= 10 | met |"),
        ({"at_most": 9}, "| <= 9 | missed |"),
    ],
)
def test_the_table_says_which_bars_are_met(bars: dict[str, float], cells: str) -> None:
    """One row per measure, with median, range, bar and verdict."""
    lines = table([Row(title="a", value=number("a"), **bars)], ROUNDS).splitlines()
    assert lines[2] == f"| a | 10 | 2 to 90 {cells}"
