"""``risk live``: what a service's live windows and clusters know."""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from risk_service.adapters.redis.addresses import login_to, parse_addresses
from risk_service.adapters.redis.history import Existing, RedisHistory
from risk_service.cli.language import spoken
from risk_service.config import read_settings
from risk_service.domain.errors import ConfigFault
from risk_service.server_access import WindowsAccess, access_of
from training.cli.bars import Bars
from training.cli.words import CommandWords
from training.live.backfill import Backfilled
from training.live.backfill import backfill as fill
from training.live.sinks import Shared
from training.words import fault


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
@click.option(
    "--windows",
    default="embedded",
    envvar="RISK_WINDOWS",
    help="As of `risk serve`: embedded (the default), or redis://host:port[,host:port].",
)
@click.option(
    "--existing",
    type=click.Choice([one.value for one in Existing]),
    default=Existing.REFUSE.value,
    help="Redis holds windows already: refuse, replace them, or keep them and fill --state only.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the counts to this file.",
)
@spoken
def backfill(  # noqa: PLR0913 - one argument for each option of the command
    warehouse: Path,
    until: str,
    state: Path,
    windows: str,
    existing: str,
    json_file: Path | None,
    lang: str,
) -> None:
    """Let the history before a time count in the windows and clusters of a new service.

    Models are trained on full windows; a service that starts without history would answer
    from empty ones for months. With --windows redis://... they go into Redis (RISK_WINDOWS_PASSWORD
    and the like say who you are to it), clusters and past orders into --state all the same.

    Example: risk live backfill --warehouse run/warehouse --until 2026-07-01T00:00:00Z --state state
    """
    with Bars(lang=lang) as bars:
        found = fill(
            warehouse,
            _time(until),
            state,
            lambda what, done, total: bars.report(f"live history: {what}", done, total),
            _shared(windows, Existing(existing)),
        )
    _tell(found, state, json_file, CommandWords(lang))


def _shared(windows: str, existing: Existing) -> Shared | None:
    """Return where windows go that are shared, None where they are not.

    Raises
    ------
    ConfigFault
        The address is none, or a setting is wrong.
    """
    if windows == "embedded":
        return None
    addresses = parse_addresses(windows)
    access = access_of(read_settings(WindowsAccess, {}, os.environ), "windows")
    login = login_to(windows, access)
    return Shared(
        open_history=lambda compiled: RedisHistory(compiled, addresses, login=login),
        existing=existing,
    )


def _tell(found: Backfilled, state: Path, json_file: Path | None, say: CommandWords) -> None:
    figures = asdict(found)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    counts = (found.events, found.records, found.accounts, found.orders)
    click.echo(say("backfilled", state, *counts))


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = fault("no_until", text=text, example="2026-07-01T00:00:00Z")
        raise ConfigFault(told) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
