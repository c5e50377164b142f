"""Numbers of one unit have differences; those that have nothing to do with each other have none."""

from pathlib import Path

import numpy as np

from tests.fixtures.own_events import DAY_US, START_US, Shop
from training.own_data.events import read_events, read_label
from training.own_data.fields.differences import FEW_NUMBERS, differences
from training.own_data.inputs.make import InputGroup, make_inputs
from training.own_data.plan import DifferencePlan, FeaturePlan
from training.own_data.planning.make_plan import make_plan
from training.progress import silent

ROWS = 4_000


def numbers() -> dict[str, np.ndarray]:
    """Return where somebody lives and pays, a balance before and after, and what is neither."""
    rng = np.random.default_rng(2)
    lat = rng.uniform(25, 48, ROWS)
    before = np.exp(rng.normal(8, 2, ROWS))
    before[::300] = 1e300
    after = before - np.exp(rng.normal(4, 1, ROWS))
    after[rng.random(ROWS) < 0.3] = np.nan
    return {
        "lat": lat,
        "age": rng.uniform(18, 80, ROWS),
        "before": before,
        "merchant_lat": lat + rng.uniform(-1, 1, ROWS),
        "after": after,
        "lat_again": lat,
        "items": rng.poisson(2.0, ROWS).astype(float),
        "half": lat / 2,
        "constant": np.ones(ROWS),
        "empty": np.full(ROWS, np.nan),
        "beyond": np.full(ROWS, np.inf),
    }


def test_numbers_of_one_unit_are_found() -> None:
    """Missing and wild values hide nothing; a number, its copy and its half are not compared."""
    found = {(one.first, one.second) for one in differences(numbers())}
    assert found == {("lat", "merchant_lat"), ("merchant_lat", "lat_again"), ("before", "after")}


def test_few_numbers_are_all_compared_anyway() -> None:
    """What stands beside few others needs no search."""
    few = dict(list(numbers().items())[:FEW_NUMBERS])
    assert differences(few) == ()


def test_a_difference_is_an_input_and_survives_the_manifest(tmp_path: Path) -> None:
    """It is the one number less the other; a run of before has none."""
    shop = Shop(
        at_us=START_US + np.arange(ROWS) * DAY_US // 100,
        entities={"card": [f"c{number % 50}" for number in range(ROWS)]},
        label=(np.arange(ROWS) % 40 == 0).astype(np.int8),
        numeric={name: of for name, of in numbers().items() if name != "beyond"},
    )
    directory = shop.write(tmp_path / "shop")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    until_us = int(events.at_us[-1]) + 1
    plan = make_plan(events, labels, until_us, until_us)
    assert DifferencePlan(first="lat", second="merchant_lat") in plan.differences
    wanted = np.ones(ROWS, np.bool_)
    found = make_inputs(events, labels, plan, wanted, tmp_path, silent)
    expected = events.numbers["lat"] - events.numbers["merchant_lat"]
    assert found.groups["lat_less_merchant_lat"] is InputGroup.OWN
    assert np.array_equal(found.columns["lat_less_merchant_lat"], expected.astype(np.float32))
    text = plan.model_dump(mode="json")
    assert FeaturePlan.model_validate(text) == plan
    del text["differences"]
    assert FeaturePlan.model_validate(text).differences == ()
