"""Which events are measured, and on what a random split stands beside them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from risk_service.domain.errors import ConfigFault
from tests.fixtures.own_events import DAY_US, START_US, Shop
from tests.fixtures.own_inputs import column_file
from training.own_data.events import read_events, read_label
from training.own_data.inputs.make import InputGroup, Inputs
from training.own_data.learning import choose
from training.own_data.learning.choose import INPUT_SETS, LEAF_ROWS
from training.own_data.learning.learn import Held
from training.own_data.learning.slices import test_window as window_of_test
from training.own_data.learning.slices import training_window
from training.own_data.measuring import random_split
from training.own_data.periods import Periods
from training.own_data.prepared import OwnData

ROWS, OWN = 600, next(iter(INPUT_SETS))
HALF_US = START_US + ROWS // 2 * DAY_US
PERIODS = Periods(
    train_from_us=START_US,
    train_to_us=HALF_US,
    test_from_us=HALF_US,
    test_to_us=START_US + ROWS * DAY_US,
)


@pytest.fixture
def data(tmp_path: Any) -> OwnData:
    """Return an event a day: a fifth positive at first, hardly one in the test, then no label."""
    row = np.arange(ROWS)
    label = np.where(row < ROWS // 2, row % 5 == 0, row % 50 == 0).astype(np.int8)
    label[560:] = -1
    shop = Shop(
        at_us=START_US + row * DAY_US, entities={"card": [f"c{at % 9}" for at in row]}, label=label
    )
    events = read_events(shop.write(tmp_path / "shop"))
    labels = read_label(tmp_path / "shop", events, "fraud", 0)
    return OwnData(events=events, labels=labels, periods=PERIODS)


def test_a_test_without_labels_says_how_far_they_reach(data: OwnData) -> None:
    """The newest events have no label yet: whoever tests on them is told which have."""
    late = Periods(
        train_from_us=START_US,
        train_to_us=HALF_US,
        test_from_us=START_US + 570 * DAY_US,
        test_to_us=START_US + ROWS * DAY_US,
    )
    with pytest.raises(ConfigFault) as told:
        window_of_test(data.events, data.labels, late)
    assert "0 positives among 0 labelled events (30 events)" in str(told.value)
    assert "the last event with a label is of 2025-07-13, the last positive" in str(told.value)
    assert str(told.value).endswith("one of 2025-07-04")


def test_a_random_split_takes_the_parameters_of_the_run(
    data: OwnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It draws fewer positives than training had, which must not make its leaves smaller."""
    train = training_window(data.events, data.labels, PERIODS)
    test = window_of_test(data.events, data.labels, PERIODS)
    both = np.concatenate((train.labelled, test.labelled))
    assert data.labels.value[train.labelled].sum() == 60
    monkeypatch.setattr(choose, "SMALL_POSITIVES", 50)
    fitted: list[Held] = []

    def fit_whole(_: object, held: Held, __: int) -> tuple[()]:
        fitted.append(held)
        return ()

    monkeypatch.setattr(random_split, "fit_whole", fit_whole)
    monkeypatch.setattr(random_split, "mean_raw", lambda _, __, at, ___: np.arange(len(at)) / 1.0)
    manifest: Any = SimpleNamespace(
        models={OWN: SimpleNamespace(setting="usual", features=("x",), trees=3)},
        sets=lambda: (OWN,), served=OWN, seed=1, plan=SimpleNamespace(keys=()),
    )  # fmt: skip
    found = random_split.random_split(
        random_split.Beside(
            data=data, train=train, test=test, manifest=manifest,
            inputs=Inputs(
                rows=both, columns=column_file({"x": both.astype(np.float32)}),
                groups={"x": InputGroup.OWN}, categorical=frozenset(),
            ),
            raw={OWN: np.arange(len(test.labelled)) / 1.0},
        )
    )  # fmt: skip
    assert found["random"]["positives"] > found["time"]["positives"] + 10
    assert [held.setting.parameters["min_data_in_leaf"] for held in fitted] == [LEAF_ROWS]
