"""``risk limits adjustments``: counters changed by hand wait for a second person here."""

from typing import Any

import click

from risk_service.cli.remote import limit_option, print_json, remote, told_in_one_line
from risk_service.client.channel import ClientOptions
from risk_service.client.limits import LimitClient

STATES = ("proposed", "approved", "applied", "rejected", "failed")


def ask_limits(server: str, token: str, method: str, **values: Any) -> dict[str, Any]:
    """Return the answer of the limit service; an error of it ends the command with its words."""
    with told_in_one_line(server), LimitClient(server, ClientOptions(token=token)) as client:
        return client.call(method, **values)


def tell_proposal(one: dict[str, Any]) -> None:
    """Say where a change stands after it was asked for."""
    if one["state"] == "proposed":
        click.echo(
            f"{one['adjustment_id']} is proposed as number {one['number']}. Another actor lets it "
            f"count: risk limits adjustments approve {one['number']}"
        )
    else:
        click.echo(_words(one))


@click.group()
def adjustments() -> None:
    """Look at changes of counters by hand, approve or reject them.

    Example: risk limits adjustments list --state proposed
    """


@adjustments.command("list", epilog="Example: risk limits adjustments list --state proposed")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@limit_option
@remote
def list_adjustments(state: str | None, limit: int, server: str, token: str, as_json: bool) -> None:
    """Show changes of counters by hand, the newest first."""
    answer = ask_limits(server, token, "ListAdjustments", state=state or "", limit=limit)
    found = answer.get("adjustments", [])
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(f"{one['number']:>5}  {one['created_at'][:19]}  {_words(one)}")


@adjustments.command(epilog="Example: risk limits adjustments approve 7")
@click.argument("number", type=int)
@remote
def approve(number: int, server: str, token: str, as_json: bool) -> None:
    """Let a proposed change count at once; never your own."""
    one = ask_limits(server, token, "ApproveAdjustment", number=number)["adjustment"]
    if as_json:
        print_json(one)
    else:
        click.echo(_words(one))
    if one["state"] == "failed":
        raise click.exceptions.Exit(1)


@adjustments.command(epilog="Example: risk limits adjustments reject 7 --note 'counted already'")
@click.argument("number", type=int)
@click.option("--note", required=True, help="Why not.")
@remote
def reject(number: int, note: str, server: str, token: str, as_json: bool) -> None:
    """Close a proposed change, your own or another's."""
    one = ask_limits(server, token, "RejectAdjustment", number=number, note=note)["adjustment"]
    if as_json:
        print_json(one)
    else:
        click.echo(_words(one))


def _words(one: dict[str, Any]) -> str:
    who = f"by {one['author']}"
    if one["approver"]:
        who += f", approved by {one['approver']}"
    if one["closed_by"]:
        who += f", rejected by {one['closed_by']}"
    note = f" ({one['note']})" if one["note"] else ""
    where = " ".join(filter(None, (one["policy_id"], one["subject"], one["token"], one["scope"])))
    return (
        f"{one['state']:<9} {one['adjustment_id']}: {int(one['delta']):+d} on {where}, {who}: "
        f"{one['reason']}{note}"
    )
