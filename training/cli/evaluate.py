"""``risk evaluate``: measure a trained run on its test slice, as it would be served."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from risk_service.cli.language import spoken
from risk_service.cli.output import misused
from risk_service.domain.errors import ConfigFault, DataFault
from training.cli.bars import Bars
from training.cli.comparison import compare_runs, refuse_beside_against
from training.cli.own_data import (
    evaluate_own_events,
    own_measurement,
    refuse_order_options,
    refuse_own_options,
    write_figures,
)
from training.cli.step_tables import STEP_METRICS, step_table, strategy_table, with_interval
from training.cli.tables import folding, tables_out
from training.cli.words import CommandWords
from training.datasets.own_events import is_own_events
from training.datasets.staging import check_writable
from training.measures.test_slice import FULL, LOGISTIC, ORDER_ONLY, RULES
from training.own_data.manifest import is_own_run
from training.promotion.against_truth import truth_figures
from training.promotion.evaluate import Evaluation, write_predictions
from training.promotion.evaluate import evaluate as run_evaluation
from training.promotion.material import EvaluateRequest, steps_of
from training.split import SliceName
from training.train.run_file import read_run_file
from training.truth import read_truth
from training.words import fault

DIRECTORY = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
RECALL = "recall_at_fpr_0.5pct"
COLUMNS = (ORDER_ONLY, FULL, LOGISTIC, RULES)


@click.command()
@click.argument("run", type=DIRECTORY)
@click.option(
    "--data", type=DIRECTORY, help="The data set it was trained on, or another with later orders."
)
@click.option("--json", "json_file", type=FILE, help="Write all figures to this file.")
@click.option("--predictions", type=FILE, help="Write the probabilities: .parquet or .csv.")
@click.option("--truth", type=DIRECTORY, help="Ground truth of a simulated world.")
@click.option(
    "--slice", "slice_name", type=click.Choice([name.value for name in SliceName]),
    help="Slice to measure; default: test, of another data set the orders that came later.",
)  # fmt: skip
@click.option(
    "--against", type=DIRECTORY,
    help="The run before it: measure both on the orders that came after either.",
)  # fmt: skip
@click.option(
    "--keys", type=DIRECTORY,
    help="Another data set: the keys to prepare it with; default RUN/keys.",
)  # fmt: skip
@click.option(
    "--warehouse", type=DIRECTORY,
    help="Another data set: where it is prepared; default: in RUN/evaluated.",
)  # fmt: skip
@click.option("--trust", type=FILE, help="Public key; default RUN/keys/signing.pub.")
@click.option("--test-from", help="Own events: start of another test window.")
@click.option("--test-to", help="Own events: end of another test window, not included.")
@click.option(
    "--random-split", is_flag=True,
    help="Own events: measure a random split beside the split in time.",
)  # fmt: skip
@spoken
def evaluate(  # noqa: PLR0913 - one per option
    run: Path,
    data: Path | None,
    json_file: Path | None,
    predictions: Path | None,
    truth: Path | None,
    slice_name: str | None,
    against: Path | None,
    keys: Path | None,
    warehouse: Path | None,
    trust: Path | None,
    test_from: str | None,
    test_to: str | None,
    random_split: bool,
    lang: str,
) -> None:
    """Measure RUN on data that it was not trained on.

    A bundle of the promotion models is measured on its test slice, scored by the service's
    own code; with a newer data set, or any other, on the orders there that came after all that
    it learned from. A run on own events is measured on its test window, from the plan and models
    it keeps; with a newer data set, or another window, on the later events there, which get their
    probabilities also where they have no label yet.

    With --against, two runs on orders are held against each other on the same orders: what each
    ranks and stops there, and whether the difference is more than chance.

    Example: risk evaluate run --data world --trust keys/signing.pub --json figures.json
        --predictions p.parquet

    Example: risk evaluate run --data newer --keys keys --trust keys/signing.pub

    Example: risk evaluate new-run --data newer --against run --trust keys/signing.pub

    Example: risk evaluate run --json figures.json --predictions p.parquet

    Example: risk evaluate run --data newer --test-from 2024-07-01 --predictions p.parquet
    """
    say = CommandWords(lang)
    check_writable(*filter(None, (json_file, predictions)))
    if is_own_run(run):
        of_orders = {"--slice": slice_name, "--keys": keys, "--warehouse": warehouse}
        refuse_order_options(
            run, of_orders | {"--truth": truth, "--trust": trust, "--against": against}
        )
        window = {"--test-from": test_from, "--test-to": test_to}
        own = own_measurement(run, data, window, random_split)
        evaluate_own_events(own, json_file, predictions, say)
        return
    _check_run(run)
    if data is None:
        raise misused(fault("data_missing"))
    refuse_own_options(data, {"test_from": test_from, "test_to": test_to})
    request = EvaluateRequest(
        run=run,
        data=data,
        trust=_trusted(run, trust),
        slice_name=None if slice_name is None else SliceName(slice_name),
        keys=keys,
        warehouse=warehouse,
    )
    if against is not None:
        _check_run(against)
        refuse_beside_against(
            {"--slice": slice_name, "--predictions": predictions, "--truth": truth}
        )
        compare_runs(request, against, _trusted(against, trust), json_file, say)
        return
    with Bars(one_line=True, steps=steps_of(request), lang=lang) as bars:
        evaluation = run_evaluation(request, bars.report)
    if truth is not None:
        seed = read_run_file(run).seed
        evaluation.figures["truth"] = truth_figures(evaluation, read_truth(truth), seed)
    _hand_out(evaluation, json_file, predictions, say)


def _check_run(run: Path) -> None:
    """Refuse a directory that is no run on orders, before anything is read."""
    if is_own_run(run) or is_own_events(run):
        code = "set_and_no_run" if is_own_events(run) else "own_run_against"
        raise DataFault(str(run), None, fault(code))
    if not run.exists():
        raise ConfigFault(fault("no_run_directory", run=run))
    if not (run / "bundle").exists():
        raise ConfigFault(fault("not_a_run", run=run))


def _trusted(run: Path, trust: Path | None) -> Path:
    """Return the public key that a run's bundle is verified with."""
    trust = trust or run / "keys" / "signing.pub"
    if not trust.is_file():
        raise ConfigFault(fault("no_public_key", path=trust))
    return trust


