"""``versions`` and ``show`` of what is governed: rules and limit policies as published."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from risk_service.cli.explain_format import padded
from risk_service.cli.limit_changes import limit_changes
from risk_service.cli.output import misused, print_json, tell
from risk_service.cli.remote import Remote, limit_option, moment, remote
from risk_service.cli.remote_words import RemoteWords
from risk_service.cli.rules_text import change_text, word
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.governance.backtests import signer_of
from risk_service.rules.changes import compare
from risk_service.rules.rule_set import load_rule_set

Command = Callable[..., None]


def versions_command(kind: str) -> click.Command:
    """Return ``versions`` of one kind."""

    @click.command("versions", epilog=f"Example: risk {kind} versions --json")
    @limit_option()
    @remote
    def versions(limit: int, service: Remote, as_json: bool) -> None:
        """Show what was published, the newest first."""
        answer = service.call("ListPublications", kind=kind, limit=limit)
        if as_json:
            print_json(answer["publications"])
            return
        for one in answer["publications"]:
            say = service.say
            who = say("by", one["author"])
            if one["approver"]:
                who += say("approved_by", one["approver"])
            if one["closed_by"]:
                who += say("rejected_by", one["closed_by"])
            state = say.state(one["state"])
            tell(
                f"{one['number']:>5}  {padded(state, state, 10)}{one['version']}  "
                f"{moment(one['created_at'])}  {who}: {one['note']}"
            )

    return versions


def show_command(kind: str) -> click.Command:
    """Return ``show`` of one kind."""

    @click.command("show", epilog=f"Example: risk {kind} show 7 --out proposed")
    @click.argument("number", type=int, default=0)
    @click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        help="Write the files there instead of printing them.",
    )
    @_changes(kind)
    @remote
    def show(number: int, out: Path | None, service: Remote, as_json: bool, **given: Any) -> None:
        """Show the sources of a version; without NUMBER of the one in force."""
        if given.get("changes") and (as_json or out is not None):
            raise misused(refusal("changes_is_text"))
        answer = service.call("GetPublication", kind=kind, number=number)
        if given.get("changes"):
            before = service.call("GetPublication", kind=kind, number=0)
            _tell_changes(kind, before, answer, service)
            return
        if out is not None:
            _write(out, answer["files"])
        if as_json:
            print_json(answer)
            return
        one = answer["publication"]
        tell(_numbered(one, service.say))
        for line in _behind(one, service.say):
            tell(f"# {line}")
        for file in answer["files"]:
            text = f"{file['name']}\n{file['text']}"
            tell(f"# {out / file['name']}" if out else f"# {text}")

    return show


def _changes(kind: str) -> Callable[[Command], Command]:
    """Give ``show`` the option that an approver wants first."""
    each = "rule by rule" if kind == "rules" else "policy by policy"
    return click.option(
        "--changes",
        is_flag=True,
        help=f"Print what changes against the {kind} in force, {each}, not the files.",
    )


def _tell_changes(
    kind: str, before: dict[str, Any], after: dict[str, Any], service: Remote
) -> None:
    """Print what would be in force otherwise, and what its author handed in."""
    one, lang = after["publication"], service.lang
    tell(_numbered(one, service.say))
    for line in _behind(one, service.say):
        tell(f"# {line}")
    told = _of_rules if kind == "rules" else _of_limits
    tell(told(before, after, lang))


def _of_rules(before: dict[str, Any], after: dict[str, Any], lang: str) -> str:
    old, new = (
        load_rule_set({file["name"]: file["text"] for file in one["files"]})
        for one in (before, after)
    )
    told = [change_text(change, lang) for change in compare(old, new)]
    return "\n".join(told) or word("same", lang)


def _of_limits(before: dict[str, Any], after: dict[str, Any], lang: str) -> str:
    old, new = ("\n".join(file["text"] for file in one["files"]) for one in (before, after))
    return limit_changes(old, new, lang)


def _numbered(one: dict[str, Any], say: RemoteWords) -> str:
    return say("number", one["number"], one["version"], say.state(one["state"]))


def _behind(one: dict[str, Any], say: RemoteWords) -> Iterator[str]:
    """Yield what an approver should know beside the files."""
    if one["emergency"]:
        yield say("emergency", one["emergency"])
    for report in one["backtests"]:
        # On one line: what its author wrote must not read like a line of ours.
        what = report["rule_id"] or " ".join(report["expression"].split())
        signer = signer_of(report["signature"])
        yield say(
            "backtest",
            what,
            report["data"],
            report["events_flagged"],
            report["events_read"],
            report["abuse_flagged"],
            report["honest_flagged"],
            say("signed", signer) if signer else say("unsigned"),
            report["sha256"],
        )


def _write(out: Path, files: list[dict[str, str]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        # The name came over the wire: nothing of it may lead out of the directory.
        target = out / Path(file["name"]).name
        if target.exists():
            raise ConfigFault(refusal("there_already", path=target))
        target.write_text(file["text"], encoding="utf-8")
