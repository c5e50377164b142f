"""``risk limits``: check a file of policies, look at usage, set a counter right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from risk_service.cli.adjustments import adjustments, tell_proposal
from risk_service.cli.language import spoken
from risk_service.cli.output import json_text, misused, print_json, tell
from risk_service.cli.publish import add_publishing
from risk_service.cli.remote import DEFAULT_SERVER, Remote, remote
from risk_service.cli.remote_words import RemoteWords
from risk_service.domain.errors import InvalidInput
from risk_service.domain.grant import Measure
from risk_service.domain.names import (
    bare_count,
    counted,
    subject_name,
    subject_names,
    window_name,
)
from risk_service.domain.refusals import refusal
from risk_service.domain.states import state_name
from risk_service.limits.book import SHIPPED, LimitBook, parse_limits, shipped_text
from risk_service.limits.count_per import CountPer
from risk_service.limits.policy import Policy
from risk_service.rules.rule_texts import read_texts

FAULTY = 1
Command = Callable[..., None]
SUBJECTS = (
    ("account", "account_id", "Account id of the shop."),
    ("device", "device_id", "Device fingerprint."),
    ("payment", "payment_instrument_id", "Id of the card, wallet or bank account."),
    ("phone", "phone", "Phone number."),
    ("real-name", "real_name_id", "Number of the identity document."),
)


def subjects(command: Command) -> Command:
    """Give a command the options that name a subject by its raw identifiers."""
    for name, field, words in SUBJECTS:
        command = click.option(f"--{name}", field, default="", help=words)(command)
    return command


@click.group()
def limits() -> None:
    """Check and publish limit policies, look at what is used, set a counter right.

    Example: risk limits check my-limits.toml
    """


@limits.command()
@click.argument(
    "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False
)
@spoken
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_context
def check(ctx: click.Context, path: Path | None, lang: str, *, as_json: bool) -> None:
    """Say whether a file could be published; list its policies and where they overlap.

    PATH is a file of policies; without it, the shipped ones are checked.

    Example: risk limits check my-limits.toml --lang zh
    """
    text = shipped_text() if path is None else read_texts(path)[path.name]
    name = SHIPPED if path is None else str(path)
    try:
        book = parse_limits(text, name)
    except InvalidInput as error:
        faults = [
            {"where": one.field, "words": one.description, "words_zh": one.description_zh}
            for one in error.violations
        ]
        if as_json:
            print_json({"faults": faults})
        else:
            words = "words_zh" if lang == "zh" else "words"
            for fault in faults:
                tell(f"{fault['where']}: {fault[words]}", err=True)
        ctx.exit(FAULTY)
    if as_json:
        print_json(_data(book, lang))
        return
    for policy in book.policies:
        tell(_row(policy, lang))
    for overlap in book.overlaps():
        tell(RemoteWords(lang)("note", overlap.words(lang)))
    tell(RemoteWords(lang)("policies", book.version, len(book.policies)))


@limits.command(epilog=f"Example: risk limits usage --account u-1 --server {DEFAULT_SERVER}")
@subjects
@remote
def usage(service: Remote, as_json: bool, **named: str) -> None:
    """Show what a customer has used of each limit, confirmed and held.

    Identifiers are turned into tokens by the service and are not kept.
    """
    asked = {field: value for field, value in named.items() if value}
    if not asked:
        raise misused(refusal("whose_usage"))
    counters = service.limits("GetUsage", subjects=asked).get("counters", [])
    if as_json:
        print_json(counters)
        return
    if not counters:
        tell(service.say("nothing_used"))
    for one in counters:
        tell(_used(one, service.say))


@limits.command(
    epilog="Example: risk limits adjust --policy gift-week --subject account --account u-1 "
    "--scope seller-9 --delta -1 --id case-71 --reason 'gift never arrived'"
)
@click.option("--policy", "policy_id", required=True, help="Id of the policy.")
@click.option("--subject", required=True, help="Key set of the policy, such as account.")
@click.option("--scope", default="", help="Value that the policy counts per, such as a SKU.")
@click.option(
    "--delta",
    type=int,
    required=True,
    help="What is added; negative takes off. Money in its smallest unit, such as fen.",
)
@click.option("--id", "adjustment_id", required=True, help="Id of this change; counts once.")
@click.option("--reason", required=True, help="Why; stands in the trail of changes.")
@subjects
@remote
def adjust(service: Remote, as_json: bool, **values: Any) -> None:
    """Propose to add to one counter, or take off; it counts once another person approved it."""
    asked = {field: values.pop(field) for _, field, _ in SUBJECTS}
    values["subjects"] = {field: value for field, value in asked.items() if value}
    answer = service.limits("Adjust", **values)
    if as_json:
        print_json(answer)
    else:
        tell_proposal(answer["adjustment"], service.say)


@limits.command(epilog="Example: risk limits reconcile --repair")
@click.option("--repair", is_flag=True, help="Set the counters that differ right.")
@remote
def reconcile(repair: bool, service: Remote, as_json: bool) -> None:
    """Compare every counter with the ledger; the service answers nothing meanwhile."""
    answer = service.limits("Reconcile", repair=repair)
    count = int(answer.get("count", 0))
    if as_json:
        print_json(answer)
    else:
        for drift in answer.get("drifts", []):
            tell(json_text(drift, indent=None))
        tell(service.say("drifted", count) if count else service.say("reconciled"))
    if count and not repair:
        raise click.exceptions.Exit(FAULTY)


add_publishing(limits, "limits")
limits.add_command(adjustments)


def _used(one: dict[str, Any], say: RemoteWords) -> str:
    """Return one counter; an amount is told in its currency, which its policy names."""
    measure, currency_code = Measure[one["measure"].upper()], one.get("currency_code", "")
    confirmed, held = (
        bare_count(measure, int(one.get(name, 0)), currency_code) for name in ("confirmed", "held")
    )
    key = one["subject"]
    name = subject_name(key).of(say.language)
    # `risk limits adjust --subject` takes the key, so it is shown where the name is another.
    who = name if name == key else f"{name} ({key})"
    return say(
        "used",
        one["policy_id"],
        say("shadow") if one.get("shadow") else "",
        confirmed,
        held,
        counted(measure, int(one["cap"]), currency_code).of(say.language),
        f"{who} {one['scope']}".rstrip(),
        window_name(one["window"]).of(say.language),
    )


def _row(policy: Policy, lang: str) -> str:
    who = subject_names("+".join(key_set) for key_set in policy.key_sets).of(lang)
    in_all = policy.count_per is CountPer.EVERYTHING
    per = "" if in_all else subject_name(policy.count_per.value).of(lang)
    cap = counted(policy.measure, policy.bounds.cap, policy.currency).of(lang)
    window = window_name(policy.window.text).of(lang)
    head = f"{policy.id} [{state_name(policy.state).of(lang)}] "
    if lang == "zh":
        # Chinese has blanks around words of other letters only.
        each = f"每个 {per} " if per.isascii() else f"每个{per}"
        per = each if per else "合计"
        return f"{head}{policy.name_zh}：{per}至多 {cap}，窗口 {window}，主体 {who}"
    per = f"per {per}" if per else "in all"
    return f"{head}{policy.name_en}: {cap} {per}, {window}, by {who}"


def _data(book: LimitBook, lang: str) -> dict[str, Any]:
    return {
        "version": book.version,
        "policies": [
            {
                "id": policy.id,
                "version": policy.version,
                "state": str(policy.state),
                "line": policy.line,
                "cap": policy.bounds.cap,
                "window": policy.window.text,
            }
            for policy in book.policies
        ],
        "overlaps": [overlap.words(lang) for overlap in book.overlaps()],
        "faults": [],
    }
