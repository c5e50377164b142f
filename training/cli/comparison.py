"""``risk evaluate --against``: a run and the one before it, side by side on the same orders."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from risk_service.cli.output import misused
from risk_service.domain.shown import shown
from training.cli.bars import Bars
from training.cli.own_data import write_figures
from training.cli.step_tables import STEP_METRICS, with_interval
from training.cli.tables import folding, plain_text, tables_out
from training.cli.words import CommandWords
from training.promotion.against import NEW, OLD, compare
from training.promotion.material import EvaluateRequest, steps_of
from training.words import fault

# What a run's own thresholds do.
SHARES = ("abuses_stopped", "honest_stopped", "saved_share")


def refuse_beside_against(given: Mapping[str, object]) -> None:
    """Refuse options that measure one run alone, which would pass them over."""
    for option, value in given.items():
        if value is not None:
            raise misused(fault("beside_against", option=option))


def compare_runs(
    request: EvaluateRequest,
    against: Path,
    against_trust: Path,
    json_file: Path | None,
    say: CommandWords,
) -> None:
    """Measure two runs, and show the figures and what they say."""
    with Bars(one_line=True, steps=steps_of(request), lang=say.language) as bars:
        figures = compare(request, against, against_trust, bars.report)
    if json_file is not None:
        write_figures(json_file, figures)
    names = _names(against, request.run)
    for abuse, one in figures["abuses"].items():
        tables_out().print(_table(say.named("abuse", abuse), one, names, say))
    for abuse, one in figures["abuses"].items():
        click.echo(say(f"verdict_{one['verdict']}", say.named("abuse", abuse), shown(names[NEW])))
    click.echo(say("how_to_decide"))


def _names(old: Path, new: Path) -> dict[str, str]:
    """Return what heads the columns: the last part of each path where that tells them apart."""
    is_plain = old.resolve().name != new.resolve().name
    paths = {OLD: old, NEW: new}
    return {name: path.resolve().name if is_plain else str(path) for name, path in paths.items()}


def _table(
    abuse: str, one: Mapping[str, Any], names: Mapping[str, str], say: CommandWords
) -> Table:
    from_to = (_day(one["from_us"]), _day(one["until_us"]))
    title = say("of_counts", abuse, one["honest_orders"], one["abuses"])
    old, new = (plain_text(names[name]) for name in (OLD, NEW))
    title += "\n" + say("against_title", new, old, one["orders"], *from_to)
    table = folding(say("head_figure"), old, new, say("head_difference"), title=title)
    for cells in _rows(one, say):
        table.add_row(*cells)
    return table


def _rows(one: Mapping[str, Any], say: CommandWords) -> Iterator[tuple[str, ...]]:
    old, new = (one["runs"][name] for name in (OLD, NEW))
    for metric in STEP_METRICS:
        sides = (f"{run[metric]['value']:.3f}" for run in (old, new))
        yield say(f"head_{metric}"), *sides, with_interval(one["gain"][metric], "{:+.3f}", say)
    for share in SHARES:
        sides = (f"{run[share]:.2%}" for run in (old, new))
        yield say(f"head_{share}"), *sides, say("points", 100 * (new[share] - old[share]))


def _day(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / 1e6, UTC):%Y-%m-%d}"
