"""What a plan holds, and what it leaves out so that millions of events stay in memory."""

from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.own_events import START_US, Shop
from training.own_data.events import read_events, read_label
from training.own_data.inputs.declare import declare
from training.own_data.plan import FeaturePlan, KeyPlan, LinkPlan, PairPlan
from training.own_data.planning import make_plan
from training.own_data.planning.density import least_events, most_exceptions


def test_windows_thin_out_from_both_ends() -> None:
    """The shortest and the longest window stay."""
    all_of_them = ("1m", "10m", "1h", "24h", "7d", "30d", "90d")
    assert make_plan._spread(all_of_them, 4) == ("1m", "1h", "7d", "90d")
    assert make_plan._spread(all_of_them[:3], 4) == all_of_them[:3]


def _sparse(tmp_path: Path, devices: list[str | None]) -> FeaturePlan:
    """Return the plan of 20,000 events of 9,000 accounts, one in 500 of them positive."""
    rows = 20_000
    rng = np.random.default_rng(1)
    label = (np.arange(rows) % 500 == 0).astype(np.int8)
    shop = Shop(
        at_us=START_US + np.arange(rows) * 60_000_000,
        entities={
            "account": [f"a{number}" for number in rng.integers(0, 9_000, rows)],
            "device": devices,
        },
        label=label,
    )
    directory = shop.write(tmp_path / "shop")
    events = read_events(directory)
    until_us = int(events.at_us[-1]) + 1
    return make_plan.make_plan(
        events, read_label(directory, events, "fraud", None), until_us, until_us
    )


def test_keys_that_only_positives_share_have_a_history(tmp_path: Path) -> None:
    """Two devices in a thousand come again; where one event in 500 is positive, that is enough."""
    devices: list[str | None] = [
        f"d{number // 2 if number % 500 < 2 else number + 50_000}" for number in range(20_000)
    ]
    plan = _sparse(tmp_path, devices)
    assert {key.field for key in plan.keys} == {"account", "device"}


def test_a_few_that_change_partners_keep_two_keys_apart(tmp_path: Path) -> None:
    """A device for each account but for 50 events: who is seen with whom is worth a pair."""
    rng = np.random.default_rng(1)
    accounts = rng.integers(0, 9_000, 20_000)
    accounts[::400] = rng.integers(0, 9_000, 50)
    plan = _sparse(tmp_path, [f"d{number}" for number in accounts])
    assert [(pair.first, pair.second) for pair in plan.pairs] == [("account", "device")]
    assert {key.field for key in plan.keys} == {"account", "device"}


def test_few_positives_that_change_partners_keep_two_keys_apart(tmp_path: Path) -> None:
    """Of 20 frauds in 2,000 orders 15 come from a device that is not the customer's own."""
    rng = np.random.default_rng(1)
    customers = rng.integers(0, 850, 2_000)
    label = (np.arange(2_000) % 100 == 0).astype(np.int8)
    devices = [f"d{number}" for number in customers]
    for order in range(0, 1_500, 100):
        devices[order] = f"x{order // 500}"
    shop = Shop(
        at_us=START_US + np.arange(2_000) * 600_000_000,
        entities={"customer": [f"c{number}" for number in customers], "device": devices},
        label=label,
    )
    events = read_events(shop.write(tmp_path / "shop"))
    labels = read_label(tmp_path / "shop", events, "fraud", None)
    until_us = int(events.at_us[-1]) + 1
    plan = make_plan.make_plan(events, labels, until_us, until_us)
    assert {key.field for key in plan.keys} == {"customer", "device"}
    assert [(pair.first, pair.second) for pair in plan.pairs] == [("customer", "device")]


@pytest.mark.parametrize(
    ("rows", "share", "least", "exceptions"),
    [(2_000, 0.01, 5, 2.0), (2_000, 0.2, 20, 20.0), (1_000_000, 0.01, 2_500, 1_000.0)],
)
def test_what_is_too_little_to_look_at_follows_the_positives(
    rows: int, share: float, least: int, exceptions: float
) -> None:
    """A quarter of them is never too little; a tenth of them may be left out at most."""
    assert least_events(rows, share) == least
    assert most_exceptions(rows, share) == pytest.approx(exceptions)


@pytest.mark.parametrize("has_amount", [True, False])
def test_plan_survives_the_manifest_and_declares_the_same_windows(has_amount: bool) -> None:
    """A plan read back from JSON is equal, and so is the version of its windows."""
    key = KeyPlan(
        field="card", full=True, windows=("24h",), label_windows=("ever",), distinct=("shop",)
    )
    plan = FeaturePlan(
        has_amount=has_amount,
        texts={},
        keys=(key,),
        pairs=(PairPlan(first="card", second="shop", windows=(), labels=True),),
        links=(LinkPlan(key="card", over="shop"),),
        categories=(),
        numbers=(),
        history_numbers=(),
        prior=0.01,
    )
    again = FeaturePlan.model_validate_json(plan.model_dump_json())
    assert again == plan
    assert declare(again).version == declare(plan).version
    assert plan.fields == ("card", "shop")
    assert any("amount" in name for name in declare(plan).names) == has_amount
    assert np.isfinite(plan.prior)
