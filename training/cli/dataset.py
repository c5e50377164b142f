"""``risk dataset``: raw data sets in, tokenised warehouses out. Converts arguments only."""

import json
import shlex
import time
from pathlib import Path

import click

from risk_service.cli.language import spoken
from risk_service.domain.shown import shown
from risk_service.identity.keys import load_identity_key
from training.cli.bars import Bars
from training.cli.words import CommandWords
from training.datasets.importing.guess.guess import guess_mapping
from training.datasets.importing.run import Imported, import_events
from training.datasets.prepare import Prepared
from training.datasets.prepare import prepare as prepare_dataset
from training.datasets.toml_text import shown_toml
from training.own_data.periods import span, suggested, when

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
@spoken
def prepare(data: Path, identity_key: Path, out: Path, json_file: Path | None, lang: str) -> None:
    """Check every row and replace every identifier by a keyed token.

    Example: risk dataset prepare --data world --identity-key keys/identity.key --out warehouse
    """
    key = load_identity_key(identity_key)
    start = time.monotonic()
    with Bars(lang=lang) as bars:
        prepared = prepare_dataset(data, key, out, bars.report)
    figures = _figures(prepared, time.monotonic() - start)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(_summary(prepared, CommandWords(lang)))


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
@spoken
def import_command(
    source: Path, mapping: Path, out: Path, json_file: Path | None, lang: str
) -> None:
    """Import events of your own from SOURCE: CSV, CSV.gz or Parquet.

    Example: risk dataset import --mapping mapping.toml payments.csv.gz --out payments
    """
    start = time.monotonic()
    with Bars(appear_after_s=_BAR_AFTER_S, lang=lang) as bars:
        imported = import_events(mapping, source, out, bars.report)
    if json_file is not None:
        figures = _import_figures(imported, time.monotonic() - start)
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(shown(_import_summary(imported, CommandWords(lang))))


@dataset.command()
@click.argument("source", type=click.Path(path_type=Path))
@spoken
def mapping(source: Path, lang: str) -> None:
    """Print a mapping for SOURCE, guessed from its names and first rows, to be corrected.

    Example: risk dataset mapping payments.csv.gz > mapping.toml
    """
    click.echo(shown_toml(guess_mapping(source).of(lang)), nl=False)


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


def _import_summary(imported: Imported, say: CommandWords) -> str:
    description, source = imported.description, imported.description.source
    days = (f"{at:%Y-%m-%d}" for at in (description.start, description.end))
    entities = say("between").join(description.entities) or say("none")
    lines = [say("imported", imported.out, description.rows, source.rows, *days, entities)]
    lines += [
        say("label", name, label.positives, label.negatives, label.unlabelled)
        for name, label in description.labels.items()
    ]
    for why in ("filtered", "refused", "duplicates", "grouped"):
        if count := getattr(source, why):
            lines.append(say("left_out", say(f"left_out_{why}"), count))
    lines += [
        say("missing", column, count / description.rows)
        for column, count in imported.missing.items()
        if count
    ]
    lines += [say("note", note.of(say.language)) for note in imported.notes]
    return "\n".join(lines + _next_step(imported, say))


def _next_step(imported: Imported, say: CommandWords) -> list[str]:
    """Return a first training to start from, on the first label that has events enough.

    Without one, why there is none.
    """
    description = imported.description
    short = []
    for name, label in description.labels.items():
        last_us, main = imported.last_us[name], imported.main
        if last_us is None or main is None:
            continue
        days = suggested(main.first_us, min(last_us, main.last_us) + 1, label.delay_s)
        if days is not None:
            out = shlex.quote(str(imported.out))
            command = (
                f"risk train --data {out} --label {name}"
                f" --train-from {when(days.train_from_us)} --train-to {when(days.train_to_us)}"
                f" --test-from {when(days.test_from_us)} --test-to {when(days.test_to_us)}"
                f" --out {out}-run"
            )
            return [say("next_training", command)]
        short.append(say("too_short", name, span(label.delay_s)))
    return short


def _figures(prepared: Prepared, seconds: float) -> dict[str, object]:
    return {
        "out": str(prepared.out),
        "rows": prepared.rows,
        "key_id": prepared.key_id,
        "schema_version": prepared.schema_version,
        "seconds": round(seconds, 3),
    }


def _summary(prepared: Prepared, say: CommandWords) -> str:
    rows = say("between").join(
        say("rows_of", count, say.step(name)) for name, count in prepared.rows.items()
    )
    return say("prepared", prepared.out, rows, prepared.key_id, prepared.schema_version)
