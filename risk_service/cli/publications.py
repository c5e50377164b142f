"""``versions`` and ``show`` of what is governed: rules and limit policies as published."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from risk_service.cli.remote import Remote, limit_option, print_json, remote
from risk_service.cli.rules_text import LANGUAGES, change_text, word
from risk_service.domain.errors import ConfigFault
from risk_service.domain.shown import shown
from risk_service.governance.backtests import signer_of
from risk_service.rules.changes import compare
from risk_service.rules.rule_set import load_rule_set

Command = Callable[..., None]


def versions_command(kind: str) -> click.Command:
    """Return ``versions`` of one kind."""

    @click.command("versions", epilog=f"Example: risk {kind} versions --json")
    @limit_option
    @remote
    def versions(limit: int, server: str, token: str, as_json: bool) -> None:
        """Show what was published, the newest first."""
        answer = Remote(server, token).call("ListPublications", kind=kind, limit=limit)
        if as_json:
            print_json(answer["publications"])
            return
        for one in answer["publications"]:
            who = f"by {one['author']}"
            if one["approver"]:
                who += f", approved by {one['approver']}"
            if one["closed_by"]:
                who += f", rejected by {one['closed_by']}"
            click.echo(
                f"{one['number']:>5}  {one['state']:<9} {one['version']}  "
                f"{one['created_at'][:19]}  {who}: {one['note']}"
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
    def show(
        number: int, out: Path | None, server: str, token: str, as_json: bool, **given: Any
    ) -> None:
        """Show the sources of a version; without NUMBER of the one in force."""
        if given.get("changes") and (as_json or out is not None):
            words = "prints what changes, as text: leave out --json and --out, or --changes"
            raise click.UsageError(f"--changes {words}")
        service = Remote(server, token)
        answer = service.call("GetPublication", kind=kind, number=number)
        if given.get("changes"):
            before = service.call("GetPublication", kind=kind, number=0)
            _tell_changes(before, answer, given["lang"])
            return
        if out is not None:
            _write(out, answer["files"])
        if as_json:
            print_json(answer)
            return
        one = answer["publication"]
        click.echo(f"# number {one['number']}, {one['version']}, {one['state']}")
        for line in _behind(one):
            click.echo(f"# {line}")
        for file in answer["files"]:
            text = f"{file['name']}\n{shown(file['text'])}"
            click.echo(f"# {out / file['name']}" if out else f"# {text}")

    return show


def _changes(kind: str) -> Callable[[Command], Command]:
    """Give ``show`` of rules the option that an approver wants first."""

    def join(command: Command) -> Command:
        if kind != "rules":
            return command
        changes = click.option(
            "--changes", is_flag=True,
            help="Print what changes against the rules in force, rule by rule, not the files.",
        )  # fmt: skip
        lang = click.option(
            "--lang",
            type=click.Choice(LANGUAGES),
            default="en",
            show_default=True,
            help="Language of the changes.",
        )
        return changes(lang(command))

    return join


def _tell_changes(before: dict[str, Any], after: dict[str, Any], lang: str) -> None:
    """Print what would be in force otherwise, and what its author handed in."""
    old, new = (
        load_rule_set({file["name"]: file["text"] for file in one["files"]})
        for one in (before, after)
    )
    one = after["publication"]
    click.echo(f"# number {one['number']}, {one['version']}, {one['state']}")
    for line in _behind(one):
        click.echo(f"# {line}")
    told = [change_text(change, lang) for change in compare(old, new)]
    click.echo("\n".join(told) or word("same", lang))


def _behind(one: dict[str, Any]) -> Iterator[str]:
    """Yield what an approver should know beside the files."""
    if one["emergency"]:
        yield f"EMERGENCY 紧急发布: {one['emergency']}"
    for report in one["backtests"]:
        # On one line: what its author wrote must not read like a line of ours.
        what = report["rule_id"] or " ".join(report["expression"].split())
        yield (
            f"backtest of {what} on {report['data']}: "
            f"{report['events_flagged']:,} of {report['events_read']:,} events flagged, "
            f"{report['abuse_flagged']:,} abuse, {report['honest_flagged']:,} honest; "
            f"{_vouched(report['signature'])}; sha256 {report['sha256']}"
        )


def _vouched(signature: str) -> str:
    signer = signer_of(signature)
    return f"signed by key {signer}" if signer else "not signed 未签名"


def _write(out: Path, files: list[dict[str, str]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        # The name came over the wire: nothing of it may lead out of the directory.
        target = out / Path(file["name"]).name
        if target.exists():
            raise ConfigFault(f"{target}: exists already; choose another directory with --out")
        target.write_text(file["text"], encoding="utf-8")
