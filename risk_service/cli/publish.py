"""``publish``, ``approve``, ``reject``, ``rollback`` of what is governed.

The same commands for rules and for limit policies; ``add_publishing`` joins them to a group.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec.structs import asdict

from risk_service.cli.output import print_json, tell
from risk_service.cli.publications import show_command, versions_command
from risk_service.cli.remote import Remote, remote
from risk_service.cli.remote_words import RemoteWords
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.governance.backtests import report_of, signature_file
from risk_service.rules.rule_texts import read_texts

NAMES = {"rules": "Rules", "limits": "Limits"}
Command = Callable[..., None]
note_option = click.option("--note", required=True, help="Why; whoever approves reads it.")


def add_publishing(group: click.Group, kind: str) -> None:
    """Join the commands to ``risk rules`` or ``risk limits``."""
    for make in (_publish, _approve, _reject, _rollback, versions_command, show_command):
        group.add_command(make(kind))


def _publish(kind: str) -> click.Command:
    @click.command(
        "publish", epilog=f"Example: risk {kind} publish my-{kind} --note 'drop of 6/18'"
    )
    @click.argument("path", type=click.Path(path_type=Path, exists=True))
    @note_option
    @_evidence(kind)
    @remote
    def publish(path: Path, note: str, service: Remote, as_json: bool, **given: Any) -> None:
        """Propose a version: it is checked, and waits for another person's approval."""
        files = [{"name": name, "text": text} for name, text in read_texts(path).items()]
        if kind == "limits" and len(files) != 1:
            raise ConfigFault(refusal("one_limits_file", path=path, found=len(files)))
        values: dict[str, Any] = {"file": files[0]}
        if kind == "rules":
            reports = [_report(file) for file in given["backtests"]]
            values = {"files": files, "backtests": reports, "emergency": given["emergency"]}
        answer = service.call(f"Publish{NAMES[kind]}", note=note, **values)
        if as_json:
            print_json(answer)
            return
        # Each comes in Chinese and then in English.
        for remark in answer.get("remarks", ())[service.lang == "en" :: 2]:
            tell(service.say("note", remark))
        one = answer["publication"]
        number = one["number"]
        tell(service.say("proposed", one["version"], number, kind, number))

    return publish


def _evidence(kind: str) -> Callable[[Command], Command]:
    """Give ``publish`` of rules the options for what stands behind them."""

    def join(command: Command) -> Command:
        if kind != "rules":
            return command
        backtests = click.option(
            "--backtest", "backtests", multiple=True, metavar="FILE",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="What `risk backtest RULE --json FILE` wrote; may be given several times.",
        )  # fmt: skip
        emergency = click.option(
            "--emergency", default="", metavar="REASON",
            help="Why the rules cannot wait for shadow and backtest; the trail keeps it.",
        )  # fmt: skip
        return backtests(emergency(command))

    return join


def _report(path: Path) -> dict[str, Any]:
    """Return what a report of a backtest says of its rule, with the signature beside it.

    Raises
    ------
    ConfigFault
        The file is none.
    """
    beside = signature_file(path)
    try:
        signature = beside.read_text("ascii") if beside.exists() else ""
        report = asdict(report_of(path.read_bytes(), signature))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigFault(refusal("no_report", path=path)) from error
    except OSError as error:
        raise ConfigFault(
            refusal("unreadable_file", path=error.filename, error=error.strerror)
        ) from error
    return report | {"sha256": bytes.fromhex(report["sha256"])}


def _approve(kind: str) -> click.Command:
    @click.command("approve", epilog=f"Example: risk {kind} approve 7")
    @click.argument("number", type=int)
    @click.option("--version", help="Approve only if the number stands for this version.")
    @remote
    def approve(number: int, version: str | None, service: Remote, as_json: bool) -> None:
        """Put a proposed version in force at once; never your own."""
        if version is None:
            found = service.call("GetPublication", kind=kind, number=number)
            version = found["publication"]["version"]
        answer = service.call("ApprovePublication", kind=kind, number=number, version=version)
        _tell(answer, as_json, service.say, "in_force")

    return approve


def _reject(kind: str) -> click.Command:
    @click.command("reject", epilog=f"Example: risk {kind} reject 7 --note 'hurts families'")
    @click.argument("number", type=int)
    @note_option
    @remote
    def reject(number: int, note: str, service: Remote, as_json: bool) -> None:
        """Close a proposal, your own or another's."""
        answer = service.call("RejectPublication", kind=kind, number=number, note=note)
        _tell(answer, as_json, service.say, "rejected")

    return reject


def _rollback(kind: str) -> click.Command:
    @click.command("rollback", epilog=f"Example: risk {kind} rollback --note 'denies too many'")
    @click.argument("number", type=int, default=0)
    @note_option
    @remote
    def rollback(number: int, note: str, service: Remote, as_json: bool) -> None:
        """Put in force what this version took the place of, or a NUMBER; it was approved then."""
        answer = service.call(f"Rollback{NAMES[kind]}", number=number, note=note)
        _tell(answer, as_json, service.say, "in_force_again")

    return rollback


def _tell(answer: dict[str, Any], as_json: bool, say: RemoteWords, key: str) -> None:
    one = answer["publication"]
    if as_json:
        print_json(one)
    else:
        tell(say(key, one["number"], one["version"]))
