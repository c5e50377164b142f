"""What a plan holds, and what it leaves out so that millions of events stay in memory."""

import numpy as np
import pytest

from training.own_data import make_plan
from training.own_data.declare import declare
from training.own_data.plan import FeaturePlan, KeyPlan, LinkPlan, PairPlan


def test_windows_thin_out_from_both_ends() -> None:
    """The shortest and the longest window stay."""
    all_of_them = ("1m", "10m", "1h", "24h", "7d", "30d", "90d")
    assert make_plan._spread(all_of_them, 4) == ("1m", "1h", "7d", "90d")
    assert make_plan._spread(all_of_them[:3], 4) == all_of_them[:3]


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
