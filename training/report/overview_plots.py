"""Figures over all abuses: the slices in time, and recall with intervals."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import matplotlib.dates as mdates

from training.measures.test_slice import MODELS
from training.report.plots import COLOURS, LABELS, data_uri, drawing
from training.split import SliceName, SlicePlan

SLICE_COLOURS = {
    SliceName.TRAIN: "#124e87",
    SliceName.STOP: "#c07a2c",
    SliceName.CALIBRATE: "#4f8f5b",
    SliceName.TEST: "#b3352b",
}
GAP_COLOUR = "#dddddd"
DATES: Any = mdates  # the module has no types
RECALL = "recall_at_fpr_0.5pct"


def timeline(plans: Mapping[str, SlicePlan]) -> str:
    """Draw the slices of every abuse, the gaps between them hatched."""
    with drawing(9.6, 0.7 + 0.6 * len(plans)) as (figure, axes):
        for at, plan in enumerate(plans.values()):
            edge = plan.start_us
            for part in plan.slices:
                _bar(axes, at, edge, part.start_us)
                _bar(axes, at, part.start_us, part.end_us, SLICE_COLOURS[part.name])
                middle = (_day(part.start_us) + _day(part.end_us)) / 2
                axes.text(
                    middle, at, part.name, ha="center", va="center", color="white", fontsize=8
                )
                edge = part.end_us
            _bar(axes, at, edge, plan.end_us)
        axes.set_yticks(range(len(plans)), list(plans))
        axes.invert_yaxis()
        axes.xaxis_date(tz="UTC")
        locator = axes.xaxis.get_major_locator()
        axes.xaxis.set_major_formatter(DATES.ConciseDateFormatter(locator))
        axes.grid(visible=False, axis="y")
        return data_uri(figure)


def recall_forest(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw recall at 0.5 % false positives of every model, with 95 % intervals."""
    with drawing(9.6, 0.9 + 0.75 * len(figures)) as (figure, axes):
        for at, abuse in enumerate(figures.values()):
            known = [name for name in MODELS if name in abuse["models"]]
            for step, name in enumerate(known):
                one = abuse["models"][name][RECALL]
                height = at + 0.19 * (step - (len(known) - 1) / 2)
                axes.plot((one["low"], one["high"]), (height, height), color=COLOURS[name], lw=2)
                label = LABELS[name] if at == 0 else None
                axes.plot(one["value"], height, "o", color=COLOURS[name], ms=5, label=label)
        axes.set_yticks(range(len(figures)), list(figures))
        axes.invert_yaxis()
        axes.set(xlabel="recall at 0.5 % false positives, 95 % interval", xlim=(0, 1.01))
        axes.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return data_uri(figure)


def _bar(axes: Any, at: int, start_us: int, end_us: int, colour: str = "") -> None:
    if end_us <= start_us:
        return
    style = {"color": colour} if colour else {"color": GAP_COLOUR, "hatch": "///", "ec": "white"}
    axes.barh(at, _day(end_us) - _day(start_us), left=_day(start_us), height=0.55, lw=0, **style)


def _day(time_us: int) -> float:
    return float(DATES.date2num(datetime.fromtimestamp(time_us / 1e6, tz=UTC)))
