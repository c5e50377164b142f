"""Entries and changes of lists as lines for people."""

from collections.abc import Iterable
from typing import Any

from risk_service.cli.output import print_json, tell
from risk_service.cli.remote import moment, told_or_none
from risk_service.cli.remote_words import RemoteWords
from risk_service.domain.names import subject_name, word_name


def change_words(one: dict[str, Any], say: RemoteWords) -> str:
    """Return a change in one line."""
    words = say(
        "change",
        one["number"],
        say.done(one["kind"]),
        one["subject"],
        say.state(one["state"]),
        one["entries"],
        one["author"],
    )
    if one["repeated_entries"]:
        words += say("repeated", one["repeated_entries"])
    if one["approver"]:
        words += say("approved_by", one["approver"])
    return words


def tell_change(one: dict[str, Any], as_json: bool, say: RemoteWords) -> None:
    """Print a change, and who is to do what next."""
    if as_json:
        print_json(one)
        return
    tell(change_words(one, say))
    if one["state"] == "proposed":
        tell(say("approve_change", one["number"]))


def tell_entries(entries: Iterable[dict[str, Any]], say: RemoteWords) -> None:
    """Print entries, one per line, or that there are none."""
    for one in told_or_none(entries, say):
        promotions = [word_name(kind.upper()).of(say.language) for kind in one["promotion_types"]]
        scope = ", ".join([*promotions, *one["campaigns"]]) or say("every_order")
        end = say("until", moment(one["expires_at"])) if one["expires_at"] else ""
        tell(
            f"{one['entry_id']}  {say.state(one['state'])}  "
            f"{one['list_id']} ({say.kind(one['kind'])})  "
            f"{subject_name(one['entity']).of(say.language)} {one['value']}  {scope}{end}  "
            f"{one['author']}: {one['reason']}"
        )
