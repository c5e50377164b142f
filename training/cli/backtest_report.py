"""What a backtest shows on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from training.cli.tables import plain_text
from training.cli.words import CommandWords

Json = Mapping[str, Any]
SHOWN_EVENTS, SHOWN_ENTITIES = 10, 3
DAY = len("2024-01-31")
SECOND = len("2024-01-31T00:00:00")
KEY_LENGTH = 24
DECIMALS = 6
WIDEST = 1_000
# Columns that may break their cells into lines.
WIDE = ("meaning",)
STATES = ("abuse", "refunded", "honest", "unknown")
MEASURES = ("precision", "recall", "false_positive_rate")


def print_report(console: Console, figures: Json, say: CommandWords) -> None:
    """Print the figures of a backtest."""
    data, period = figures["data"], figures["period"]
    days = (period[end][:DAY] for end in ("first", "last"))
    counts = (figures["events_flagged"], figures["events_read"])
    share = _percent(figures["share_flagged"])
    console.print(say("backtest_head", plain_text(data["name"]), *days, *counts, share))
    named = f"{plain_text(figures['rule'])}: " if figures["rule"] else ""
    rule = say("backtest_rule", named, plain_text(figures["expression"]))
    console.print(rule, highlight=False)
    about = figures.get("about_rule")
    if about is not None:
        en, zh = plain_text(about["en"]), plain_text(about["zh"])
        console.print(f"  {zh}" if say.language == "zh" else f"  {en} [dim]{zh}[/dim]")
        console.print(say("backtest_scope", about["outcome"], figures["in_scope"]))
    _print_whole(console, _split(figures, say))
    for what, one in figures["measures"].items():
        console.print(_measured(what, one, say))
    if figures["events"]["listed"]:
        console.print(_events(figures["events"], say))
    for name, one in figures["entities"].items():
        if one["listed"]:
            console.print(_entities(name, one, say))
    for line in _notes(figures, say):
        console.print(line)


def print_variables(console: Console, found: Json, say: CommandWords) -> None:
    """Print the variables of a data set: each of the event, and the patterns of its history."""
    heads = ("variable", "kind", "missing", "meaning")
    table = _table(say, *heads, title=say("backtest_own"))
    for name, one in found["event"].items():
        table.add_row(name, one["kind"], _share(one["missing"], 1), _meaning(one, say))
    console.print(table)
    if not found["keys"]:
        return
    keys = _table(say, "KEY", "missing", title=say("backtest_keys"))
    for key, share in found["keys"].items():
        keys.add_row(key, f"{share:.1%}")
    console.print(keys)
    first = next(iter(found["keys"]), "")
    title = say("backtest_history", first)
    history = _table(say, "variable", "kind", "meaning", title=title)
    for name, one in found["history"].items():
        if name.startswith(f"{first}__") and _is_shown(name):
            history.add_row(name, one["kind"], _meaning(one, say))
    console.print(history)
    console.print(say("backtest_variables", len(found["event"]) + len(found["history"])))


def _meaning(one: Json, say: CommandWords) -> str:
    """Return what a variable is in both languages; a name of the shop's own needs no second."""
    if say.language == "zh":
        return plain_text(one["zh"])
    return plain_text(one["en"] if one["zh"] == one["en"] else f"{one['en']} {one['zh']}")


def _print_whole(console: Console, table: Table) -> None:
    """Print a table of figures; on a narrow terminal its lines break, and no digit is cut off."""
    width = console.width
    console.width = max(width, WIDEST)
    console.width = max(width, console.measure(table).maximum)
    console.print(table)
    console.width = width


def _is_window(text: str) -> bool:
    return text[:-1].isdigit() or text == "ever"


def _table(say: CommandWords, *columns: str, title: str = "") -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for name in columns:
        table.add_column(say.named("column", name), no_wrap=name not in WIDE, overflow="fold")
    return table


def _is_shown(name: str) -> bool:
    window = name.rpartition("_")[2]
    return window == "24h" or not (_is_window(window) or window == "now")


def _split(figures: Json, say: CommandWords) -> Table:
    split, money = figures["split"], figures["amounts"]
    heads = [say(f"backtest_{head}") for head in ("flagged", "all", "share")]
    if money is not None:
        unit = say("backtest_unit", money["currency"]) if money["currency"] else ""
        heads += [say("backtest_flagged_amount", unit), say("backtest_all_amount", unit)]
    table = _table(say, "", *heads)
    for state in STATES:
        flagged, every = split["flagged"][state], split["all"][state]
        share = flagged["events"] / every["events"] if every["events"] else None
        cells = [
            say(f"state_{state}"),
            f"{flagged['events']:,}",
            f"{every['events']:,}",
            _share(share),
        ]
        if money is not None:
            cells += [f"{one['amount']:,.{money['exponent']}f}" for one in (flagged, every)]
        table.add_row(*cells)
    return table


def _measured(what: str, one: Json, say: CommandWords) -> str:
    parts = (f"{say(f'measure_{name}')} {_interval(one[name], say)}" for name in MEASURES)
    found = say("between").join(parts)
    return say("backtest_measured", say(f"state_{what}"), plain_text(one["label"]), found)


def _events(events: Json, say: CommandWords) -> Group:
    """Return flagged events, each with its values below: beside it they are cut to pieces."""
    listed = events["listed"][:SHOWN_EVENTS]
    lines: list[RenderableType] = [say("backtest_first", len(listed), events["total"])]
    for one in listed:
        state = say(f"state_{one['state']}")
        head = f"{one['time'][:SECOND].replace('T', ' ')}  {state}  {plain_text(one['event_id'])}"
        values = ", ".join(f"{name} {_rounded(value)}" for name, value in one["values"].items())
        lines += [f"  {head}", Padding(plain_text(values), (0, 0, 0, 6))]
    return Group(*lines)


def _rounded(value: object) -> object:
    """Return a fraction with digits that one can read; the whole of it stands in the JSON."""
    return round(value, DECIMALS) or value if isinstance(value, float) else value


def _entities(name: str, one: Json, say: CommandWords) -> Table:
    listed = one["listed"][:SHOWN_ENTITIES]
    title = say("backtest_entities", name, one["flagged"], one["all"])
    table = _table(say, name, "events", "split", "first", "last", title=title)
    for entity in listed:
        table.add_row(
            plain_text(_short(entity["key"])),
            f"{entity['events']:,}",
            "/".join(f"{entity[state]:,}" for state in STATES),
            entity["first"][:DAY],
            entity["last"][:DAY],
        )
    return table


def _short(key: str) -> str:
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 1]}…"


def _notes(figures: Json, say: CommandWords) -> list[str]:
    notes = []
    if not figures["measures"]:
        notes.append(say("backtest_no_label"))
    if figures["never_known"]:
        names = ", ".join(figures["never_known"])
        notes.append(say("backtest_never_known", names))
    for code, one in figures["faults"]["codes"].items():
        why = ", ".join(f"{name} {count:,}" for name, count in one["names"].items())
        why = why or plain_text(one["detail"])
        notes.append(say("backtest_not_told", one["events"], code, why))
    if figures["data"]["kind"] == "events" and figures["windows"] == "live":
        notes.append(say("backtest_tiles"))
    return notes


def _interval(one: Json | None, say: CommandWords) -> str:
    if one is None:
        return say("backtest_undefined")
    return say("backtest_interval", one["value"], one["low"], one["high"])


def _share(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:.{decimals}%}"


def _percent(one: Json | None) -> str:
    return "" if one is None else f" ({one['value']:.2%})"
