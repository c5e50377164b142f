"""The report: one page, complete, without script or foreign content."""

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import load_schema
from training.evaluate.figures import abuse_figures
from training.evaluate.slices import baseline_scores, cut, fitted_scores
from training.labels import DAY_US, AbuseLabels
from training.measures.groups import chinese, groups_of
from training.measures.test_slice import TestSlice
from training.report.content import AbuseReport, RunReport
from training.report.plots import _top
from training.report.render import render
from training.split import members, plan_slices
from training.train.costs import load_costs
from training.train.fit import Task, fit_abuse
from training.train.frame import Frame
from training.train.rules import load_rules

START = 19_000 * DAY_US
DAYS, ORDERS = 120, 6_000


def a_frame() -> tuple[Frame, AbuseLabels]:
    """Return orders whose abuse shows in two inputs, with noise in all the others."""
    schema = load_schema()
    rng = np.random.default_rng(4)
    value = (rng.random(ORDERS) < 0.08).astype(np.int8)
    matrix = rng.poisson(2.0, (ORDERS, len(schema.names))).astype(np.float64)
    for name, shift in (("device__accounts_30d", 2.0), ("order__units", 1.0)):
        matrix[:, schema.names.index(name)] += value * rng.normal(shift, 1.0, ORDERS)
    ordered = np.sort(START + rng.integers(0, DAYS * DAY_US, ORDERS))
    account = rng.integers(0, 1_500, ORDERS)
    frame = Frame(
        order_id=np.array([f"o{i}" for i in range(ORDERS)], dtype=object),
        ordered_at_us=ordered,
        account=account,
        device=account,
        payment=account,
        value_minor=np.full(ORDERS, 5_000.0),
        matrix=matrix,
        features=schema.names,
    )
    labels = AbuseLabels(
        abuse=Abuse.SCALPING, maturity_days=7, value=value, known_at_us=ordered + 7 * DAY_US
    )
    return frame, labels


@pytest.fixture(scope="module")
def report() -> RunReport:
    """Return a report of one abuse, fitted on a made-up frame."""
    frame, labels = a_frame()
    schema, costs = load_schema(), load_costs()
    plan = plan_slices(Abuse.SCALPING, 7, START, START + DAYS * DAY_US)
    task = Task(
        abuse=Abuse.SCALPING,
        labels=labels,
        plan=plan,
        rows=members(plan, frame.ordered_at_us, labels),
        costs=costs.scalping,
        seed=1,
    )
    fitted = fit_abuse(frame, task, {"full": schema.names, "order_only": schema.order_only})
    rows = cut(frame, task)
    scores = fitted_scores(rows, fitted) | baseline_scores(rows, fitted.logistic, load_rules())
    figures = abuse_figures(rows, scores, costs, seed=1)
    return RunReport(
        title="a <made-up> world",
        facts={"Currency": "CNY"},
        abuses={
            Abuse.SCALPING: AbuseReport(fitted=fitted, figures=figures, rows=rows, scores=scores)
        },
        costs=costs,
        descriptions={
            one.name: (one.description_en, one.description_zh) for one in schema.features
        },
        timings_s={"fit": 1.0},
    )


def test_page_needs_nothing_beside_it(report: RunReport) -> None:
    """No script, no link, no foreign source: the page can be mailed and filed."""
    page = render(report)
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "http" not in re.sub(r"data:[^\"]*", "", page)


def test_page_shows_every_part_in_both_languages(report: RunReport) -> None:
    """Curves, slices, thresholds, features and groups are there, headed in two languages."""
    page = render(report)
    assert page.count("data:image/svg+xml;base64,") == 7
    for part in (
        "摘要",
        "时间切片",
        "阈值与预计误伤",
        "最重要的特征",
        "误伤落在谁身上",
        "黄牛抢购",
    ):
        assert part in page
    for word in ("device__accounts_30d", "limit_quantity", "calibrate", "money saved"):
        assert word in page


def test_every_heading_and_name_is_read_in_both_languages(report: RunReport) -> None:
    """Headings of tables, models, slices, actions and groups have their Chinese beside them."""
    page = render(report)
    tables = re.findall(r"<th[^>]*>(.*?)</th>", page)
    same = {"PR-AUC", "ROC-AUC", "meaning", "含义", ""}
    assert {one for one in tables if "lang=" not in one} <= same
    for word in ("逻辑回归", "早停", "限购", "棵树", "币种"):
        assert word in page


