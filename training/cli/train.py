"""``risk train``: from a data set to a signed bundle and a report."""

import logging
from datetime import datetime
from pathlib import Path

import click
from rich.logging import RichHandler

from risk_service.cli.keys import create_keys
from risk_service.cli.language import spoken
from risk_service.cli.output import misused
from training.cli.bars import Bars
from training.cli.next_steps import after_own_training, after_training
from training.cli.own_data import (
    own_options,
    own_request,
    refuse_own_options,
    train_own_events,
)
from training.cli.tables import folding, tables_out
from training.cli.words import CommandWords
from training.datasets.own_events import is_own_events
from training.datasets.staging import check_writable
from training.promotion.train import TrainRequest, TrainResult, steps_of
from training.promotion.train import train as run_training
from training.train.costs import DEFAULT_COSTS
from training.words import fault

DIRECTORY = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--data", type=DIRECTORY, required=True,
    help="Data set of risk simulate, or own events of risk dataset import.",
)  # fmt: skip
@click.option("--out", type=DIRECTORY, required=True, help="New directory for the run.")
@click.option("--keys", type=DIRECTORY, help="Keys (risk keys init); default OUT/keys, made there.")
@click.option("--warehouse", type=DIRECTORY, help="Prepared data; default OUT/warehouse.")
@click.option(
    "--costs", type=FILE, default=DEFAULT_COSTS, show_default="the shipped table",
    help="Cost table: losses, friction, caps.",
)  # fmt: skip
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Seed of all that is drawn by lot.",
)
@click.option("--as-of", help="RFC 3339 time: train as if it were then; default: the data's end.")
@click.option("--json", "json_file", type=FILE, help="Write all figures to this file as well.")
@own_options
@spoken
def train(  # noqa: PLR0913 - one per option
    data: Path,
    out: Path,
    keys: Path | None,
    warehouse: Path | None,
    costs: Path,
    seed: int,
    as_of: str | None,
    json_file: Path | None,
    lang: str,
    **own: str | None,
) -> None:
    """Train on a data set, calibrate, measure and report.

    On a promotion world: the three models. Writes OUT/bundle (for risk serve), OUT/report.html
    and OUT/metrics.json. On own events: one model for --label, with histories, label rates
    and links of the declared entities. The same data and seed give the same models.

    Example: risk train --data world --out run

    Example: risk train --data mine --label fraud --train-from 2024-01-01 --train-to 2024-06-01
        --test-from 2024-06-08 --test-to 2024-07-01 --label-delay 7d --out run
    """
    check_writable(*filter(None, (json_file,)))
    say = CommandWords(lang)
    if is_own_events(data):
        train_own_events(own_request(data, out, seed, own), json_file, say)
        click.echo(after_own_training(out, say))
        return
    refuse_own_options(data, own)
    if keys is None:
        keys = out / "keys"
        if not (keys / "identity.key").exists():
            create_keys(keys)
    request = TrainRequest(
        data=data, out=out, keys=keys, warehouse=warehouse or out / "warehouse",
        costs=costs, seed=seed, as_of=_time(as_of),
    )  # fmt: skip
    with Bars(one_line=True, steps=steps_of(request), lang=lang) as bars:
        logging.basicConfig(
            level=logging.WARNING,
            format="%(message)s",
            handlers=[RichHandler(console=bars.console)],
        )
        result = run_training(request, bars.report)
    if json_file is not None:
        json_file.write_bytes((out / "metrics.json").read_bytes())
    _print(result, say)
    for line in after_training(out, data, keys, request.warehouse, say):
        click.echo(line)


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise misused(fault("no_rfc3339", text=text), option="--as-of") from error


def _print(result: TrainResult, say: CommandWords) -> None:
    heads = ("abuse", "honest", "abuses", "pr_auc", "order_only", "recall_at_fpr_0.5pct")
    table = folding(*(say.named("head", head) for head in heads))
    for abuse, figures in result.metrics["abuses"].items():
        models = figures["models"]
        table.add_row(
            say.named("abuse", abuse),
            f"{figures['honest_orders']:,}",
            f"{figures['abuses']:,}",
            f"{models['full']['pr_auc']['value']:.3f}",
            f"{models['order_only']['pr_auc']['value']:.3f}",
            f"{models['full']['recall_at_fpr_0.5pct']['value']:.3f}",
        )
    tables_out().print(table)
    click.echo(say("bundle", result.bundle))
    click.echo(say("report", result.report))
    click.echo(say.spent(result.metrics["seconds"]))
