"""``risk dataset``: raw data sets in, tokenised warehouses out. Converts arguments only."""

import json
import shlex
import time
from pathlib import Path

import click

from risk_service.domain.shown import shown
from risk_service.identity.keys import load_identity_key
from training.cli.bars import Bars
from training.datasets.importing.guess import guess_mapping
from training.datasets.importing.run import Imported, import_events
from training.datasets.prepare import Prepared
from training.datasets.prepare import prepare as prepare_dataset
from training.datasets.toml_text import shown_toml
from training.own_data.periods import suggested, when

# What takes less needs no bar.
_BAR_AFTER_S = 2.0


@click.group()
def dataset() -> None:
    """Turn raw data sets into tokenised ones, and files of your own into data sets.

    Example: risk dataset prepare --data world --identity-key keys/identity.key --out warehouse

    Example: risk dataset import --mapping mapping.toml payments.csv.gz --out payments
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
    with Bars() as bars:
        prepared = prepare_dataset(data, key, out, bars.report)
    figures = _figures(prepared, time.monotonic() - start)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(_summary(prepared))


@dataset.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    required=True,
    type=click.Path(path_type=Path),
    help="TOML file that says what each column means; see docs/own-data.md.",
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
def import_command(source: Path, mapping: Path, out: Path, json_file: Path | None) -> None:
    """Import events of your own from SOURCE: CSV, CSV.gz or Parquet.

    Example: risk dataset import --mapping mapping.toml payments.csv.gz --out payments
    """
    start = time.monotonic()
    with Bars(appear_after_s=_BAR_AFTER_S) as bars:
        imported = import_events(mapping, source, out, bars.report)
    if json_file is not None:
        figures = _import_figures(imported, time.monotonic() - start)
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(shown(_import_summary(imported)))


@dataset.command()
@click.argument("source", type=click.Path(path_type=Path))
def mapping(source: Path) -> None:
    """Print a mapping for SOURCE, guessed from its names and first rows, to be corrected.

    Example: risk dataset mapping payments.csv.gz > mapping.toml
    """
    click.echo(shown_toml(guess_mapping(source)), nl=False)


def _import_figures(imported: Imported, seconds: float) -> dict[str, object]:
    told = imported.description.model_dump(mode="json")
    return {
        "out": str(imported.out),
        "events": imported.description.rows,
        "start": told["start"],
        "end": told["end"],
        "source": told["source"],
        "labels": told["labels"],
        "missing": imported.missing,
        "seconds": round(seconds, 3),
    }


def _import_summary(imported: Imported) -> str:
    description, source = imported.description, imported.description.source
    lines = [
        f"{imported.out}: {description.rows:,} events of {source.rows:,} rows,"
        f" {description.start:%Y-%m-%d} to {description.end:%Y-%m-%d},"
        f" entities {', '.join(description.entities) or 'none'}"
    ]
    lines += [
        f"  label {name}: {label.positives:,} positive, {label.negatives:,} negative,"
        f" {label.unlabelled:,} without a label"
        for name, label in description.labels.items()
    ]
    left_out = {
        "do not meet [rows] where": source.filtered,
        "are refused, see refused.csv": source.refused,
        "repeat an id": source.duplicates,
        "joined to another of the same event": source.grouped,
    }
    lines += [f"  rows that {why}: {count:,}" for why, count in left_out.items() if count]
    lines += [
        f"  {column}: missing in {count / description.rows:.1%} of the events"
        for column, count in imported.missing.items()
        if count
    ]
    lines += [f"  note: {note}" for note in source.notes]
    return "\n".join(lines + _next_step(imported))


def _next_step(imported: Imported) -> list[str]:
    """Return a first training to start from, on the first label that has events enough."""
    description = imported.description
    for name, label in description.labels.items():
        last_us = imported.last_us[name]
        if last_us is None:
            continue
        days = suggested(description.start_us, last_us + 1, label.delay_s)
        if days is not None:
            out = shlex.quote(str(imported.out))
            return [
                "next, with windows of your choice: risk train"
                f" --data {out} --label {name}"
                f" --train-from {when(days.train_from_us)} --train-to {when(days.train_to_us)}"
                f" --test-from {when(days.test_from_us)} --test-to {when(days.test_to_us)}"
                f" --out {out}-run"
            ]
    return []


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
