"""What a backtest shows on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Json = Mapping[str, Any]
SHOWN_EVENTS, SHOWN_ENTITIES = 10, 3
DAY = len("2024-01-31")
KEY_LENGTH = 24
# Columns that may break their cells into lines.
WIDE = ("values", "meaning")
STATES = ("abuse", "refunded", "honest", "unknown")
MEASURES = {
    "precision": "precision",
    "recall": "recall",
    "false_positive_rate": "false positive rate",
}


def print_report(console: Console, figures: Json) -> None:
    """Print the figures of a backtest."""
    data, period = figures["data"], figures["period"]
    console.print(
        f"[bold]{escape(data['name'])}[/bold], {period['first'][:DAY]} to {period['last'][:DAY]}: "
        f"{figures['events_flagged']:,} of {figures['events_read']:,} events flagged"
        f"{_percent(figures['share_flagged'])}"
    )
    named = f"{escape(figures['rule'])}: " if figures["rule"] else ""
    console.print(f"rule {named}{escape(figures['expression'])}", highlight=False)
    about = figures.get("about_rule")
    if about is not None:
        console.print(f"  {escape(about['en'])} [dim]{escape(about['zh'])}[/dim]")
        console.print(f"  {about['outcome']}, in scope: {figures['in_scope']:,} orders")
    console.print(_split(figures))
    for what, one in figures["measures"].items():
        console.print(_measured(what, one))
    if figures["events"]["listed"]:
        console.print(_events(figures["events"]))
    for name, one in figures["entities"].items():
        if one["listed"]:
            console.print(_entities(name, one))
    for line in _notes(figures):
        console.print(line)


def print_variables(console: Console, found: Json) -> None:
    """Print the variables of a data set: each of the event, and the patterns of its history."""
    table = _table("variable", "kind", "missing", "meaning", title="Of the event itself")
    for name, one in found["event"].items():
        table.add_row(name, one["kind"], _share(one["missing"], 1), escape(one["en"]))
    console.print(table)
    if not found["keys"]:
        return
    keys = _table("KEY", "missing", title="Keys of histories: KEY__MEASURE")
    for key, share in found["keys"].items():
        keys.add_row(key, f"{share:.1%}")
    console.print(keys)
    first = next(iter(found["keys"]), "")
    shown = _table("variable", "kind", "meaning", title=f"History of {first}; others alike")
    for name, one in found["history"].items():
        if name.startswith(f"{first}__") and _is_shown(name):
            shown.add_row(name, one["kind"], escape(one["en"]))
    console.print(shown)
    console.print(
        f"{len(found['event']) + len(found['history']):,} variables; --json F writes all. "
        "Windows: 1m 10m 1h 24h 7d 30d 90d ever, or any length such as 45m; "
        "_now at the end counts the event itself too."
    )


def _is_window(text: str) -> bool:
    return text[:-1].isdigit() or text == "ever"


def _table(*columns: str, title: str = "") -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for name in columns:
        table.add_column(name, no_wrap=name not in WIDE, overflow="fold")
    return table


def _is_shown(name: str) -> bool:
    window = name.rpartition("_")[2]
    return window == "24h" or not (_is_window(window) or window == "now")


def _split(figures: Json) -> Table:
    split, money = figures["split"], figures["amounts"]
    unit = f", {money['currency']}" if money is not None and money["currency"] else ""
    amount = () if money is None else (f"flagged{unit}", f"all{unit}")
    table = _table("", "flagged", "of all", "share", *amount)
    for state in STATES:
        flagged, every = split["flagged"][state], split["all"][state]
        share = flagged["events"] / every["events"] if every["events"] else None
        cells = [state, f"{flagged['events']:,}", f"{every['events']:,}", _share(share)]
        if money is not None:
            cells += [f"{flagged['amount']:,.2f}", f"{every['amount']:,.2f}"]
        table.add_row(*cells)
    return table


def _measured(what: str, one: Json) -> str:
    parts = [f"{words} {_interval(one[name])}" for name, words in MEASURES.items()]
    return f"against {what} (label {one['label']}): " + ", ".join(parts)


def _events(events: Json) -> Table:
    listed = events["listed"][:SHOWN_EVENTS]
    title = f"First {len(listed)} of {events['total']:,} flagged events"
    table = _table("event", "time", "state", "values", title=title)
    for one in listed:
        values = ", ".join(f"{name} {value}" for name, value in one["values"].items())
        table.add_row(escape(one["event_id"]), one["time"], one["state"], escape(values))
    return table


def _entities(name: str, one: Json) -> Table:
    listed = one["listed"][:SHOWN_ENTITIES]
    title = f"{name}: {one['flagged']:,} of {one['all']:,} flagged; split as {'/'.join(STATES)}"
    table = _table(name, "events", "split", "first", "last", title=title)
    for entity in listed:
        table.add_row(
            escape(_short(entity["key"])),
            f"{entity['events']:,}",
            "/".join(f"{entity[state]:,}" for state in STATES),
            entity["first"][:DAY],
            entity["last"][:DAY],
        )
    return table


def _short(key: str) -> str:
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 1]}…"


def _notes(figures: Json) -> list[str]:
    notes = []
    if figures["never_known"]:
        names = ", ".join(figures["never_known"])
        notes.append(
            f"this data set says nothing of {names}: no event has a value, so nothing here tells "
            f"what the rule does where there is one 数据集中没有 {names} 的任何取值"
        )
    for code, one in figures["faults"]["codes"].items():
        why = ", ".join(f"{name} {count:,}" for name, count in one["names"].items())
        notes.append(
            f"not told on {one['events']:,} events: {code} {why or escape(one['detail'])}; "
            "such an event is not flagged"
        )
    if figures["data"]["kind"] == "events" and figures["windows"] == "live":
        notes.append(
            "windows start at whole tiles, as in the live service; --windows exact for none"
        )
    return notes


def _interval(one: Json | None) -> str:
    if one is None:
        return "not defined"
    return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"


def _share(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:.{decimals}%}"


def _percent(one: Json | None) -> str:
    return "" if one is None else f" ({one['value']:.2%})"
