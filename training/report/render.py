"""Renders the training report: one HTML file, no script, nothing loaded from elsewhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import jinja2
import numpy as np

from risk_service.domain.currency import decimals_of
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Abuse
from risk_service.models.anchors import score_of
from training.measures.groups import chinese
from training.measures.leaks import SUSPICIOUS_AUC
from training.measures.ranking import Ranking
from training.measures.reliability import Bin
from training.measures.test_slice import FULL, LOGISTIC, MODELS, ORDER_ONLY, RULES
from training.report import plots
from training.report.content import AbuseReport, RunReport
from training.report.overview_plots import recall_forest, timeline
from training.report.words import ACTIONS_ZH, FACTS_ZH, Note
from training.split import SliceName
from training.train.steps import STEP_LABELS

TITLES = {
    Abuse.SCALPING: ("Scalping", "黄牛抢购"),
    Abuse.BRUSHING: ("Brushing (fake orders)", "刷单"),
    Abuse.REFUND: ("Malicious refund", "恶意退款"),
}
TOP_FEATURES = 15
MODELS_ZH = {FULL: "含历史", ORDER_ONLY: "仅订单字段", LOGISTIC: "逻辑回归", RULES: "仅规则"}
SLICES_ZH = {
    SliceName.TRAIN: "训练",
    SliceName.STOP: "早停",
    SliceName.CALIBRATE: "校准",
    SliceName.TEST: "测试",
    SliceName.LEARN: "最终学习",
}


def render(report: RunReport) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    currency_code = report.facts.get("Currency", "")
    figures = {TITLES[abuse][0]: _any(one.figures) for abuse, one in report.abuses.items()}
    plans = {TITLES[abuse][0]: one.fitted.task.plan for abuse, one in report.abuses.items()}
    return environment.get_template("template.html").render(
        title=report.title,
        facts=report.facts,
        facts_zh=FACTS_ZH,
        actions_zh=ACTIONS_ZH,
        chinese=chinese,
        currency=currency_code,
        whole=lambda minor: f"{minor / 10 ** decimals_of(currency_code):,.0f}",
        forest=recall_forest(figures),
        timeline=timeline(plans),
        abuses=[_abuse(abuse, one, report) for abuse, one in report.abuses.items()],
        alarms=_alarms(report),
        timings=report.timings_s,
    )


def _abuse(abuse: Abuse, one: AbuseReport, report: RunReport) -> dict[str, Any]:
    figures = _any(one.figures)
    full = one.fitted.variants["full"]
    thresholds = _thresholds(one)
    sentences = _sentences(figures, full.trained.trees)
    return {
        "title": TITLES[abuse][0],
        "title_zh": TITLES[abuse][1],
        "f": figures,
        "sentence": sentences.en,
        "sentence_zh": sentences.zh,
        "model_rows": [
            {"label": plots.LABELS[name], "zh": MODELS_ZH[name], "figures": figures["models"][name]}
            for name in MODELS
            if name in figures["models"]
        ],
        "steps": _steps(figures),
        "slices": _slices(one),
        "calibration_kind": full.calibrated.kind,
        "calibration": figures["calibration"][FULL],
        "thresholds": thresholds,
        "top_features": _top_features(one, report.descriptions),
        "plots": _plots(one, figures, thresholds),
    }


def _steps(figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        row | dict(zip(("en", "zh"), STEP_LABELS[row["step"]], strict=True))
        for row in figures.get("steps", [])
    ]


def _sentences(figures: dict[str, Any], trees: int) -> LocalizedText:
    recall = f"{figures['models'][FULL]['recall_at_fpr_0.5pct']['value']:.0%}"
    worst_recall = f"{figures['by_week']['worst_recall'] or 0:.0%}"
    worst_rate = f"{figures['by_week']['worst_false_positive_rate'] or 0:.2%}"
    return LocalizedText(
        en=f"{trees} trees. Of {figures['abuses']:,} abuses among {figures['orders']:,} orders of "
        f"{figures['accounts']:,} accounts, {recall} are caught when 0.5 % of honest orders "
        f"are flagged. Worst week: recall {worst_recall}, false positives {worst_rate}.",
        zh=f"{trees} 棵树。{figures['accounts']:,} 个账号的 {figures['orders']:,} 个订单中有 "
        f"{figures['abuses']:,} 个滥用；误伤 0.5% 正常订单时识别其中 {recall}。最差一周："
        f"召回率 {worst_recall}，误伤率 {worst_rate}。",
    )


def _slices(one: AbuseReport) -> list[dict[str, Any]]:
    task = one.fitted.task
    return [
        {
            "name": part.name.value,
            "zh": SLICES_ZH[part.name],
            "start": _date(part.start_us),
            "end": _date(part.end_us),
            "cutoff": _date(part.cutoff_us),
            "orders": len(task.rows[part.name]),
            "abuses": int(task.label(part.name).sum()),
        }
        for part in (*task.plan.slices, task.plan.learned)
    ]


def _thresholds(one: AbuseReport) -> list[dict[str, Any]]:
    full = one.fitted.variants["full"]
    score = score_of(full.anchors)
    honest = one.scores[FULL].raw[one.rows.label == 0]
    return [
        {
            "action": threshold.action,
            "offered": threshold.offered,
            "raw": threshold.raw,
            "score": score(threshold.raw) if threshold.offered else None,
            "break_even": threshold.break_even,
            "bound_by": threshold.bound_by,
            "cap": threshold.cap,
            "honest_share": threshold.honest_share,
            "honest_bound": threshold.honest_bound,
            "test_share": float(np.mean(honest >= threshold.raw)),
        }
        for threshold in full.thresholds
    ]


def _top_features(
    one: AbuseReport, descriptions: Mapping[str, tuple[str, str]]
) -> list[dict[str, Any]]:
    full = one.fitted.variants["full"]
    share = full.trained.gain / full.trained.gain.sum()
    top = np.argsort(-share, kind="stable")[:TOP_FEATURES]
    return [
        {
            "name": full.features[at],
            "en": descriptions[full.features[at]][0],
            "zh": descriptions[full.features[at]][1],
            "share": float(share[at]),
            "bar": float(share[at] / share[top[0]]),
        }
        for at in top.tolist()
        if share[at] > 0
    ]


def _plots(
    one: AbuseReport, figures: dict[str, Any], thresholds: list[dict[str, Any]]
) -> dict[str, str]:
    rankings = {name: Ranking.of(one.rows.label, of.raw) for name, of in one.scores.items()}
    bins = tuple(Bin(**values) for values in figures["calibration"][FULL]["bins"])
    score = one.scores[FULL].score
    weeks = figures["by_week"]["weeks"]
    return {
        "pr": plots.precision_recall(rankings, figures["base_rate"]),
        "rate": plots.recall_by_rate(rankings),
        "reliability": plots.reliability_plot(bins, kind="with history"),
        "scores": plots.score_distribution(
            np.asarray(score, dtype=np.float64),
            one.rows.label.astype(np.float64),
            {row["action"]: row["score"] for row in thresholds if row["offered"]},
        ),
        "weeks": plots.weeks_plot(
            [_date(week["from_us"]) for week in weeks],
            [_or_nan(week["recall"]) for week in weeks],
            [_or_nan(week["false_positive_rate"]) for week in weeks],
        ),
    }


def _alarms(report: RunReport) -> list[Note]:
    found = []
    for abuse, one in report.abuses.items():
        strongest = _any(one.figures)["single_features"][0]
        if strongest["auc"] > SUSPICIOUS_AUC:
            title, feature, auc = TITLES[abuse], strongest["feature"], strongest["auc"]
            found.append(
                Note(
                    f"{title[0]}: feature {feature} alone reaches AUC {auc:.3f}. Check that it was "
                    "known when the order was placed.",
                    f"{title[1]}：仅凭特征 {feature} 的 AUC 就达 {auc:.3f}，"
                    "请确认下单时已知该信息。",
                )
            )
    return found


def _any(figures: Mapping[str, object]) -> dict[str, Any]:
    return cast(dict[str, Any], figures)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _date(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, tz=UTC).strftime("%Y-%m-%d")
