"""Figures of the report as SVG data URIs: no file beside the page, no script in it.

Curves are thinned to a few hundred points; texts are drawn as paths, so that the page
looks the same on every machine.
"""

import base64
import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.measures.ranking import Curve, Floats, Ranking
from training.measures.reliability import Bin
from training.measures.test_slice import FULL, LOGISTIC, MODELS, ORDER_ONLY, RULES

COLOURS = {FULL: "#124e87", ORDER_ONLY: "#5fa3d9", LOGISTIC: "#c07a2c", RULES: "#8b8b8b"}
LABELS = {
    FULL: "with history",
    ORDER_ONLY: "order columns only",
    LOGISTIC: "logistic regression",
    RULES: "rules only",
}
# What each curve is called and drawn in; own data has names and colours of its own.
Styles = Mapping[str, tuple[str, str]]
STYLES: Styles = {name: (LABELS[name], COLOURS[name]) for name in MODELS}
ABUSE_COLOUR, HONEST_COLOUR = "#b3352b", "#7c93a8"
POINTS = 300
DASHES = ("-", "--", "-.", ":")
# Where a list of fonts that was made elsewhere lacks some, it warns of each one that no page uses.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "promoguard",  # ids inside the SVG are the same every time
    "svg.fonttype": "path",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": "#333333",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}


@contextmanager
def drawing(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure of that size in inches with one set of axes, in the report's style."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots()


def data_uri(figure: Figure) -> str:
    """Return the figure as an SVG data URI; the same figure gives the same bytes."""
    out = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def precision_recall(
    rankings: Mapping[str, Ranking], base_rate: float, styles: Styles = STYLES
) -> str:
    """Draw precision over recall for every model; the dotted line is the base rate."""
    with drawing(4.6, 3.4) as (figure, axes):
        for name, (label, colour) in _known(rankings, styles).items():
            curve = rankings[name].curve()
            at = _thin(curve)
            axes.plot(
                curve.recall[at], curve.precision[at], color=colour,
                label=f"{label} ({curve.average_precision():.3f})", lw=1.6,
            )  # fmt: skip
        axes.axhline(base_rate, color="#555555", ls=":", lw=1)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        _legend(axes, title="PR-AUC in brackets")
        return data_uri(figure)


def recall_by_rate(rankings: Mapping[str, Ranking], styles: Styles = STYLES) -> str:
    """Draw recall over the false positive rate, logarithmic; the dotted line is 0.5 %."""
    with drawing(4.6, 3.4) as (figure, axes):
        for name, (label, colour) in _known(rankings, styles).items():
            curve = rankings[name].curve()
            at = _thin(curve)
            rate = np.maximum(curve.false_positive_rate[at] * 100, 1e-3)
            axes.plot(rate, curve.recall[at], color=colour, label=label, lw=1.6)
        axes.axvline(0.5, color="#555555", ls=":", lw=1)
        axes.set(
            xlabel="false positives among the honest, %", ylabel="recall", xscale="log",
            xlim=(0.01, 100), ylim=(0, 1.02), xticks=[0.01, 0.1, 0.5, 1, 10, 100],
            xticklabels=["0.01", "0.1", "0.5", "1", "10", "100"],
        )  # fmt: skip
        _legend(axes)
        return data_uri(figure)


def reliability_plot(bins: tuple[Bin, ...], *, kind: str) -> str:
    """Draw the rate seen over the probability predicted, both logarithmic."""
    floor = 1e-4
    with drawing(4.6, 3.4) as (figure, axes):
        predicted = np.maximum([one.predicted for one in bins], floor)
        seen = np.maximum([one.seen for one in bins], floor)
        axes.plot([floor, 1], [floor, 1], color="#999999", ls="--", lw=1, label="perfect")
        axes.plot(predicted, seen, color=COLOURS[FULL], lw=1, marker="o", ms=4, label=kind)
        axes.set(
            xlabel="probability predicted", ylabel="share of abuses seen",
            xscale="log", yscale="log", xlim=(floor, 1.2), ylim=(floor, 1.2),
        )  # fmt: skip
        _legend(axes)
        return data_uri(figure)


def score_distribution(score: Floats, label: Floats, threshold_scores: Mapping[str, float]) -> str:
    """Draw how scores of abuses and of honest orders spread, with each action's beginning."""
    bins = np.linspace(0, 1000, 51)
    with drawing(4.6, 3.4) as (figure, axes):
        for mark, colour, name in ((0, HONEST_COLOUR, "honest"), (1, ABUSE_COLOUR, "abuse")):
            part = score[label == mark]
            share = np.histogram(part, bins)[0] / max(len(part), 1) * 100
            axes.stairs(share, bins, fill=True, alpha=0.55, color=colour, label=name)
        for dashes, (action, value) in zip(DASHES, threshold_scores.items(), strict=False):
            name = f"{action.replace('_', ' ')} from {value:.0f}"
            axes.axvline(value, color="#333333", lw=0.9, ls=dashes, label=name)
        axes.set(
            xlabel="score, 0 to 1000", ylabel="share of orders, %",
            xlim=(0, 1005), yscale="log", ylim=(0.01, 110),
        )  # fmt: skip
        _legend(axes)
        return data_uri(figure)


def weeks_plot(starts: list[str], recall: list[float], rate: list[float]) -> str:
    """Draw recall and false positives per week at one threshold; NaN leaves a hole."""
    with drawing(4.6, 3.4) as (figure, axes):
        at = np.arange(len(starts))
        axes.plot(at, recall, color=COLOURS[FULL], marker="o", ms=4, lw=1.4)
        axes.set(ylabel="recall", ylim=(0, 1.02), xlabel="week from")
        axes.set_xticks(at, starts, rotation=40, ha="right", fontsize=7)
        axes.yaxis.label.set_color(COLOURS[FULL])
        right = axes.twinx()
        shares = np.array(rate) * 100
        right.bar(at, shares, color=HONEST_COLOUR, alpha=0.45, width=0.5)
        right.set(ylabel="false positives, %", ylim=(0, _top(shares)))
        right.axhline(0.5, color="#555555", ls=":", lw=1)
        right.grid(visible=False)
        return data_uri(figure)


def _legend(axes: Axes, title: str = "") -> None:
    """Say above the axes what is drawn: inside, curves would run through the words."""
    axes.legend(
        fontsize=7.5, title=title or None, title_fontsize=7.5, ncols=2, loc="lower left",
        bbox_to_anchor=(0.0, 1.0), borderaxespad=0.3, alignment="left",
    )  # fmt: skip


def _top(shares: Floats) -> float:
    """Return where an axis of percentages ends: at 2, or above the worst week."""
    return max(2.0, 1.1 * float(np.nanmax(shares, initial=0.0)))


def _known(rankings: Mapping[str, Ranking], styles: Styles) -> Styles:
    """Return the styles of the curves there are, in the order of the styles."""
    return {name: style for name, style in styles.items() if name in rankings}


def _thin(curve: Curve) -> Floats:
    """Return places that follow both ends of the curve with few points."""
    last = len(curve.threshold) - 1
    steps = np.concatenate((np.geomspace(1, last + 1, POINTS) - 1, np.linspace(0, last, POINTS)))
    return np.unique(steps.astype(np.int64))
