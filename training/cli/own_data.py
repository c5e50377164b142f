"""``risk train`` and ``risk evaluate`` on own events: options, progress, tables."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.table import Table

from risk_service.domain.shown import shown
from training.cli.bars import Bars
from training.cli.tables import plain_text, tables_out
from training.datasets.staging import file_appearing_whole
from training.own_data.evaluate import OwnEvaluateRequest, evaluate_own, write_own_predictions
from training.own_data.periods import delay_s, periods
from training.own_data.run import STEPS, OwnTrainRequest, train_own
from training.train.run_file import write_json

Command = TypeVar("Command", bound=Callable[..., Any])
OWN_OPTIONS = {
    "label": "Own events: which label to learn.",
    "train_from": "Own events: begin of training, such as 2024-01-31 (midnight in UTC).",
    "train_to": "Own events: end of training, not included.",
    "test_from": "Own events: begin of the test.",
    "test_to": "Own events: end of the test, not included.",
    "label_delay": "Own events: how long labels take, such as 7d; default: as imported.",
}
OPTIONAL = "label_delay"
METRICS = {
    "pr_auc": "PR-AUC",
    "roc_auc": "ROC-AUC",
    "recall_at_fpr_0.1pct": "recall at 0.1 %",
    "recall_at_fpr_0.5pct": "at 0.5 %",
    "recall_at_fpr_1pct": "at 1 %",
}


def own_options(command: Command) -> Command:
    """Add the options that only own events have."""
    for name, text in reversed(OWN_OPTIONS.items()):
        command = click.option(_flag(name), name, help=text)(command)
    return command


def own_request(data: Path, out: Path, seed: int, own: Mapping[str, str | None]) -> OwnTrainRequest:
    """Return the request of the options.

    Raises
    ------
    ConfigFault
        A date or the delay is none.
    """
    missing = [name for name in OWN_OPTIONS if name != OPTIONAL and own[name] is None]
    if missing:
        raise click.UsageError(
            f"{data} holds own events; these options are missing: "
            f"{', '.join(_flag(name) for name in missing)}"
        )
    given = {name: value or "" for name, value in own.items()}
    delay = own[OPTIONAL]
    return OwnTrainRequest(
        data=data,
        out=out,
        label=given["label"],
        periods=periods(
            given["train_from"], given["train_to"], given["test_from"], given["test_to"]
        ),
        label_delay_s=None if delay is None else delay_s(delay),
        seed=seed,
    )


def refuse_own_options(data: Path, own: Mapping[str, str | None]) -> None:
    """Refuse options that a promotion world has not."""
    given = [name for name in OWN_OPTIONS if own[name] is not None]
    if given:
        raise click.UsageError(
            f"{_flag(given[0])} is for own events (risk dataset import); {data} holds none"
        )


def train_own_events(request: OwnTrainRequest, json_file: Path | None) -> None:
    """Train, and show what came of it."""
    with Bars(one_line=True, steps=len(STEPS)) as bars:
        trained = train_own(request, bars.report)
    metrics = trained.metrics
    if json_file is not None:
        write_figures(json_file, metrics)
    _print(metrics)
    for text in trained.warnings:
        click.echo(shown(f"note: {text.en}\n提示：{text.zh}"))
    click.echo(f"model: {request.out}\nreport: {request.out / 'report.html'}")
    spent = metrics["seconds"].items()
    click.echo("time: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent))


def evaluate_own_events(
    request: OwnEvaluateRequest, json_file: Path | None, predictions: Path | None
) -> None:
    """Measure a run, and show the figures."""
    with Bars(one_line=True) as bars:
        evaluation = evaluate_own(request, bars.report)
    if json_file is not None:
        write_figures(json_file, evaluation.figures)
    if predictions is not None:
        rows = write_own_predictions(evaluation, predictions)
        click.echo(f"{predictions}: {rows:,} rows")
    _print(evaluation.figures)
    if "random_split" in evaluation.figures:
        _print_splits(evaluation.figures["random_split"], evaluation.figures["served"])


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write figures to a file that appears whole or not at all.

    Raises
    ------
    ConfigFault
        It cannot be written.
    """
    with file_appearing_whole(path) as partial:
        write_json(partial, figures)


def _print(figures: Mapping[str, Any]) -> None:
    title = (
        f"{plain_text(figures['data_set'])}, label {figures['label']}: "
        f"{figures['events']:,} labelled test events, "
        f"{figures['positives']:,} positive ({figures['base_rate']:.2%})"
    )
    table = Table("inputs", *METRICS.values(), title=title)
    for name, metrics in figures["comparison"].items():
        kept = " (kept)" if name == figures["served"] else ""
        table.add_row(name + kept, *(_cell(metrics[metric]) for metric in METRICS))
    tables_out().print(table)


def _print_splits(found: Mapping[str, Any], served: str) -> None:
    table = Table("split", "base rate", *METRICS.values(), title=f"Random and time split: {served}")
    for name in ("time", "random"):
        metrics = found[name]["models"][served]
        cells = (_cell(metrics[metric]) for metric in METRICS)
        table.add_row(name, f"{found[name]['base_rate']:.2%}", *cells)
    tables_out().print(table)
    click.echo(shown(found["explanation"]))


def _cell(one: Mapping[str, float]) -> str:
    return f"{one['value']:.3f}\n[dim]{one['low']:.3f} to {one['high']:.3f}[/dim]"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
