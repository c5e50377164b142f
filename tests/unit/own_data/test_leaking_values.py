"""What only positives have is named, though its AUC alone is low."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.own_events import DAY_US, START_US, Shop
from training.own_data.events import read_events
from training.own_data.learning.leaking_values import telling_values
from training.report.words import Note

ROWS = 4_000


def told(tmp_path: Path, rate: float, columns: Mapping[str, np.ndarray]) -> list[Note]:
    """Return the warnings of a shop with some columns; label 1 at a rate."""
    shop = Shop(
        at_us=START_US + np.arange(ROWS) * DAY_US // 100,
        entities={"card": [f"c{row % 300}" for row in range(ROWS)]},
        label=(np.arange(ROWS) % 100 < 100 * rate).astype(np.int8),
        numeric={name: of for name, of in columns.items() if of.dtype.kind == "f"},
        categorical={name: of.tolist() for name, of in columns.items() if of.dtype.kind == "O"},
    )
    events = read_events(shop.write(tmp_path / "shop"))
    return [one.note() for one in telling_values(events, np.arange(ROWS), shop.label)]


def test_what_is_there_on_positives_alone_is_named(tmp_path: Path) -> None:
    """A case number on a third of them, a reason, money paid back where it is usually 0."""
    row = np.arange(ROWS)
    positive = row % 100 < 5
    some = positive & (row // 100 % 3 == 0)
    columns = {
        "case": np.where(some, np.array("N") + row.astype(str).astype(object), None),
        "reason": np.where(some, "stolen", "none").astype(object),
        "back": np.where(some, row + 0.5, 0.0),
        "asked": np.where(some, np.nan, 1.0 * (row % 7)),
        "country": np.array(["DE", "FR", "PL"], object)[row % 3],
        "items": 1.0 * (row % 4),
    }
    found = told(tmp_path, 0.05, columns)
    assert {note.en.partition(":")[0] for note in found} == {
        "case present", "reason = 'stolen'", "back != 0", "asked missing",
    }  # fmt: skip
    assert "70 of 70 labelled training events are positive, 35% of all positives" in found[0].en
    assert "70 个有标签的训练事件中 70 个为正样本，占全部正样本的 35%" in found[0].zh


@pytest.mark.parametrize(("rate", "wrong"), [(0.05, 3), (0.5, 0)])
def test_strong_signals_and_common_labels_are_let_be(
    tmp_path: Path, rate: float, wrong: int
) -> None:
    """Some honest events have it as well, or being positive is nothing special."""
    row = np.arange(ROWS)
    positive = row % 100 < 100 * rate
    mask = (positive & (row // 100 % 3 == 0)) | ((row % 100 == 99) & (row // 100 < wrong))
    assert told(tmp_path, rate, {"flag": np.where(mask, "x", "y").astype(object)}) == []


@pytest.mark.parametrize(("share", "is_told"), [(1.0, True), (0.7, False)])
def test_what_all_positives_have_and_few_others_is_named(
    tmp_path: Path, share: float, is_told: bool
) -> None:
    """Who looked at an order is there on every fraud, and on some that were found honest."""
    row = np.arange(ROWS)
    looked = ((row % 100 < 5) & (row // 100 % 10 < 10 * share)) | (row % 100 > 95)
    found = told(tmp_path, 0.05, {"reviewer": np.where(looked, "amy", None).astype(object)})
    assert [note.en.partition(":")[0] for note in found] == ["reviewer present"] * is_told
