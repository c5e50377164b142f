"""The use case behind ``risk train``: from a raw data set to a signed bundle and a report."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import load_schema
from risk_service.identity.keys import IdentityKey, load_identity_key
from risk_service.models.manifest import Variant
from risk_service.models.signature import load_signing_key
from training.datasets.description import Description, read_description
from training.evaluate.figures import abuse_figures
from training.evaluate.slices import baseline_scores, cut, fitted_scores
from training.measures.gains import step_gains
from training.progress import Progress, Timer, silent
from training.registry.writer import BundleContent, sign_bundle, write_bundle
from training.report.content import AbuseReport, RunReport
from training.report.render import render
from training.train.bundle import Source, bundle_content
from training.train.costs import DEFAULT_COSTS, CostTable, load_costs
from training.train.fit import FittedAbuse, fit_abuse
from training.train.frame import Frame
from training.train.rules import load_rules
from training.train.run_file import COSTS_FILE, describe, fit_facts, write_json, write_run_file
from training.train.source import description_sha256, load_frame, make_warehouse
from training.train.steps import feature_steps, fit_steps, step_scores, write_steps
from training.train.tasks import check_length, plan_tasks
from training.words import fault

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What to train on and where to put the result.

    ``keys`` holds identity.key and signing.key; ``warehouse`` is made when absent.
    ``as_of`` trains as if it were that time: later orders and labels are left alone.
    ``steps`` also fits models on parts of the features, to tell what each part is worth.
    """

    data: Path
    out: Path
    keys: Path
    warehouse: Path
    costs: Path = DEFAULT_COSTS
    seed: int = 1
    as_of: datetime | None = None
    steps: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """Where things are, and every figure (the content of metrics.json)."""

    bundle: Path
    report: Path
    metrics: Json


def train(request: TrainRequest, tell: Progress = silent) -> TrainResult:
    """Train, measure and report; the bundle appears whole and signed, or not at all.

    Parameters
    ----------
    tell
        Called with each step as it begins, see ``steps_of``, and with how far it is.

    Raises
    ------
    ConfigFault
        The data set is too short or one-sided, a feature leaks, or the run exists already.
    """
    timer = Timer(tell)
    source, costs = _refuse_early(request)
    make_warehouse(request.data, request.warehouse, _identity(request), source.schema, timer.report)
    timer.step("vectors")
    frame = load_frame(request.warehouse, source.schema)
    fitted = _fit(request, source, frame, costs, timer)
    measured = _measure(frame, fitted, costs, timer)
    if request.steps:
        _measure_steps(request, source, frame, measured, timer)
    timer.step("bundle")
    figures = {abuse: one.figures for abuse, one in measured.items()}
    bundle = _write_bundle(request, bundle_content(source, frame, fitted, figures))
    timer.step("report")
    facts = describe(source, bundle)
    page = RunReport(
        title=f"promoguard {source.dataset.name}",
        facts=facts,
        abuses=measured,
        costs=costs,
        descriptions={
            feature.name: (feature.description_en, feature.description_zh)
            for feature in source.schema.features
        },
        timings_s=timer.seconds,
    )
    report = request.out / "report.html"
    report.write_text(render(page), "utf-8")
    timer.stop()
    metrics = _metrics(facts, measured, timer.seconds)
    write_json(request.out / "metrics.json", metrics)
    shutil.copyfile(request.costs, request.out / COSTS_FILE)
    write_run_file(request.out, request.warehouse, source, fitted)
    return TrainResult(bundle=bundle, report=report, metrics=metrics)


def steps_of(request: TrainRequest) -> int:
    """Return how many steps a full run announces, for a progress bar."""
    of_each = 3 if request.steps else 2
    return 7 + of_each * len(read_description(request.data).maturity_days)


