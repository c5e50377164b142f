"""``risk audit``: the trail of what people changed."""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click

from risk_service.cli.audit_text import AuditWords, row_lines
from risk_service.cli.output import print_json, tell
from risk_service.cli.remote import Remote, limit_option, remote

PAGE_ROWS = 1000


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
    found, one_more = _behind(service, after or 0, wanted), limit + 1
    rows = list(deque(found, one_more) if after is None else islice(found, one_more))
    is_cut = len(rows) > limit
    rows = rows[-limit:] if after is None else rows[:limit]
    if as_json:
        print_json(rows)
    elif rows:
        _tell(rows, AuditWords(service.lang), is_cut=is_cut, reads_on=after is not None)
    else:
        tell(service.say("none"))


def _tell(rows: list[dict[str, Any]], say: AuditWords, *, is_cut: bool, reads_on: bool) -> None:
    if is_cut and not reads_on:
        tell(say("earlier", rows[0]["number"]))
    for line in row_lines(rows, say):
        tell(line)
    if is_cut and reads_on:
        tell(say("later", rows[-1]["number"]))


def _behind(service: Remote, after: int, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every row behind a number, in order."""
    while page := service.call("ListAudit", after_number=after, limit=PAGE_ROWS, **wanted)["rows"]:
        yield from page
        after = page[-1]["number"]