def test_nothing_is_cut_off_on_paper(report: RunReport) -> None:
    """A wide table scrolls on a screen; printed, it is set smaller instead of losing columns."""
    page = render(report)
    paper = page.split("@media print")[1].split("</style>")[0]
    assert ".wrap { overflow: visible; }" in paper
    assert ".wide td { font-size: 9.5px; }" in paper
    assert 'class="wide"' in page


def test_a_phone_shows_all_of_it(report: RunReport) -> None:
    """A table or a broad figure scrolls within the page, and the page itself does not grow."""
    page = render(report)
    assert page.count("<table") == page.count('<div class="wrap"><table')
    assert page.count('<figure class="broad">') == 2
    phone = page.split("(max-width: 860px)")[1].split("@media print")[0]
    assert "figure.broad { overflow-x: auto; }" in phone
    assert "th, td { white-space: nowrap; }" in phone
    assert ".pair > * { min-width: 0; }" in page


def test_no_line_begins_with_a_gap(report: RunReport) -> None:
    """The Chinese that wraps begins at the edge: what parts it from the English is a blank."""
    page = render(report)
    assert not re.search(r"(?<=[^\s>])<span class=\"zh\"", re.sub(r"<th.*?</th>", "", page))
    assert "margin-left" not in page.split(".zh {")[1].split("}")[0]


@pytest.mark.parametrize(("currency_code", "told"), [("CNY", "1,235"), ("JPY", "123,456")])
def test_money_has_the_decimals_of_its_currency(
    report: RunReport, currency_code: str, told: str
) -> None:
    """Yen have no hundredths: they were shown as a hundredth of what is lost."""
    one = report.abuses[Abuse.SCALPING]
    figures = dict(one.figures)
    figures["money"] = dict(figures["money"]) | {"lost_minor": 123_456}  # type: ignore[call-overload]  # a table of figures
    changed = replace(
        report,
        facts={"Currency": currency_code},
        abuses={Abuse.SCALPING: replace(one, figures=figures)},
    )
    assert f"<td>{told}</td>" in render(changed)


def test_gains_have_a_sign(report: RunReport) -> None:
    """A gain below zero and one above are told apart at first sight."""
    one = report.abuses[Abuse.SCALPING]
    gain = {"value": 0.25, "low": -0.125, "high": 0.5}
    told = replace(one, figures=dict(one.figures) | {"pr_auc_gain_of_history": gain})
    page = render(replace(report, abuses=dict(report.abuses) | {Abuse.SCALPING: told}))
    assert '>+0.250<span class="ci">-0.125 to +0.500<' in page


def test_a_bad_week_is_drawn_whole() -> None:
    """False positives above 2 % are not cut off: the axis ends above the worst week."""
    assert _top(np.array([0.4, np.nan])) == 2.0
    assert _top(np.array([0.4, 7.0])) > 7.0


def test_verification_levels_have_their_names() -> None:
    """The codes of the contract begin at 1 for L0: a group is called by the level, not the code."""
    told = np.array([0.0, 1.0, 4.0])
    names = ["order__verification_level"]
    rows = SimpleNamespace(column=lambda name: told if name in names else np.zeros(3))
    levels = [name for name in groups_of(cast(TestSlice, rows)) if name.startswith("verification")]
    assert levels == [
        "verification level not told",
        "verification level L0",
        "verification level L3",
    ]
    assert [chinese(name) for name in levels] == ["实名等级未提供", "实名等级 L0", "实名等级 L3"]


def test_texts_are_escaped(report: RunReport) -> None:
    """A data set's name cannot put markup into the page."""
    page = render(report)
    assert "a &lt;made-up&gt; world" in page
    assert "<made-up>" not in page


def test_same_report_gives_the_same_bytes(report: RunReport) -> None:
    """Figures carry no date and no random ids, so that reports can be compared."""
    assert render(report) == render(report)


def test_suspicious_feature_is_shouted(report: RunReport) -> None:
    """A single input above AUC 0.90 is named in a box at the top, in both languages."""
    one = report.abuses[Abuse.SCALPING]
    strong = dict(one.figures) | {"single_features": [{"feature": "order__units", "auc": 0.93}]}
    page = render(replace(report, abuses={Abuse.SCALPING: replace(one, figures=strong)}))
    assert "order__units alone reaches AUC 0.930" in page
    assert "仅凭特征 order__units 的 AUC 就达 0.930" in page
    assert "note alarm" not in render(report)
