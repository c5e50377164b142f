"""``risk audit``: the trail of what people changed."""

import json
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from risk_service.cli.output import print_json, tell
from risk_service.cli.remote import (
    Remote,
    limit_option,
    moment,
    remote,
    told_or_none,
)
from risk_service.domain.currency import amount_text

PAGE_ROWS = 1000
# What the trail of an adjustment says beside numbers that are money.
MONEY_KEY = "minor_units_of"
AMOUNTS = ("confirmed", "delta")


@click.group()
def audit() -> None:
    """Show who changed what: the audit trail.

    Example: risk audit list --actor li.wei
    """


@audit.command("list")
@click.option(
    "--after", type=click.IntRange(0), help="Rows behind this number, the next ones first."
)
@limit_option(100_000, 100, "Show at most this many rows: the newest, or with --after the next.")
@click.option("--actor", "actor_id", default="", help="Changes by one actor.")
@click.option("--action", default="", help="One kind of change, such as rules.approve.")
@click.option("--subject", default="", help="Changes of one thing, such as lists/ring-2026.")
@remote
def list_rows(service: Remote, as_json: bool, after: int | None, limit: int, **wanted: Any) -> None:
    """Print rows of the trail, the oldest first.

    Example: risk audit list --action rules.approve --json
    """
    found = _behind(service, after or 0, wanted)
    rows = list(deque(found, limit) if after is None else islice(found, limit))
    if as_json:
        print_json(rows)
        return
    for row in told_or_none(rows, service.say):
        tell(
            f"{row['number']:>6}  {moment(row['at'])}  {row['actor_id']}  {row['action']}  "
            f"{row['subject']}  {_told(row['before'])} -> {_told(row['after'])}"
        )


def _told(content: str) -> str:
    """Return one side of a row; amounts of money in their currency, as everywhere else."""
    if MONEY_KEY not in content:
        return content
    told = json.loads(content)
    currency_code = told.pop(MONEY_KEY, "")
    amounts = {key: amount_text(told[key], currency_code) for key in AMOUNTS if key in told}
    return json.dumps(told | amounts, ensure_ascii=False, separators=(",", ":"))


def _behind(service: Remote, after: int, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every row behind a number, in order."""
    while page := service.call("ListAudit", after_number=after, limit=PAGE_ROWS, **wanted)["rows"]:
        yield from page
        after = page[-1]["number"]