def _refuse_early(request: TrainRequest) -> tuple[Source, CostTable]:
    """Refuse what would fail at the end, before the long work begins."""
    if (request.out / "bundle").exists():
        raise ConfigFault(fault("holds_a_bundle", path=request.out))
    dataset = _as_known(read_description(request.data), request.as_of)
    absent = [abuse.value for abuse in Abuse if abuse not in dataset.maturity_days]
    if absent:
        raise ConfigFault(fault("abuse_not_labelled", path=request.data, abuse=absent[0]))
    check_length(dataset)
    load_signing_key(request.keys / "signing.key")
    costs = load_costs(request.costs)
    source = Source(
        dataset=dataset,
        dataset_sha256=description_sha256(request.data),
        schema=load_schema(),
        seed=request.seed,
    )
    request.out.mkdir(parents=True, exist_ok=True)
    return source, costs


def _as_known(dataset: Description, as_of: datetime | None) -> Description:
    """Let the data set end at ``as_of``: every slice, label and cutoff then lies before it."""
    if as_of is None:
        return dataset
    if as_of.tzinfo is None:
        raise ConfigFault(fault("as_of_zone"))
    as_of_us = int(as_of.timestamp()) * 1_000_000
    if not dataset.start_us < as_of_us <= dataset.end_us:
        bounds = (dataset.start_us, dataset.end_us)
        start, end = (f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d}" for us in bounds)
        told = fault("as_of_outside", time=as_of.isoformat(), start=start, end=end)
        raise ConfigFault(told)
    return replace(dataset, end_us=as_of_us)


def _identity(request: TrainRequest) -> IdentityKey:
    return load_identity_key(request.keys / "identity.key")


def _fit(
    request: TrainRequest, source: Source, frame: Frame, costs: CostTable, timer: Timer
) -> dict[Abuse, FittedAbuse]:
    tasks = plan_tasks(request.warehouse, source.dataset, frame, costs, request.seed)
    variants: dict[Variant, tuple[str, ...]] = {
        "full": source.schema.names,
        "order_only": source.schema.order_only,
    }
    fitted = {}
    for abuse in Abuse:
        timer.step(f"fit {abuse}")
        fitted[abuse] = fit_abuse(frame, tasks[abuse], variants, timer.tally)
    return fitted


def _measure(
    frame: Frame, fitted: Mapping[Abuse, FittedAbuse], costs: CostTable, timer: Timer
) -> dict[Abuse, AbuseReport]:
    rules = load_rules()
    measured = {}
    for abuse, one in fitted.items():
        timer.step(f"measure {abuse}")
        rows = cut(frame, one.task)
        scores = fitted_scores(rows, one) | baseline_scores(rows, one.logistic, rules)
        figures = abuse_figures(rows, scores, costs, one.task.seed, timer.tally)
        measured[abuse] = AbuseReport(fitted=one, figures=figures, rows=rows, scores=scores)
    return measured


def _measure_steps(
    request: TrainRequest,
    source: Source,
    frame: Frame,
    measured: Mapping[Abuse, AbuseReport],
    timer: Timer,
) -> None:
    """Add to the figures what each kind of feature is worth, and keep the models for it."""
    steps = feature_steps(source.schema)
    for abuse, one in measured.items():
        timer.step(f"steps {abuse}")
        trained = fit_steps(frame, one.fitted, steps, timer.tally)
        write_steps(request.out, abuse.value, trained)
        texts = {name: model.text for name, model in trained.items()}
        scores = step_scores(one.rows, steps, texts)
        one.figures["steps"] = step_gains(one.rows, scores, request.seed)


def _write_bundle(request: TrainRequest, content: BundleContent) -> Path:
    """Write beside its place and rename: an unsigned bundle is never found there."""
    unsigned = request.out / f".bundle-{os.getpid()}"
    shutil.rmtree(unsigned, ignore_errors=True)
    try:
        write_bundle(unsigned, content)
        sign_bundle(unsigned, request.keys / "signing.key")
        unsigned.rename(request.out / "bundle")
    finally:
        shutil.rmtree(unsigned, ignore_errors=True)
    return request.out / "bundle"


def _metrics(
    facts: Mapping[str, str], measured: Mapping[Abuse, AbuseReport], seconds: Mapping[str, float]
) -> Json:
    return {
        "facts": dict(facts),
        "abuses": {
            abuse.value: dict(one.figures) | {"fit": fit_facts(one.fitted)}
            for abuse, one in measured.items()
        },
        "seconds": {name: round(spent, 2) for name, spent in seconds.items()},
    }
