"""The demo's figures as tables to read in a terminal, Chinese beside English."""

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from training.demo.again import ReplayFigures
from training.demo.figures import Example, StreamFigures

COLOURS = {
    "ALLOW": "green",
    "LIMIT_QUANTITY": "cyan",
    "CHALLENGE": "yellow",
    "REVIEW": "magenta",
    "DENY": "red",
}
STEPS = {
    "list": "list 名单",
    "rule": "rule 规则",
    "score": "score 评分",
    "limit": "limit 限购",
    "fail_policy": "fail policy 失败策略",
}
ABUSES = {
    "scalping": "scalping 黄牛",
    "brushing": "fake orders 刷单",
    "refund": "malicious refunds 恶意退款",
}


def show(console: Console, figures: StreamFigures, replayed: ReplayFigures) -> None:
    """Print all tables."""
    console.print(_outcomes(figures))
    console.print(_abuses(figures))
    console.print(_honest(figures))
    console.print(_steps(figures))
    if figures.limits:
        console.print(_limits(figures))
    console.print(_service(figures, replayed))
    for example in figures.examples:
        console.print(_example(example))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for n, column in enumerate(columns):
        table.add_column(column, justify="left" if n == 0 else "right")
    return table


def _percent(share: float | None) -> str:
    return "none seen" if share is None else f"{share:.2%}"


def _outcomes(figures: StreamFigures) -> RenderableType:
    table = _table("Outcomes 处置结果", "outcome", "orders", "share")
    for outcome in COLOURS:
        count = figures.outcomes.get(outcome, 0)
        name = Text(outcome, style=COLOURS[outcome])
        table.add_row(name, f"{count:,}", _percent(count / figures.orders))
    table.add_row("all", f"{figures.orders:,}", "")
    return table


def _abuses(figures: StreamFigures) -> RenderableType:
    table = _table(
        "Against the truth 与真实情况对照",
        "abuse",
        "orders",
        "stopped",
        "recall",
        "honest stopped",
        "false positives",
    )
    for row in figures.abuses:
        table.add_row(
            ABUSES[row.abuse],
            f"{row.orders:,}",
            f"{row.stopped:,}",
            _percent(row.recall),
            f"{row.honest_stopped:,}",
            _percent(row.false_positive_rate),
        )
    return table


def _honest(figures: StreamFigures) -> RenderableType:
    table = _table("Honest customers who were stopped 被误伤的正常客户", "kind", "stopped", "of")
    for persona, (stopped, orders) in figures.honest_stopped_by_persona.items():
        table.add_row(persona.replace("_", " "), f"{stopped:,}", f"{orders:,}")
    table.add_row("all", f"{figures.honest_stopped:,}", f"{figures.honest_orders:,}")
    table.add_section()
    stopped, orders = figures.camouflage_stopped, figures.camouflage_orders
    table.add_row(
        "apart: ordinary orders of attackers 攻击者的正常订单", f"{stopped:,}", f"{orders:,}"
    )
    return table


def _steps(figures: StreamFigures) -> RenderableType:
    title = "What stopped orders 拦截来源（several may have asked for the same）"
    table = _table(title, "step", "orders", "of abuses", "of honest customers")
    for row in figures.stopped_by:
        name = STEPS.get(row.step, row.step)
        table.add_row(
            f"{name}: {row.ref}", f"{row.orders:,}", f"{row.abusive:,}", f"{row.honest:,}"
        )
    return table


def _limits(figures: StreamFigures) -> RenderableType:
    columns = ("limit", "orders", "asked", "held", "blocked", "of abuses", "of honest customers")
    table = _table("Purchase limits 限购", *columns)
    for row in figures.limits:
        numbers = (row.orders, row.asked, row.granted, row.blocked)
        of_whom = (row.blocked_abusive, row.blocked_honest)
        table.add_row(row.policy, *(f"{number:,}" for number in (*numbers, *of_whom)))
    return table


def _service(figures: StreamFigures, replayed: ReplayFigures) -> RenderableType:
    table = _table("Service 服务", "figure", "value")
    table.add_row("orders in flight", f"{figures.in_flight}")
    latency = f"{figures.p50_ms:.1f} / {figures.p99_ms:.1f} ms"
    table.add_row("p50 / p99 as the caller waits", latency)
    table.add_row("orders per second", f"{figures.orders_per_s:,.0f}")
    table.add_row("answers by mode", ", ".join(f"{m} {n:,}" for m, n in figures.modes.items()))
    refused = ", ".join(f"{why} {n:,}" for why, n in figures.events_refused.items()) or "none"
    table.add_row("events reported", f"{figures.events_accepted:,} accepted, refused: {refused}")
    table.add_row("client fallbacks", f"{figures.fallbacks:,}")
    again = f"{replayed.same:,} of {replayed.decisions:,} the same, bit by bit"
    table.add_row("decided again from the log 回放", again)
    return table


def _example(example: Example) -> RenderableType:
    scores = "  ".join(f"{name} {score}" for name, score in example.scores.items())
    lines: list[RenderableType] = [Text(f"{example.decision_id}   scores: {scores}", style="dim")]
    for reason in example.reasons:
        lines.append(Text(reason["code"], style="bold"))
        lines.append(Text(f"  analyst   {reason['analyst_en']}"))
        lines.append(Text(f"  分析师    {reason['analyst_zh']}"))
        lines.append(Text(f"  customer  {reason['customer_en']}", style="dim"))
        lines.append(Text(f"  客户      {reason['customer_zh']}", style="dim"))
    title = f"[{COLOURS[example.outcome]}]{example.outcome}[/]  in truth: {example.truth}"
    return Panel(Group(*lines), title=title, title_align="left")
