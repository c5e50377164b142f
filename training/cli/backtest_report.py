"""What a backtest shows on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from risk_service.domain.counts import Count
from training.cli.tables import plain_text

Json = Mapping[str, Any]
SHOWN_EVENTS, SHOWN_ENTITIES = 10, 3
DAY = len("2024-01-31")
KEY_LENGTH = 24
DECIMALS = 6
WIDEST = 1_000
# Columns that may break their cells into lines.
WIDE = ("values", "meaning")
# What the columns are called in Chinese.
HEADS = {
    "event": "事件", "events": "事件数", "time": "时间", "state": "状态", "values": "取值",
    "split": "拆分", "first": "首次", "last": "末次", "variable": "变量", "kind": "类型",
    "missing": "缺失", "meaning": "含义", "KEY": "主键",
}  # fmt: skip
STATES = {"abuse": "滥用", "refunded": "已退款", "honest": "正常", "unknown": "未知"}
MEASURES = {
    "precision": "precision 精确率",
    "recall": "recall 召回率",
    "false_positive_rate": "false positive rate 误伤率",
}


def print_report(console: Console, figures: Json) -> None:
    """Print the figures of a backtest."""
    data, period = figures["data"], figures["period"]
    console.print(
        f"[bold]{plain_text(data['name'])}[/bold], "
        f"{period['first'][:DAY]} to {period['last'][:DAY]}: "
        f"{figures['events_flagged']:,} of {Count(figures['events_read']):event|events} flagged"
        f"{_percent(figures['share_flagged'])}"
    )
    named = f"{plain_text(figures['rule'])}: " if figures["rule"] else ""
    console.print(f"rule 规则 {named}{plain_text(figures['expression'])}", highlight=False)
    about = figures.get("about_rule")
    if about is not None:
        console.print(f"  {plain_text(about['en'])} [dim]{plain_text(about['zh'])}[/dim]")
        console.print(
            f"  {about['outcome']}, in scope 适用: {Count(figures['in_scope']):order|orders}"
        )
    _print_whole(console, _split(figures))
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
    table = _table("variable", "kind", "missing", "meaning", title="Of the event itself 事件自身")
    for name, one in found["event"].items():
        table.add_row(name, one["kind"], _share(one["missing"], 1), _meaning(one))
    console.print(table)
    if not found["keys"]:
        return
    keys = _table("KEY", "missing", title="Keys of histories 历史的主键: KEY__MEASURE")
    for key, share in found["keys"].items():
        keys.add_row(key, f"{share:.1%}")
    console.print(keys)
    first = next(iter(found["keys"]), "")
    history = _table(
        "variable", "kind", "meaning", title=f"History of {first}; others alike 历史变量"
    )
    for name, one in found["history"].items():
        if name.startswith(f"{first}__") and _is_shown(name):
            history.add_row(name, one["kind"], _meaning(one))
    console.print(history)
    console.print(
        f"{Count(len(found['event']) + len(found['history'])):variable|variables}; "
        "--json F writes all. "
        "Windows: 1m 10m 1h 24h 7d 30d 90d ever, or any length such as 45m; "
        "_now at the end counts the event itself too. "
        "--json F 写出全部变量；末尾加 _now 表示含本次事件。"
    )


def _meaning(one: Json) -> str:
    """Return what a variable is in both languages; a name of the shop's own needs no second."""
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


def _table(*columns: str, title: str = "") -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for name in columns:
        head = f"{name}\n{HEADS[name]}" if name in HEADS else name
        table.add_column(head, no_wrap=name not in WIDE, overflow="fold")
    return table


def _is_shown(name: str) -> bool:
    window = name.rpartition("_")[2]
    return window == "24h" or not (_is_window(window) or window == "now")


def _split(figures: Json) -> Table:
    split, money = figures["split"], figures["amounts"]
    unit = f", {money['currency']}" if money is not None and money["currency"] else ""
    amount = () if money is None else (f"flagged{unit}\n命中金额", f"all{unit}\n全部金额")
    table = _table("", "flagged\n命中", "of all\n全部", "share\n占比", *amount)
    for state in STATES:
        flagged, every = split["flagged"][state], split["all"][state]
        share = flagged["events"] / every["events"] if every["events"] else None
        cells = [
            _state(state),
            f"{flagged['events']:,}",
            f"{every['events']:,}",
            _share(share),
        ]
        if money is not None:
            cells += [f"{one['amount']:,.{money['exponent']}f}" for one in (flagged, every)]
        table.add_row(*cells)
    return table


def _measured(what: str, one: Json) -> str:
    parts = [f"{words} {_interval(one[name])}" for name, words in MEASURES.items()]
    return f"against {what} {STATES[what]} (label {plain_text(one['label'])}): " + ", ".join(parts)


def _events(events: Json) -> Table:
    listed = events["listed"][:SHOWN_EVENTS]
    title = f"First {len(listed)} of {Count(events['total']):flagged event|flagged events} 命中事件"
    table = _table("event", "time", "state", "values", title=title)
    for one in listed:
        values = ", ".join(f"{name} {_rounded(value)}" for name, value in one["values"].items())
        table.add_row(
            plain_text(one["event_id"]), one["time"], _state(one["state"]), plain_text(values)
        )
    return table


def _state(state: str) -> str:
    return f"{state} {STATES[state]}"


def _rounded(value: object) -> object:
    """Return a fraction with digits that one can read; the whole of it stands in the JSON."""
    return round(value, DECIMALS) or value if isinstance(value, float) else value


def _entities(name: str, one: Json) -> Table:
    listed = one["listed"][:SHOWN_ENTITIES]
    title = (
        f"{name}: {one['flagged']:,} of {one['all']:,} flagged 命中; split as {'/'.join(STATES)} "
        f"分别为{'/'.join(STATES.values())}"
    )
    table = _table(name, "events", "split", "first", "last", title=title)
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


def _notes(figures: Json) -> list[str]:
    notes = []
    if not figures["measures"]:
        notes.append(
            "the data set has no label: nothing tells abuse from honest; a mapping makes one of a "
            "column or of later rows 数据集没有标签，无法区分滥用与正常"
        )
    if figures["never_known"]:
        names = ", ".join(figures["never_known"])
        notes.append(
            f"this data set says nothing of {names}: no event has a value, so nothing here tells "
            f"what the rule does where there is one 数据集中没有 {names} 的任何取值"
        )
    for code, one in figures["faults"]["codes"].items():
        why = ", ".join(f"{name} {count:,}" for name, count in one["names"].items())
        notes.append(
            f"not told on {Count(one['events']):event|events}: {code} "
            f"{why or plain_text(one['detail'])}; such an event is not flagged 无法判断的事件不标记"
        )
    if figures["data"]["kind"] == "events" and figures["windows"] == "live":
        notes.append(
            "windows start at whole tiles, as in the live service; --windows exact for none "
            "时间窗起点与线上一致，--windows exact 为精确窗口"
        )
    return notes


def _interval(one: Json | None) -> str:
    if one is None:
        return "not defined 无定义"
    return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"


def _share(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:.{decimals}%}"


def _percent(one: Json | None) -> str:
    return "" if one is None else f" ({one['value']:.2%})"
