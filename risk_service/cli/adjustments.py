"""``risk limits adjustments``: counters changed by hand wait for a second person here."""

from typing import Any

import click

from risk_service.cli.output import print_json, tell
from risk_service.cli.remote import Remote, limit_option, moment, remote, told_or_none
from risk_service.cli.remote_words import RemoteWords
from risk_service.domain.grant import Measure
from risk_service.domain.names import counted, subject_name

STATES = ("proposed", "approved", "applied", "rejected", "failed")


def tell_proposal(one: dict[str, Any], say: RemoteWords) -> None:
    """Say where a change stands after it was asked for."""
    if one["state"] == "proposed":
        number = one["number"]
        tell(say("adjustment_proposed", one["adjustment_id"], _delta(one, say), number, number))
    else:
        tell(_words(one, say))


@click.group()
def adjustments() -> None:
    """Look at changes of counters by hand, approve or reject them.

    Example: risk limits adjustments list --state proposed
    """


@adjustments.command("list", epilog="Example: risk limits adjustments list --state proposed")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@limit_option()
@remote
def list_adjustments(state: str | None, limit: int, service: Remote, as_json: bool) -> None:
    """Show changes of counters by hand, the newest first."""
    answer = service.limits("ListAdjustments", state=state or "", limit=limit)
    found = answer.get("adjustments", [])
    if as_json:
        print_json(found)
        return
    for one in told_or_none(found, service.say):
        tell(f"{one['number']:>5}  {moment(one['created_at'])}  {_words(one, service.say)}")


@adjustments.command(epilog="Example: risk limits adjustments approve 7")
@click.argument("number", type=int)
@remote
def approve(number: int, service: Remote, as_json: bool) -> None:
    """Let a proposed change count at once; never your own."""
    one = service.limits("ApproveAdjustment", number=number)["adjustment"]
    if as_json:
        print_json(one)
    else:
        tell(_words(one, service.say))
    if one["state"] == "failed":
        raise click.exceptions.Exit(1)


@adjustments.command(epilog="Example: risk limits adjustments reject 7 --note 'counted already'")
@click.argument("number", type=int)
@click.option("--note", required=True, help="Why not.")
@remote
def reject(number: int, note: str, service: Remote, as_json: bool) -> None:
    """Close a proposed change, your own or another's."""
    one = service.limits("RejectAdjustment", number=number, note=note)["adjustment"]
    if as_json:
        print_json(one)
    else:
        tell(_words(one, service.say))


def _words(one: dict[str, Any], say: RemoteWords) -> str:
    who = say("by", one["author"])
    if one["approver"]:
        who += say("approved_by", one["approver"])
    if one["closed_by"]:
        who += say("rejected_by", one["closed_by"])
    note = f" ({one['note']})" if one["note"] else ""
    subject = subject_name(one["subject"]).of(say.language)
    where = " ".join(filter(None, (one["policy_id"], subject, one["token"], one["scope"])))
    return say(
        "adjustment",
        say.state(one["state"]),
        one["adjustment_id"],
        _delta(one, say),
        where,
        who,
        one["reason"],
        note,
    )


def _delta(one: dict[str, Any], say: RemoteWords) -> str:
    """Return what is added or taken off; the bare number where nobody kept what it counts."""
    delta = int(one["delta"])
    if not one.get("measure"):
        return f"{delta:+,}"
    told = counted(Measure[one["measure"].upper()], delta, one["currency_code"]).of(say.language)
    return f"+{told}" if delta > 0 else told
