"""Whether probabilities of a test window lie as high as its positives are frequent."""

from typing import Any

import pytest

from training.own_data.measuring.level import level_notes


def _of(*bins: tuple[int, float, float]) -> dict[str, Any]:
    names = ("orders", "predicted", "seen")
    return {"bins": [dict(zip(names, one, strict=True)) for one in bins]}


def test_probabilities_four_times_too_high_are_told() -> None:
    """As after a training window in which hardly any innocence was known yet."""
    (note,) = level_notes(_of((7_000, 0.04, 0.006), (1_390, 0.16, 0.05)))
    assert "too high on the test window: 5.99% on average, and 1.33% are positive" in note.en
    assert "整体偏高" in note.zh
    (note,) = level_notes(_of((7_000, 0.002, 0.006)))
    assert "too low" in note.en


@pytest.mark.parametrize(
    "bins",
    [
        ((7_000, 0.013, 0.01), (1_390, 0.06, 0.05)),
        ((500, 0.1, 0.03),),
        ((700, 0.045, 0.03),),
    ],
)
def test_what_chance_explains_is_not_told(bins: tuple[tuple[int, float, float], ...]) -> None:
    """A third too high, fewer than twenty positives, or ten events more or less."""
    assert level_notes(_of(*bins)) == ()
