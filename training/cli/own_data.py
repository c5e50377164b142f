"""``risk train`` and ``risk evaluate`` on own events: options, progress, tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from risk_service.cli.output import misused
from risk_service.domain.shown import shown
from training.cli.bars import Bars
from training.cli.tables import folding, plain_text, tables_out
from training.cli.words import CommandWords
from training.datasets.staging import file_appearing_whole
from training.own_data.evaluate import OwnEvaluateRequest, evaluate_own, write_own_predictions
from training.own_data.measuring.level import level_notes
from training.own_data.periods import delay_s, periods, time_us
from training.own_data.run import STEPS, OwnTrainRequest, train_own
from training.report.words import Note
from training.train.run_file import write_json
from training.words import fault

Command = TypeVar("Command", bound=Callable[..., Any])
OWN_OPTIONS = {
    "label": "Own events: which label to learn.",
    "train_from": "Own events: start of training, such as 2024-01-31 (midnight in UTC).",
    "train_to": "Own events: end of training, not included.",
    "test_from": "Own events: start of the test.",
    "test_to": "Own events: end of the test, not included.",
    "label_delay": "Own events: how long labels take, such as 7d; default: as imported.",
}
OPTIONAL = "label_delay"
METRICS = (
    "pr_auc",
    "roc_auc",
    "recall_at_fpr_0.1pct",
    "recall_at_fpr_0.5pct",
    "recall_at_fpr_1pct",
)


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
        options = ", ".join(_flag(name) for name in missing)
        raise misused(fault("own_options_missing", data=data, options=options))
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


def own_measurement(
    run: Path, data: Path | None, window: Mapping[str, str | None], random_split: bool
) -> OwnEvaluateRequest:
    """Return the request of the options; ``window`` has its two times by option.

    Raises
    ------
    ConfigFault
        A time is none.
    """
    start_us, end_us = (
        None if text is None else time_us(option, text) for option, text in window.items()
    )
    return OwnEvaluateRequest(
        run=run, data=data, test_from_us=start_us, test_to_us=end_us, random_split=random_split
    )


def refuse_order_options(run: Path, given: Mapping[str, object]) -> None:
    """Refuse options that a run on own events has no use for, which would pass them over."""
    for option, value in given.items():
        if value is not None:
            raise misused(fault("order_option", option=option, run=run))


def refuse_own_options(data: Path, own: Mapping[str, str | None]) -> None:
    """Refuse options that a promotion world has not."""
    given = [name for name, text in own.items() if text is not None]
    if not given:
        return
    if not data.exists():
        raise misused(fault("no_data_directory", data=data), option="--data")
    raise misused(fault("own_option", option=_flag(given[0]), data=data))


def train_own_events(request: OwnTrainRequest, json_file: Path | None, say: CommandWords) -> None:
    """Train, and show what came of it."""
    with Bars(one_line=True, steps=len(STEPS), lang=say.language) as bars:
        trained = train_own(request, bars.report)
    metrics = trained.metrics
    if json_file is not None:
        write_figures(json_file, metrics)
    _print(metrics, say)
    _warn(trained.warnings, say)
    click.echo(say("model", request.out))
    click.echo(say("report", request.out / "report.html"))
    click.echo(say.spent(metrics["seconds"]))


def evaluate_own_events(
    request: OwnEvaluateRequest,
    json_file: Path | None,
    predictions: Path | None,
    say: CommandWords,
) -> None:
    """Measure a run, and show the figures."""
    with Bars(one_line=True, lang=say.language) as bars:
        evaluation = evaluate_own(request, bars.report)
    if json_file is not None:
        write_figures(json_file, evaluation.figures)
    if predictions is not None:
        rows = write_own_predictions(evaluation, predictions)
        click.echo(say("rows_written", predictions, rows))
    if "metrics" not in evaluation.figures:
        click.echo(say("warning", _unmeasured(evaluation.figures, say)))
        return
    _print(evaluation.figures, say)
    _warn(level_notes(evaluation.figures["calibration"]), say)
    if "random_split" in evaluation.figures:
        _print_splits(evaluation.figures["random_split"], evaluation.figures["served"], say)


def _unmeasured(figures: Mapping[str, Any], say: CommandWords) -> str:
    """Return why there are predictions and no figures."""
    counts = (figures["events"], figures["all_events"], figures["positives"])
    return say("nothing_measured", figures["label"], *counts)


def _warn(notes: Sequence[Note], say: CommandWords) -> None:
    for note in notes:
        click.echo(shown(say("warning", note.zh if say.language == "zh" else note.en)))


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write figures to a file that appears whole or not at all.

    Raises
    ------
    ConfigFault
        It cannot be written.
    """
    with file_appearing_whole(path) as partial:
        write_json(partial, figures)


def _print(figures: Mapping[str, Any], say: CommandWords) -> None:
    title = say(
        "own_title",
        plain_text(figures["data_set"]),
        figures["label"],
        figures["events"],
        figures["positives"],
        figures["base_rate"],
    )
    table = folding(say("head_inputs"), *_heads(say), title=title)
    for name, metrics in figures["comparison"].items():
        inputs = say.named("inputs", name)
        kept = say("kept", inputs) if name == figures["served"] else inputs
        table.add_row(kept, *(_cell(metrics[metric], say) for metric in METRICS))
    tables_out().print(table)


def _heads(say: CommandWords) -> Iterator[str]:
    return (say(f"metric_{metric}") for metric in METRICS)


def _print_splits(found: Mapping[str, Any], served: str, say: CommandWords) -> None:
    title = say("splits_title", say.named("inputs", served))
    table = folding(say("head_split"), say("head_base_rate"), *_heads(say), title=title)
    for name in ("time", "random"):
        metrics = found[name]["models"][served]
        cells = (_cell(metrics[metric], say) for metric in METRICS)
        table.add_row(say(f"split_{name}"), f"{found[name]['base_rate']:.2%}", *cells)
    tables_out().print(table)
    key = "explanation_zh" if say.language == "zh" else "explanation"
    click.echo(shown(found[key]))


def _cell(one: Mapping[str, float], say: CommandWords) -> str:
    return f"{one['value']:.3f}\n[dim]{say('from_to', one['low'], one['high'])}[/dim]"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
