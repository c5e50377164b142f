"""``risk lists``: allow, deny and grey lists of a running service."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from risk_service.cli.lists_changes import COMMANDS
from risk_service.cli.lists_csv import (
    BETWEEN,
    FAULTS_SHOWN,
    Defaults,
    WrongColumn,
    check_file,
    entry_of,
    read_file,
    write_entries,
)
from risk_service.cli.lists_text import tell_change, tell_entries
from risk_service.cli.output import print_json, refused, tell
from risk_service.cli.remote import Remote, limit_option, remote
from risk_service.cli.remote_words import RemoteWords
from risk_service.client.admin import ENTITIES, LIST_KINDS, PROMOTIONS

PAGE_ENTRIES = 1000
PROGRESS_EVERY_S = 2.0
Command = Callable[..., None]

kind_option = click.option(
    "--kind", type=click.Choice(LIST_KINDS), help="What the list is; needed for a new one."
)
note_option = click.option("--note", default="", help="Why this change is made.")


def _entry_options(command: Command) -> Command:
    """Give a command the options that every entry has."""
    for option in (
        click.option("--reason", default="", help="Why it is listed; never an identifier."),
        click.option("--source", default="", help="Where it comes from."),
        click.option(
            "--promotion", "promotion_types", type=click.Choice(PROMOTIONS), multiple=True,
            help="Only for orders of this kind; may be given several times.",
        ),
        click.option("--campaign", "campaigns", multiple=True, help="Only for this campaign."),
        click.option("--expires", default="", help="End, such as 2026-12-31T23:59:59+08:00."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def lists() -> None:
    """Show and change allow, deny and grey lists.

    Example: risk lists add ring-2026 --kind deny --entity device --value d-9f3c --reason "ring 17"
    """


@lists.command()
@click.argument("list_id")
@kind_option
@click.option("--entity", type=click.Choice(ENTITIES), required=True, help="What it is about.")
@click.option(
    "--value", default="", help="The identifier or its token; - reads it from standard input."
)
@click.option("--name", default="", help="Name of a recipient.")
@click.option("--region", default="", help="Address: province.")
@click.option("--city", default="", help="Address: city.")
@click.option("--district", default="", help="Address: district.")
@click.option("--detail", default="", help="Address: street, building, room.")
@click.option("--postcode", default="", help="Address: postcode.")
@_entry_options
@note_option
@remote
def add(
    list_id: str,
    kind: str | None,
    note: str,
    service: Remote,
    as_json: bool,
    **values: Any,
) -> None:
    """Add one entry to a list.

    Example: risk lists add vip --kind allow --entity account --value a-77 --reason "staff test"
        --promotion flash_sale --expires 2026-12-31T23:59:59+08:00
    """
    if values["value"] == "-":
        values["value"] = sys.stdin.readline().strip()
    for name in ("promotion_types", "campaigns"):
        values[name] = BETWEEN.join(values[name])
    try:
        entry = entry_of(values)
    except WrongColumn as error:
        raise refused(error.text.of(service.lang)) from error
    # The trail says why a change was made; whoever adds one entry says it once, with the entry.
    why = note or entry["reason"]
    answer = service.call(
        "AddListEntries", list_id=list_id, kind=kind or "", entries=[entry], note=why
    )
    tell_change(answer["change"], as_json, service.say)


@lists.command("import")
@click.argument("list_id")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@kind_option
@click.option("--entity", type=click.Choice(ENTITIES), help="Entity of lines that name none.")
@_entry_options
@note_option
@remote
def import_file(
    list_id: str,
    path: Path,
    kind: str | None,
    note: str,
    service: Remote,
    as_json: bool,
    **defaults: Any,
) -> None:
    """Add the entries of a CSV file as one change: all of them, or none.

    Options hold for lines that do not say it themselves. docs/lists.md names the columns.

    Example: risk lists import ring-2026 ring.csv --kind deny --entity device --reason "ring 17"
    """
    chosen = Defaults(**{name: value for name, value in defaults.items() if value})
    count, faults = check_file(path, chosen)
    told = {fault.row or 0: fault.said(service.lang) for fault in faults}
    if len(told) >= FAULTS_SHOWN:
        _refuse(told, service.say("many_wrong", len(told)))
    entries = _counted(read_file(path, chosen), count, service.say)
    why = note or chosen.reason
    try:
        answer = service.using(
            lambda client: client.import_entries(list_id, kind or "", why, entries)
        )
    except click.ClickException:
        # Why the service took nothing is said last; what is wrong here is wrong all the same.
        _tell_rows(told)
        raise
    # What is told already the service only knows as an entry about nobody.
    of_service = {one["row"]: _row_words(path, one, service) for one in answer["errors"]}
    if of_service or told:
        _refuse(of_service | told, service.say("wrong_entries", answer["error_count"]))
    tell_change(answer["change"], as_json, service.say)


@lists.command()
@click.argument("list_id")
@click.argument("entry_ids", nargs=-1, required=True)
@click.option("--note", required=True, help="Why they are taken out.")
@remote
def remove(
    list_id: str, entry_ids: tuple[str, ...], note: str, service: Remote, as_json: bool
) -> None:
    """Take entries out of a list.

    Example: risk lists remove ring-2026 le_17 le_18 --note "appeal 4711"
    """
    answer = service.call("RemoveListEntries", list_id=list_id, entry_ids=entry_ids, note=note)
    tell_change(answer["change"], as_json, service.say)


@lists.command()
@click.argument("list_id", required=False)
@limit_option(1_000_000, 100, "Show at most this many entries.")
@click.option("--every-state", is_flag=True, help="Removed and rejected entries as well.")
@remote
def show(
    list_id: str | None, limit: int, every_state: bool, service: Remote, as_json: bool
) -> None:
    """Show all lists, or the entries of one.

    Example: risk lists show ring-2026 --json
    """
    if list_id is None:
        found = service.call("ListLists")
        if as_json:
            print_json(found)
            return
        for one in found["lists"]:
            kind = service.say.kind(one["kind"])
            tell(service.say("list", one["list_id"], kind, one["live"], one["proposed"]))
        tell(service.say("version", found["version"]))
        return
    _known(service, list_id)
    # One more than is shown tells that there are more.
    there = list(_entries(service, list_id, limit + 1, every_state))
    entries = there[:limit]
    print_json(entries) if as_json else tell_entries(entries, service.say)
    if len(there) > limit:
        tell(service.say("cut", limit), err=True)


@lists.command()
@click.option("--entity", type=click.Choice(ENTITIES), required=True, help="What it is about.")
@click.option("--value", required=True, help="The identifier or its token; - reads it from input.")
@remote
def find(entity: str, value: str, service: Remote, as_json: bool) -> None:
    """Show every entry about one account, device, network or other entity, on any list.

    Example: risk lists find --entity account --value a-77
    """
    value = sys.stdin.readline().strip() if value == "-" else value
    listed = {"entity": entity, "value": value}
    entries = service.call("FindEntries", listed=listed)["entries"]
    print_json(entries) if as_json else tell_entries(entries, service.say)


@lists.command()
@click.argument("list_id")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@remote
def export(list_id: str, path: Path, service: Remote, as_json: bool) -> None:
    """Write the entries in force of a list into a new CSV file, as tokens.

    Example: risk lists export ring-2026 ring.csv
    """
    if path.exists():
        raise refused(service.say("file_there", path))
    _known(service, list_id)
    live = (
        entry
        for entry in _entries(service, list_id, sys.maxsize, every_state=False)
        if entry["state"] == "live"
    )
    with path.open("x", encoding="utf-8", newline="") as file:
        try:
            count = write_entries(file, live)
        except BaseException:
            # A part of a list would be taken for all of it.
            path.unlink()
            raise
    if as_json:
        print_json({"file": str(path), "entries": count})
    else:
        tell(service.say("exported", path, count))


def _known(service: Remote, list_id: str) -> None:
    """Refuse a list that is none: an empty answer would read like an empty list."""
    known = [one["list_id"] for one in service.call("ListLists")["lists"]]
    if list_id not in known:
        named = ", ".join(known) or service.say("no_lists")
        raise refused(service.say("no_list", list_id, named))


def _entries(
    service: Remote, list_id: str, limit: int, every_state: bool
) -> Iterator[dict[str, Any]]:
    after = ""
    while limit > 0:
        page = service.call(
            "ListEntries", list_id=list_id, after_entry_id=after,
            limit=min(limit, PAGE_ENTRIES), every_state=every_state,
        )["entries"]  # fmt: skip
        if not page:
            return
        yield from page
        after, limit = page[-1]["entry_id"], limit - len(page)


def _row_words(path: Path, fault: dict[str, Any], service: Remote) -> str:
    """Return what is wrong with a row; a service of before says it in English only."""
    told = (service.lang == "zh" and fault["description_zh"]) or fault["description"]
    colon = "：" if service.lang == "zh" else ": "
    return service.say("row", path, fault["row"], f"{fault['field']}{colon}{told}")


def _counted(
    entries: Iterable[dict[str, Any]], count: int, say: RemoteWords
) -> Iterator[dict[str, Any]]:
    """Pass entries on, and say on standard error how far it is."""
    told = time.monotonic()
    for done, entry in enumerate(entries):
        if time.monotonic() - told > PROGRESS_EVERY_S:
            told = time.monotonic()
            tell(say("sent", done, count), err=True)
        yield entry


def _refuse(told: Mapping[int, str], words: str) -> NoReturn:
    _tell_rows(told)
    raise refused(words)


def _tell_rows(told: Mapping[int, str]) -> None:
    for row in sorted(told)[:FAULTS_SHOWN]:
        tell(told[row], err=True)


for _command in COMMANDS:
    lists.add_command(_command)
