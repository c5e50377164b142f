"""``risk flash-sale``: a drop under attack, with and without limits on identity clusters."""

import json
from collections import Counter
from typing import Any

import click
from rich.table import Table

from risk_service.cli.language import spoken
from training.cli.bars import Bars
from training.cli.tables import tables_out
from training.flash_sale.crowd import SaleSettings
from training.flash_sale.figures import SaleFigures
from training.flash_sale.run import run_sale

COLUMNS = (
    "limits 限购",
    "units sold 售出",
    "to rings 团伙",
    "persons served 到手人数",
    "most per person 单人最多",
    "honest refused with stock 误伤",
)
CHINESE = {
    "no limit per person": "不限购",
    "per account, device, card, phone": "按账号、设备、支付工具、电话",
    "the same and per identity cluster": "另加身份簇",
}


@click.command("flash-sale")
@click.option("--orders", type=int, default=50_000, show_default=True, help="Orders in all.")
@click.option("--units", type=click.IntRange(1), default=2_000, show_default=True, help="Stock.")
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="Length of the drop.",
)
@click.option(
    "--ring-share", type=float, default=0.3, show_default=True, help="Share of orders by rings."
)
@click.option(
    "--units-per-person", type=click.IntRange(1, 100), default=2, show_default=True, help="Limit."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of the crowd.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@spoken
def flash_sale(as_json: bool, lang: str, **choices: Any) -> None:
    """Run a drop through the real decision and show whom its units reach.

    Scores and rules are left out: the table shows limits alone.

    Example: risk flash-sale --orders 50000 --units 2000
    """
    settings = SaleSettings(**choices)
    figures = _run(settings, lang)
    if as_json:
        click.echo(json.dumps([one.as_json() for one in figures], indent=2))
        return
    out = tables_out()
    out.print(_table(figures, settings))


def _run(settings: SaleSettings, lang: str) -> list[SaleFigures]:
    with Bars(lang=lang) as bars:
        counts: Counter[str] = Counter()

        def progress(step: str, done: int) -> None:
            counts[step] += done
            bars.report(step, counts[step], settings.orders if step.endswith("sale") else 0)

        return run_sale(settings, progress)


def _table(figures: list[SaleFigures], settings: SaleSettings) -> Table:
    title = (
        f"{settings.orders:,} orders in {settings.seconds} s for {settings.units:,} units, "
        f"{settings.ring_share:.0%} by rings 团伙订单"
    )
    table = Table(title=title, title_justify="left", title_style="bold")
    for at, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if at == 0 else "right")
    for one in figures:
        table.add_row(
            f"{one.variant}\n{CHINESE[one.variant]}",
            f"{one.units_sold:,}",
            f"{one.units_to_rings:,} ({one.ring_share:.1%})",
            f"{one.persons_served:,}",
            f"{one.most_units_of_one_person:,}",
            f"{one.honest_refused_with_stock:,} ({one.honest_hurt:.2%})",
        )
    return table
