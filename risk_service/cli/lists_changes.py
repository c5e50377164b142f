"""Changes of lists that wait for a second person: look, approve, reject."""

import click

from risk_service.cli.lists_text import change_words, tell_change, tell_entries
from risk_service.cli.remote import Remote, limit_option, print_json, remote


@click.command()
@click.option(
    "--state",
    type=click.Choice(["proposed", "applied", "rejected"]),
    help="Only those in this state.",
)
@limit_option
@remote
def changes(state: str | None, limit: int, server: str, token: str, as_json: bool) -> None:
    """Show changes of lists, the newest first.

    Example: risk lists changes --state proposed
    """
    found = Remote(server, token).call("ListChanges", state=state or "", limit=limit)["changes"]
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(f"{one['number']:>5}  {one['created_at'][:19]}  {change_words(one)}")


@click.command()
@click.argument("number", type=int)
@remote
def change(number: int, server: str, token: str, as_json: bool) -> None:
    """Show one change and the first entries of it: look before you approve.

    Example: risk lists change 12
    """
    found = Remote(server, token).call("GetChange", number=number)
    if as_json:
        print_json(found)
        return
    click.echo(change_words(found["change"]))
    tell_entries(found["entries"])


@click.command()
@click.argument("number", type=int)
@remote
def approve(number: int, server: str, token: str, as_json: bool) -> None:
    """Apply a proposed change at once; never your own.

    Example: risk lists approve 12
    """
    tell_change(Remote(server, token).call("ApproveChange", number=number)["change"], as_json)


@click.command()
@click.argument("number", type=int)
@click.option("--note", required=True, help="Why not.")
@remote
def reject(number: int, note: str, server: str, token: str, as_json: bool) -> None:
    """Close a proposed change, your own or another's.

    Example: risk lists reject 12 --note "who is that?"
    """
    answer = Remote(server, token).call("RejectChange", number=number, note=note)
    tell_change(answer["change"], as_json)


COMMANDS = (changes, change, approve, reject)
