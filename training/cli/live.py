"""``risk live``: what a service's live windows and clusters know."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from risk_service.domain.errors import ConfigFault
from training.live.backfill import Backfilled
from training.live.backfill import backfill as fill


@click.group()
def live() -> None:
    """Look after the live windows and identity clusters of a service.

    Example: risk live backfill --warehouse run/warehouse --until 2026-07-01T00:00:00Z --state state
    """


@live.command()
@click.option(
    "--warehouse",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Prepared data set, from `risk dataset prepare` or `risk train`.",
)
@click.option("--until", required=True, help="UTC time such as 2026-07-01T00:00:00Z.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="State directory of a service that has not served yet.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def backfill(warehouse: Path, until: str, state: Path, json_file: Path | None) -> None:
    """Let the history before a time count in the windows and clusters of a new service.

    Models are trained on full windows; a service that starts without history would answer
    from empty ones for months.

    Example: risk live backfill --warehouse run/warehouse --until 2026-07-01T00:00:00Z --state state
    """
    text = TextColumn("live history")
    console = Console(stderr=True)
    columns = (text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("events", total=None)
        found = fill(
            warehouse,
            _time(until),
            state,
            lambda done, total: progress.update(bar, completed=done, total=total),
        )
    _tell(found, state, json_file)


def _tell(found: Backfilled, state: Path, json_file: Path | None) -> None:
    figures = asdict(found)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    click.echo(
        f"{state}: {found.events:,} events in {found.records:,} records; "
        f"{found.accounts:,} accounts in the clusters; "
        f"{found.orders:,} orders whose later events count"
    )


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigFault(f"--until {text!r} is no time such as 2026-07-01T00:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
