"""``risk features``: build history, apply the Feast repository, fill the online store.

Modules that import Feast, which takes seconds, are loaded by the commands that need it.
"""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from risk_service.cli.language import spoken
from risk_service.cli.output import misused
from risk_service.domain.errors import ConfigFault
from risk_service.features.schema import load_schema
from training.cli.bars import Bars
from training.cli.words import CommandWords
from training.frames.build import build_views
from training.frames.catalogue import catalogue
from training.frames.live import build_live
from training.words import fault

WAREHOUSE = click.option(
    "--warehouse",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Prepared data set, from `risk dataset prepare`.",
)


@click.group()
def features() -> None:
    """Build, apply and materialise the Feast features.

    Example: risk features materialize --warehouse run/warehouse
        --until 2026-07-01T00:00:00Z --online serving/online.db
    """


@features.command()
@WAREHOUSE
@spoken
def build(warehouse: Path, lang: str) -> None:
    """Build daily history and live features into WAREHOUSE/features.

    Example: risk features build --warehouse run/warehouse
    """
    with Bars(one_line=True, lang=lang) as bars:
        build_views(warehouse, bars.report)
        build_live(warehouse, bars.report)


@features.command("catalogue")
def write_catalogue() -> None:
    """Print every feature with unit and meaning, as docs/features.md holds it.

    Example: risk features catalogue > docs/features.md
    """
    click.echo(catalogue(load_schema()), nl=False)


@features.command()
@WAREHOUSE
@spoken
def apply(warehouse: Path, lang: str) -> None:
    """Register entities, views and services with Feast.

    Example: risk features apply --warehouse run/warehouse
    """
    del lang  # only its faults have words
    import_module("training.frames.feast_repo").apply_repo(warehouse)


@features.command()
@WAREHOUSE
@click.option("--until", required=True, help="UTC time such as 2024-06-01T00:00:00Z.")
@click.option(
    "--online",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the online store; WAREHOUSE/feast/online.db by default.",
)
@click.option(
    "--production",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fill Redis instead, as PROMOGUARD_REDIS and PROMOGUARD_REGISTRY_URL say, and write this "
    "serving.json.",
)
@spoken
def materialize(
    warehouse: Path, until: str, online: Path | None, production: Path | None, lang: str
) -> None:
    """Fill the online store up to a time and write serving.json beside it.

    A later call with a later time writes newer rows only.

    Example: risk features materialize --warehouse run/warehouse
        --until 2026-07-01T00:00:00Z --online serving/online.db

    Example: risk features materialize --warehouse run/warehouse
        --until 2026-07-01T00:00:00Z --production serving/serving.json
    """
    if production is not None and online is not None:
        raise misused(fault("one_store"))
    moment = _time(until)
    with Bars(one_line=True, lang=lang) as bars:
        if production is not None:
            room = import_module("training.frames.materialize_shared")
            manifest = room.materialize_shared(warehouse, moment, production, bars.report)
        else:
            room = import_module("training.frames.materialize")
            manifest = room.materialize(warehouse, moment, online, bars.report)
    click.echo(CommandWords(lang)("views_filled", len(manifest.views), until))


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = fault("no_until", text=text, example="2024-06-01T00:00:00Z")
        raise ConfigFault(told) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