def _hand_out(
    evaluation: Evaluation, json_file: Path | None, predictions: Path | None, say: CommandWords
) -> None:
    """Write the files that were asked for, and print the tables."""
    if json_file is not None:
        write_figures(json_file, evaluation.figures)
    if predictions is not None:
        rows = write_predictions(evaluation, predictions)
        click.echo(say("rows_written", predictions, rows))
    for table in _tables(evaluation.figures, say):
        tables_out().print(table)


def _tables(figures: Mapping[str, Any], say: CommandWords) -> Iterator[Table]:
    """Yield what is shown: against the labels, and against the truth where it is known."""
    abuses, truth = figures["abuses"], figures.get("truth")
    has_steps = all("steps" in one for one in abuses.values())
    named = say.named("slice", figures["slice"])
    yield recall_table(say("recall_of_labels", named), abuses, say)
    if has_steps:
        for metric in STEP_METRICS:
            title = say("worth_of_features", say(f"head_{metric}"), named)
            yield step_table(title, metric, abuses, say)
    if truth is None:
        return
    yield recall_table(say("recall_of_truth", named), truth, say)
    yield _persona_table(truth, say)
    if has_steps:
        yield strategy_table(say("strategies_flagged"), truth, say)


def recall_table(title: str, abuses: Mapping[str, Any], say: CommandWords) -> Table:
    """Return recall at 0.5 % false positives of every model, with 95 % intervals.

    A model a row: side by side they are wider than a terminal.
    """
    heads = ("abuse", "honest", "abuses", "model", "recall")
    table = folding(*(say(f"head_{head}") for head in heads), title=title)
    for abuse, figures in abuses.items():
        counts = (f"{figures['honest_orders']:,}", f"{figures['abuses']:,}")
        cells = (say.named("abuse", abuse), *counts)
        for name in COLUMNS:
            recall = with_interval(figures["models"][name][RECALL], "{:.3f}", say)
            table.add_row(*cells, say(f"head_{name}"), recall)
            cells = ("", "", "")
        table.add_section()
    return table


def _persona_table(truth: Mapping[str, Any], say: CommandWords) -> Table:
    """Return which honest customers are flagged at 0.5 %, per abuse."""
    personas = sorted(
        {name for one in truth.values() for name in one["false_positives_by_persona"]}
    )
    abuses = (say.named("abuse", abuse) for abuse in truth)
    table = folding(say("head_persona"), *abuses, title=say("personas_flagged"))
    for persona in personas:
        cells = []
        for one in truth.values():
            found = one["false_positives_by_persona"].get(persona)
            cells.append(
                say("share_of", found["share_flagged"], found["orders"]) if found else say("none")
            )
        table.add_row(persona, *cells)
    return table
