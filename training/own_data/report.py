"""The report of a run on own events: one page that needs nothing beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from training.measures.ranking import Ranking
from training.measures.reliability import Bin
from training.measures.test_slice import ModelScores, TestSlice
from training.own_data.learning.choose import INPUT_SETS
from training.own_data.periods import when
from training.report import plots
from training.report.words import ACTIONS_ZH, FACTS_ZH, Note

Json = dict[str, Any]
PAGE = "report.html"
TOP_INPUTS = 18
METRICS = (
    "pr_auc", "roc_auc", "recall_at_fpr_0.1pct", "recall_at_fpr_0.5pct", "recall_at_fpr_1pct",
)  # fmt: skip
CHINESE = dict(zip(INPUT_SETS, ("仅自身字段", "+ 时间窗", "+ 标签率", "+ 关联"), strict=True))
COLOURS = dict(zip(INPUT_SETS, ("#8b8b8b", "#5fa3d9", "#c07a2c", "#124e87"), strict=True))
STYLES: plots.Styles = {name: (name, colour) for name, colour in COLOURS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReport:
    """What the page shows; ``figures`` is the content of metrics.json."""

    figures: Json
    rows: TestSlice
    scores: Mapping[str, ModelScores]
    warnings: tuple[Note, ...]


def write_report(path: Path, report: OwnReport) -> None:
    """Write the page."""
    path.write_text(render(report), "utf-8")


def render(report: OwnReport) -> str:
    """Return the page."""
    places = (Path(__file__).parent, Path(plots.__file__).parent)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(places),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    f = report.figures
    return environment.get_template(PAGE).render(
        title=f"{f['data_set']}: {f['label']}",
        f=f,
        facts=_facts(f),
        facts_zh=FACTS_ZH,
        actions_zh=ACTIONS_ZH,
        warnings=report.warnings,
        metrics=METRICS,
        rows=_sets(f),
        windows=_windows(f),
        top=_top(f["fit"][f["served"]]["gain"]),
        thresholds=_thresholds(f),
        plots=_plots(report),
    )


def _facts(f: Json) -> Json:
    return {
        "Label": f["label"],
        "Label delay": f"{f['label_delay_days']:g} days",
        "Training": f"{f['train']['from']} to {f['train']['to']}",
        "Test": f"{f['test']['from']} to {f['test']['to']}",
        "Test events": f"{f['events']:,}, {f['positives']:,} positive",
        "Kept model": f["served"],
    }


def _sets(f: Json) -> list[Json]:
    return [
        {
            "name": name,
            "zh": CHINESE[name],
            "served": name == f["served"],
            "figures": figures,
            "inputs": f["fit"][name]["inputs"],
            "trees": f["fit"][name]["trees"],
            "folds": f["fit"][name]["pr_auc_on_folds"],
        }
        for name, figures in f["comparison"].items()
    ]


def _windows(f: Json) -> list[Json]:
    test = f["test"] | {"labelled": f["events"], "positives": f["positives"]}
    return [
        {"name": name, "start": of["from"], "end": of["to"]} | of
        for name, of in (("train", f["train"]), ("test", test))
    ]


def _top(gain: Mapping[str, float]) -> list[Json]:
    top = list(gain.items())[:TOP_INPUTS]
    return [{"name": name, "share": share, "bar": share / top[0][1]} for name, share in top]


def _thresholds(f: Json) -> list[Json]:
    reached = {one["action"]: one for one in f["actions"]}
    harsher = _recalls(f["actions"])
    return [
        {
            "action": action,
            "offered": of["raw"] is not None,
            "cap": of["allowed_honest_share"],
            "bound": of["honest_bound"],
            "test": reached[action]["honest_share_or_harsher"] if action in reached else 0.0,
            "recall": harsher.get(action, 0.0),
        }
        for action, of in f["fit"][f["served"]]["thresholds"].items()
    ]


def _recalls(actions: list[Json]) -> dict[str, float]:
    """Return the share of positives that get each action or a harsher one."""
    total, found = 0.0, {}
    for one in reversed(actions):
        total += one["abuse_share"]
        found[one["action"]] = total
    return found


def _plots(report: OwnReport) -> dict[str, str]:
    f = report.figures
    rankings = {name: Ranking.of(report.rows.label, of.raw) for name, of in report.scores.items()}
    weeks = f["by_week"]["weeks"]
    return {
        "pr": plots.precision_recall(rankings, f["base_rate"], STYLES),
        "rate": plots.recall_by_rate(rankings, STYLES),
        "reliability": plots.reliability_plot(
            tuple(Bin(**values) for values in f["calibration"]["bins"]), kind="kept model"
        ),
        "weeks": plots.weeks_plot(
            [when(one["from_us"] // 86_400_000_000 * 86_400_000_000) for one in weeks],
            [_or_nan(one["recall"]) for one in weeks],
            [_or_nan(one["false_positive_rate"]) for one in weeks],
        ),
    }


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
