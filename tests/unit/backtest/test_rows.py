"""From a file to the flags: the order of its rows, ties in time, a hundred thousand rows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from training.backtest.request import BacktestRequest
from training.backtest.run import backtest
from training.datasets.importing.run import import_events

MAPPING = """
[event]
id = "id"
time = { column = "at", format = "unix", unit = "s", zone = "UTC" }
[entities]
card = "card"
shop = "shop"
[amount]
column = "amount"
[labels.fraud]
column = "fraud"
positive = ["1"]
delay = "7d"
"""
START_S = 1_704_067_200
RULE = (
    "card__count_1h >= 1 && card__distinct_shop_24h_now >= 3 && "
    "(amount > card__amount_max_30d || shop__fraud__rate_30d > 0.1)"
)


def payments(rows: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Return payments of which no two have one time."""
    rng = np.random.default_rng(seed)
    return {
        "id": np.arange(rows),
        "at": START_S + np.sort(rng.choice(40 * rows, rows, replace=False)),
        "card": rng.integers(0, max(rows // 50, 2), rows),
        "shop": rng.integers(0, max(rows // 500, 5), rows),
        "amount": np.round(rng.lognormal(3, 1, rows), 2),
        "fraud": (rng.random(rows) < 0.1).astype(np.int64),
    }


def imported(directory: Path, columns: dict[str, np.ndarray]) -> Path:
    """Import a file of these rows."""
    directory.mkdir()
    pa_csv.write_csv(pa.table(columns), directory / "rows.csv")
    (directory / "mapping.toml").write_text(MAPPING, "utf-8")
    out = directory / "data"
    import_events(directory / "mapping.toml", directory / "rows.csv", out, lambda *_: None)
    return out


def flagged(data: Path, rule: str) -> list[str]:
    """Return the ids of the flagged events."""
    figures = backtest(BacktestRequest(rule=rule, data=data, limit=1_000_000)).figures
    return [one["event_id"] for one in figures["events"]["listed"]]


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    """Without ties the events have one order, however the file is sorted."""
    columns = payments(3_000)
    turned = np.random.default_rng(2).permutation(3_000)
    shuffled = {name: values[turned] for name, values in columns.items()}
    right = flagged(imported(tmp_path / "sorted", columns), RULE)
    assert len(right) > 20
    assert flagged(imported(tmp_path / "shuffled", shuffled), RULE) == right


@pytest.mark.parametrize("turn", [False, True])
def test_of_one_time_the_earlier_row_is_earlier(tmp_path: Path, turn: bool) -> None:
    """Five payments of one second: all but the row that stands first see another."""
    columns = payments(5)
    columns["at"][:] = START_S
    columns["card"][:] = 7
    columns["fraud"][:] = [0, 1, 0, 0, 0]
    if turn:
        columns = {name: values[::-1] for name, values in columns.items()}
    data = imported(tmp_path / "tied", columns)
    right = [str(one) for one in columns["id"].tolist()]
    assert flagged(data, "card__count_1m >= 1") == right[1:]
    assert flagged(data, "card__count_1m == 2 && card__since_last_s == 0") == [right[2]]


def test_a_hundred_thousand_rows(tmp_path: Path) -> None:
    """Cards that were planted are found: 20 of them, at six shops within ten minutes each."""
    columns = payments(100_000)
    rng = np.random.default_rng(3)
    places = rng.choice(100_000, (20, 6), replace=False)
    for card, rows in enumerate(places):
        columns["card"][rows] = 10_000 + card
        columns["shop"][rows] = np.arange(1_000, 1_006)
        columns["at"][rows] = START_S + rng.integers(0, 3_000_000) + rng.choice(600, 6, False)
    data = imported(tmp_path / "many", columns)
    request = BacktestRequest(rule="card__distinct_shop_10m_now > 5", data=data)
    cards = backtest(request).figures["entities"]["card"]
    assert {one["key"] for one in cards["listed"]} == {str(10_000 + card) for card in range(20)}
    assert {one["events"] for one in cards["listed"]} == {1}
