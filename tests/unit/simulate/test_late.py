"""Late strategies: attacks that a model trained on the days before has never met."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import ConfigFault
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

LATE = ("crowd_hired", "empty_parcel")


def test_late_strategies_appear_in_the_last_quarter_only(tmp_path: Path) -> None:
    """No order of a late strategy lies before its day, and there are some after; others go on."""
    settings = WorldSettings(seed=5, days=120, orders=12_000, late=LATE)
    written = simulate(settings, tmp_path / "world")
    times = pq.read_table(written.out / "orders.parquet", columns=["order_id", "ordered_at"])
    truth = pq.read_table(written.truth / "truth.parquet").join(times, "order_id")
    begins = settings.start_us + settings.late_day * 86_400_000_000
    early = pc.less(pc.cast(truth["ordered_at"], "int64"), begins)
    is_late = pc.is_in(truth["strategy"], pc.cast(list(LATE), "string"))
    assert not pc.any(pc.and_(early, is_late)).as_py()
    assert pc.sum(is_late).as_py() > 50
    others = set(truth.filter(early)["strategy"].to_pylist())
    assert {"device_farm", "seller_brushing", "serial_refunder"} <= others


def test_an_unknown_strategy_is_refused() -> None:
    """The message lists the strategies that there are."""
    with pytest.raises(ConfigFault, match="crowd_hired"):
        WorldSettings(seed=5, days=120, orders=12_000, late=("crowd",))
