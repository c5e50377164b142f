"""From steps to values: running sums and extremes per entity, rows that change nothing gone.

Sums are of int64, so a running sum is exact whatever the order of its parts.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.features.schema import DAY_S, Feature, ViewSpec
from training.frames.view_sql import aggregate_of, all_parts, parts_of

# Stand in for "none yet" in running extremes; days and amounts never reach them.
NONE_YET = {"max": np.iinfo(np.int64).min, "min": np.iinfo(np.int64).max}


def history(view: ViewSpec, features: tuple[Feature, ...], steps: pa.Table) -> pa.Table:
    """Return the rows of a view: join key, event_timestamp, created_at, its features.

    Parameters
    ----------
    steps
        As ``view_sql.steps_sql`` gives them, sorted by key and midnight.
    """
    starts = _group_starts(steps["key"])
    parts = _running(features, steps, np.cumsum(starts))
    values = {feature.name: _value(feature, parts) for feature in features}
    keep = starts | _changed(list(values.values()))
    midnights = steps["midnight"].to_numpy()[keep]
    stamps = pa.array(midnights * (DAY_S * 1_000_000)).cast(pa.timestamp("us", tz="UTC"))
    columns = {
        view.join_key: steps["key"].filter(pa.array(keep)),
        "event_timestamp": stamps,
        # A row exists from its midnight on: Feast's filter by creation must let it pass.
        "created_at": stamps,
    }
    for feature_name, column in values.items():
        columns[feature_name] = pa.array(column[keep], from_pandas=True)
    return pa.table(columns)


def _group_starts(keys: pa.ChunkedArray) -> NDArray[np.bool_]:
    starts = np.ones(len(keys), bool)
    if len(keys) > 1:
        differs = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
        starts[1:] = differs.to_numpy()
    return starts


def _running(
    features: tuple[Feature, ...], steps: pa.Table, groups: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    running = {}
    for part in all_parts(features):
        column = steps[part.column]
        if part.combine == "sum":
            series = pd.Series(column.to_numpy()).groupby(groups).cumsum()
        else:
            filled = pd.Series(column.fill_null(NONE_YET[part.combine]).to_numpy())
            grouped = filled.groupby(groups)
            series = grouped.cummax() if part.combine == "max" else grouped.cummin()
        running[part.column] = series.to_numpy()
    return running


def _value(feature: Feature, parts: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    mine = parts_of(feature)
    first = parts[mine[0].column]
    value = first.astype(np.float64)
    if aggregate_of(feature).kind == "mean":
        count = parts[mine[1].column]
        mean = np.full(len(value), np.nan)
        np.divide(value, count, out=mean, where=count > 0)
        return mean
    if mine[0].combine != "sum":
        value[first == NONE_YET[mine[0].combine]] = np.nan
    return value


def _changed(values: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    changed = np.zeros(len(values[0]), bool)
    for column in values:
        before, after = column[:-1], column[1:]
        changed[1:] |= (before != after) & ~(np.isnan(before) & np.isnan(after))
    return changed
