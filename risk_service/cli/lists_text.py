"""Entries and changes of lists as lines for people."""

from collections.abc import Iterable
from typing import Any

import click

from risk_service.cli.remote import print_json


def change_words(one: dict[str, Any]) -> str:
    """Return a change in one line."""
    words = f"change {one['number']} ({one['kind']} of {one['subject']}) is {one['state']}: "
    words += f"{one['entries']} entries by {one['author']}"
    if one["repeated_entries"]:
        words += f", {one['repeated_entries']} were there already"
    if one["approver"]:
        words += f", approved by {one['approver']}"
    return words


def tell_change(one: dict[str, Any], as_json: bool) -> None:
    """Print a change, and who is to do what next."""
    if as_json:
        print_json(one)
        return
    click.echo(change_words(one))
    if one["state"] == "proposed":
        click.echo(f"Another actor puts it in force: risk lists approve {one['number']}")


def tell_entries(entries: Iterable[dict[str, Any]]) -> None:
    """Print entries, one per line."""
    for one in entries:
        scope = ", ".join([*one["promotion_types"], *one["campaigns"]]) or "every order"
        end = f" until {one['expires_at'][:19]}" if one["expires_at"] else ""
        click.echo(
            f"{one['entry_id']}  {one['state']}  {one['list_id']} ({one['kind']})  "
            f"{one['entity']} {one['value']}  {scope}{end}  {one['author']}: {one['reason']}"
        )
