"""Histories of backtests are the windows that models are trained on and the service keeps."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.fixtures.own_data import write_example
from training.backtest.columns import EventColumns, Numbers
from training.backtest.labels import LabelReader
from training.backtest.lengths import NAMES, Edges
from training.backtest.values import Known, OwnValues
from training.backtest.variables import OwnVariables
from training.backtest.zones import UTC_ZONE
from training.datasets.own_events import read_own_description
from training.own_data.events import read_events, read_label
from training.own_data.fields.keys import fields_of
from training.own_data.inputs.declare import declare, feature_name
from training.own_data.inputs.history import event_log
from training.own_data.planning.make_plan import make_plan
from training.windows.build import build_windows

DAY_US = 86_400_000_000
# Ours: the measure, and how the windows of models call the same.
SAME = {
    "card__count_{w}": (("card",), "events", "count", ""),
    "terminal__count_{w}": (("terminal",), "events", "count", ""),
    "card__distinct_terminal_{w}": (("card",), "events", "distinct", "terminal"),
    "card__amount_minor_sum_{w}": (("card",), "priced", "sum", "amount_minor"),
    "card__fraud__known_{w}": (("card",), "known", "count", ""),
    "card__fraud__positive_{w}": (("card",), "positive", "count", ""),
    "card_x_terminal__count_{w}": (("card", "terminal"), "events", "count", ""),
    "card__since_last_s": (("card",), "events", "since", ""),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a data set, and the windows that training builds of it."""
    data = tmp_path_factory.mktemp("windows") / "data"
    write_example(data, events=3_000)
    events = read_events(data)
    labels = read_label(data, events, "fraud", None)
    until_us = int(events.at_us[-1]) - 20 * DAY_US
    plan = make_plan(events, labels, until_us, until_us)
    wanted = np.ones(len(events), np.bool_)
    log = event_log(events, fields_of(events, plan.texts), labels, plan, wanted)
    return data, build_windows(log, declare(plan), data.parent / "windows.parquet")


def test_live_edges_are_those_of_the_windows(built: tuple[Path, Path]) -> None:
    """Every number that training has too is the same; times to a microsecond for ties."""
    data, path = built
    windows = pq.read_table(path)
    columns = EventColumns(directory=data, description=read_own_description(data), zone=UTC_ZONE)
    assert windows["event_id"].to_pylist() == columns.ids.to_pylist()
    values = OwnValues(OwnVariables(columns, ()), columns, (0, len(columns)), Edges.LIVE)
    known = Known(labels=LabelReader(columns).read, definitions={})
    compared = 0
    for pattern, (keys, events, measure, of) in SAME.items():
        for window in NAMES:
            theirs = feature_name(keys, events, measure, window, of)
            if theirs not in windows.column_names:
                continue
            name = pattern.format(w=window)
            column = values.of([name], known, lambda _stage: None)[name]
            assert isinstance(column, Numbers)
            right = windows[theirs].to_numpy()
            # Models cap distinct values at 64; none of these keys comes near.
            np.testing.assert_allclose(column.values, right, rtol=0, atol=1e-4, err_msg=name)
            compared += 1
    assert compared >= 30
