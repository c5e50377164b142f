"""``risk backtest``: options, progress, the report. Converts arguments only."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from risk_service.cli.language import spoken
from risk_service.cli.output import misused
from risk_service.domain.errors import ConfigFault
from risk_service.governance.backtests import signature_file, signed
from risk_service.models.signature import load_signing_key
from training.backtest.lengths import Edges
from training.backtest.listing import check_suffix, write_flags
from training.backtest.request import DEFAULT_LIMIT, BacktestRequest
from training.backtest.result import Backtest
from training.backtest.run import backtest as run_backtest
from training.backtest.run import list_variables
from training.cli.backtest_report import print_report, print_variables
from training.cli.bars import Bars
from training.cli.words import CommandWords
from training.datasets.staging import check_writable, file_appearing_whole
from training.own_data.periods import delay_s, time_us
from training.words import fault

DIRECTORY = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
BAR_AFTER_S = 1.0


@click.command()
@click.argument("rule", required=False)
@click.option("--data", type=DIRECTORY, required=True, help="Data set: imported, or prepared.")
@click.option("--json", "json_file", type=FILE, help="Write the whole result to this file.")
@click.option(
    "--sign", "signing_key", type=FILE, metavar="KEY",
    help="Vouch for the --json file: signing.key of `risk keys init`; writes FILE.sig beside it.",
)  # fmt: skip
@click.option("--flags", type=FILE, help="Write all flagged events: .parquet or .csv.")
@click.option("--label", help="Label that means abuse; needed when there are several.")
@click.option("--refund-label", help="Label that means refunded; default: the one named so.")
@click.option("--from", "start", help="First time, such as 2024-01-31 (midnight in UTC).")
@click.option("--to", "stop", help="End of the period, not included.")
@click.option(
    "--label-delay", help="How long labels take in histories, such as 7d; default: as imported."
)
@click.option("--as-of", help="Count labels that were known at this time; default: all.")
@click.option("--rules", type=DIRECTORY, help="Directory of rule files; default: the shipped.")
@click.option(
    "--define", "definitions", multiple=True, metavar="NAME=CONDITION",
    help="Events to count apart, such as cancelled='amount < 0'; repeatable.",
)  # fmt: skip
@click.option(
    "--windows", "edges", type=click.Choice([one.value for one in Edges]),
    default=Edges.LIVE.value, show_default=True,
    help="Windows that start at whole tiles as in the live service, or exactly.",
)  # fmt: skip
@click.option("--zone", default="UTC", show_default=True, help="Time zone of hour and day.")
@click.option(
    "--limit", type=click.IntRange(0), default=DEFAULT_LIMIT, show_default=True,
    help="Events, and entities of each kind, that the result lists.",
)  # fmt: skip
@click.option("--variables", is_flag=True, help="List the variables that a rule may read.")
@spoken
def backtest(
    rule: str | None, data: Path, json_file: Path | None, flags: Path | None, **given: Any
) -> None:
    """Show what RULE would have flagged in the past: an expression, or the id of a rule.

    Every event is judged as of its own time: history counts the events before it only.

    Example: risk backtest 'amount > 1000 && card__count_1h >= 3' --data payments --json b.json

    Example: risk backtest --variables --data payments

    Example: risk backtest 'customer__cancelled__count_30d >= 3' --define "cancelled=amount < 0"
        --data orders --flags flagged.parquet
    """
    if flags is not None:
        check_suffix(flags)
    for file in filter(None, (json_file, flags)):
        check_writable(file)
    if given["variables"] and given["signing_key"] is not None:
        raise misused(fault("sign_lists"))
    key = _signing_key(given.pop("signing_key"), json_file)
    request = request_of("true" if rule is None else rule, data, given)
    if given["variables"]:
        _list(request, json_file, given["lang"])
        return
    if rule is None:
        raise misused(fault("rule_missing"))
    say = CommandWords(given["lang"])
    with Bars(appear_after_s=BAR_AFTER_S, lang=say.language) as bars:
        done = run_backtest(request, bars.report)
    try:
        _keep(done, json_file, flags, key)
    finally:
        # Behind the files, as who reads may stop early (head); though they cannot be written.
        print_report(Console(), done.figures, say)
    if flags is not None:
        click.echo(say("flags_written", flags, done.figures["events_flagged"]))


def _keep(
    done: Backtest, json_file: Path | None, flags: Path | None, key: Ed25519PrivateKey | None
) -> None:
    """Write the files that are asked for."""
    if flags is not None:
        write_flags(done.flagged, flags)
    if json_file is None:
        return
    # Never one report with the signature of another.
    signature_file(json_file).unlink(missing_ok=True)
    write_json(json_file, done.figures)
    if key is not None:
        with file_appearing_whole(signature_file(json_file)) as partial:
            partial.write_bytes(signed(json_file.read_bytes(), key))


def request_of(rule: str, data: Path, given: Mapping[str, Any]) -> BacktestRequest:
    """Return the request of the options.

    Raises
    ------
    ConfigFault
        A time or a zone is none.
    """
    return BacktestRequest(
        rule=rule,
        data=data,
        label=given["label"],
        refund_label=given["refund_label"],
        start_us=_time_us("--from", given["start"]),
        stop_us=_time_us("--to", given["stop"]),
        label_delay_s=None if given["label_delay"] is None else delay_s(given["label_delay"]),
        as_of_us=_time_us("--as-of", given["as_of"]),
        rules=given["rules"],
        definitions=given["definitions"],
        edges=Edges(given["edges"]),
        zone=_zone(given["zone"]),
        limit=given["limit"],
    )


def _time_us(option: str, text: str | None) -> int | None:
    return None if text is None else time_us(option, text)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigFault(fault("no_time_zone_named", name=name)) from error


def _signing_key(path: Path | None, json_file: Path | None) -> Ed25519PrivateKey | None:
    """Return the key that vouches for the result, read before any work is done."""
    if path is None:
        return None
    if json_file is None:
        raise misused(fault("sign_file"))
    return load_signing_key(path)


def _list(request: BacktestRequest, json_file: Path | None, lang: str) -> None:
    with Bars(appear_after_s=BAR_AFTER_S, lang=lang) as bars:
        found = list_variables(request, bars.report)
    if json_file is not None:
        write_json(json_file, found)
    print_variables(Console(), found, CommandWords(lang))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON in its own order, piece by piece: the whole text may be larger than memory."""
    with file_appearing_whole(path) as partial, partial.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, allow_nan=False, ensure_ascii=False)
        file.write("\n")
