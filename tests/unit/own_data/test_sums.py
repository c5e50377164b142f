"""Numbers that add up leave something over where they do not; small counts are no such numbers."""

from pathlib import Path

import numpy as np

from tests.fixtures.own_events import DAY_US, START_US, Shop
from training.own_data.events import read_events, read_label
from training.own_data.fields.sums import sums
from training.own_data.inputs.make import InputGroup, make_inputs
from training.own_data.plan import FeaturePlan, SumPlan
from training.own_data.planning.make_plan import make_plan
from training.progress import silent

ROWS = 4_000


def numbers() -> dict[str, np.ndarray]:
    """Return balances around a payment, which arrives seven times of ten, and what is neither."""
    rng = np.random.default_rng(3)
    before, paid = (np.round(np.exp(rng.normal(mean, 1, ROWS)), 2) for mean in (8, 4))
    after = np.round(before - np.where(rng.random(ROWS) < 0.7, paid, 0), 2)
    after[::50] = np.nan
    paid[::9] = 0
    few = {name: rng.poisson(1.5, ROWS).astype(float) for name in ("items", "fails", "tries")}
    return {"before": before, "paid": paid, "after": after, "far": rng.normal(0, 1, ROWS)} | few


def test_a_balance_that_adds_up_is_found() -> None:
    """Through missing values and zeros; counts add up by chance, and that is none."""
    found = SumPlan(first="paid", second="after", whole="before", shares=True)
    assert sums(numbers()) == (found,)
    assert sums({name: of for name, of in numbers().items() if name != "after"}) == ()
    assert sums({"a": np.ones(5), "b": np.ones(5)}) == ()


def test_what_adds_up_rarely_is_none() -> None:
    """A twentieth of the events may be anything."""
    own = numbers()
    own["after"][: ROWS * 19 // 20] += 1.25
    assert sums(own) == ()


def test_what_is_left_over_is_an_input_and_survives_the_manifest(tmp_path: Path) -> None:
    """Exactly zero where it adds up; a run of before has none."""
    shop = Shop(
        at_us=START_US + np.arange(ROWS) * DAY_US // 100,
        entities={"account": [f"c{number % 50}" for number in range(ROWS)]},
        label=(np.arange(ROWS) % 40 == 0).astype(np.int8),
        numeric=numbers(),
    )
    directory = shop.write(tmp_path / "shop")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    until_us = int(events.at_us[-1]) + 1
    plan = make_plan(events, labels, until_us, until_us)
    assert [one.whole for one in plan.sums] == ["before"]
    found = make_inputs(events, labels, plan, np.ones(ROWS, np.bool_), tmp_path, silent)
    name = "paid_plus_after_less_before"
    assert found.groups[name] is InputGroup.OWN
    left = found.columns[name]
    missing = np.isnan(events.numbers["after"])
    assert np.array_equal(np.isnan(left), missing)
    assert 0.6 < float((left[~missing] == 0).mean()) < 0.8
    paid = events.numbers["paid"]
    share = np.divide(left, paid, out=np.full(ROWS, np.nan), where=paid != 0)
    assert np.allclose(found.columns[f"{name}_per_paid"], share, equal_nan=True)
    assert f"{name}_per_after" in found.columns
    text = plan.model_dump(mode="json")
    del text["sums"][0]["shares"]
    of_before = FeaturePlan.model_validate(text)
    again = make_inputs(events, labels, of_before, np.ones(ROWS, np.bool_), tmp_path, silent)
    assert set(found.columns) - set(again.columns) == {f"{name}_per_paid", f"{name}_per_after"}
    text = plan.model_dump(mode="json")
    assert FeaturePlan.model_validate(text) == plan
    del text["sums"]
    assert FeaturePlan.model_validate(text).sums == ()
