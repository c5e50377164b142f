"""``risk dataset``: raw data sets in, tokenised warehouses out. Converts arguments only."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from risk_service.identity.keys import load_identity_key
from training.datasets.prepare import Prepared
from training.datasets.prepare import prepare as prepare_dataset


@click.group()
def dataset() -> None:
    """Turn raw data sets into tokenised ones.

    Example: risk dataset prepare --data world --identity-key keys/identity.key --out warehouse
    """


@dataset.command()
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Raw data set: dataset.toml and six tables, Parquet or CSV.",
)
@click.option(
    "--identity-key",
    required=True,
    type=click.Path(path_type=Path),
    help="Key file of `risk keys init`; the service must use the same.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Directory to write; absent or empty.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write figures."
)
def prepare(data: Path, identity_key: Path, out: Path, json_file: Path | None) -> None:
    """Check every row and replace every identifier by a keyed token.

    Example: risk dataset prepare --data world --identity-key keys/identity.key --out warehouse
    """
    key = load_identity_key(identity_key)
    start = time.monotonic()
    with _Bars() as bars:
        prepared = prepare_dataset(data, key, out, bars.report)
    figures = _figures(prepared, time.monotonic() - start)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(_summary(prepared))


def _figures(prepared: Prepared, seconds: float) -> dict[str, object]:
    return {
        "out": str(prepared.out),
        "rows": prepared.rows,
        "key_id": prepared.key_id,
        "schema_version": prepared.schema_version,
        "seconds": round(seconds, 3),
    }


def _summary(prepared: Prepared) -> str:
    rows = ", ".join(f"{count:,} {name}" for name, count in prepared.rows.items())
    return f"{prepared.out}: {rows} (key {prepared.key_id}, features {prepared.schema_version})"


@dataclass(slots=True)
class _Bars:
    """One progress bar per table, on standard error so that output can be piped."""

    bars: Progress = field(
        default_factory=lambda: Progress(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            Elapsed(),
            console=Console(file=sys.stderr),
        )
    )
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def __enter__(self) -> "_Bars":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def report(self, stage: str, done: int, total: int) -> None:
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(stage, total=None)
        # A CSV file does not tell its rows; the bar then only counts.
        self.bars.update(self.tasks[stage], completed=done, total=total or None)
