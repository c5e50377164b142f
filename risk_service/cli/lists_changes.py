"""Changes of lists that wait for a second person: look, approve, reject."""

import click

from risk_service.cli.lists_text import change_words, tell_change, tell_entries
from risk_service.cli.output import print_json, tell
from risk_service.cli.remote import Remote, limit_option, moment, remote, told_or_none


@click.command()
@click.option(
    "--state",
    type=click.Choice(["proposed", "applied", "rejected"]),
    help="Only those in this state.",
)
@limit_option()
@remote
def changes(state: str | None, limit: int, service: Remote, as_json: bool) -> None:
    """Show changes of lists, the newest first.

    Example: risk lists changes --state proposed
    """
    found = service.call("ListChanges", state=state or "", limit=limit)["changes"]
    if as_json:
        print_json(found)
        return
    for one in told_or_none(found, service.say):
        tell(f"{one['number']:>5}  {moment(one['created_at'])}  {change_words(one, service.say)}")


@click.command()
@click.argument("number", type=int)
@remote
def change(number: int, service: Remote, as_json: bool) -> None:
    """Show one change and the first entries of it: look before you approve.

    Example: risk lists change 12
    """
    found = service.call("GetChange", number=number)
    if as_json:
        print_json(found)
        return
    tell(change_words(found["change"], service.say))
    tell_entries(found["entries"], service.say)


@click.command()
@click.argument("number", type=int)
@remote
def approve(number: int, service: Remote, as_json: bool) -> None:
    """Apply a proposed change at once; never your own.

    Example: risk lists approve 12
    """
    answer = service.call("ApproveChange", number=number)
    tell_change(answer["change"], as_json, service.say)


@click.command()
@click.argument("number", type=int)
@click.option("--note", required=True, help="Why not.")
@remote
def reject(number: int, note: str, service: Remote, as_json: bool) -> None:
    """Close a proposed change, your own or another's.

    Example: risk lists reject 12 --note "who is that?"
    """
    answer = service.call("RejectChange", number=number, note=note)
    tell_change(answer["change"], as_json, service.say)


COMMANDS = (changes, change, approve, reject)
