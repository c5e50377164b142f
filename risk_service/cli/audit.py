"""``risk audit``: the trail of what people changed."""

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

PAGE_ROWS = 1000


@click.group()
def audit() -> None:
    """Look at the trail of changes.

    Example: risk audit list --actor li.wei
    """


@audit.command("list")
@click.option("--after", "after_number", type=int, default=0, help="Rows behind this number.")
@limit_option(100_000, 100, "So many rows at most, the newest.")
@click.option("--actor", "actor_id", default="", help="Changes by one actor.")
@click.option("--action", default="", help="One kind of change, such as rules.approve.")
@click.option("--subject", default="", help="Changes of one thing, such as lists/ring-2026.")
@remote
def list_rows(service: Remote, as_json: bool, **wanted: Any) -> None:
    """Print rows of the trail, the oldest first.

    Example: risk audit list --action rules.approve --json
    """
    rows: list[dict[str, Any]] = []
    left, after = wanted.pop("limit"), wanted.pop("after_number")
    while left:
        page = service.call("ListAudit", after_number=after, limit=min(left, PAGE_ROWS), **wanted)[
            "rows"
        ]
        if not page:
            break
        rows += page
        left, after = left - len(page), page[-1]["number"]
    if as_json:
        print_json(rows)
        return
    for row in told_or_none(rows, service.say):
        tell(
            f"{row['number']:>6}  {moment(row['at'])}  {row['actor_id']}  {row['action']}  "
            f"{row['subject']}  {row['before']} -> {row['after']}"
        )
