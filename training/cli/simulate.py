"""``risk simulate``: write a synthetic promotion world with attackers in it."""

import json
from datetime import datetime
from pathlib import Path

import click

from risk_service.cli.language import spoken
from training.cli.bars import Bars
from training.cli.next_steps import after_simulation
from training.cli.words import CommandWords
from training.simulate.kinds import MATURITY_DAYS
from training.simulate.settings import BASES, DEFAULT_END, WorldSettings
from training.simulate.write import Written
from training.simulate.write import simulate as write_world
from training.split import days_needed


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", type=int, required=True, help="Same seed and options: same bytes.")
@click.option(
    "--days", type=int, required=True, help="Days of trade, at least 7; to train on, 168."
)
@click.option("--orders", type=int, required=True, help="Orders in all, at least 500.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New directory.")
@click.option(
    "--base",
    type=click.Choice(BASES),
    default="pure",
    show_default=True,
    help="Invented baskets in CNY, or the real ones of Online Retail in GBP.",
)
@click.option(
    "--truth", type=click.Path(path_type=Path), help="Ground truth; default: OUT with .truth added."
)
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    default=DEFAULT_END.isoformat(),
    show_default=True,
    help="Last day of the world (UTC).",
)
@click.option(
    "--late",
    multiple=True,
    help="Attack strategy that first appears in the last quarter, such as crowd_hired; repeatable.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write a summary here.")
@spoken
def simulate(  # noqa: PLR0913 - one argument for each option of the command
    seed: int,
    days: int,
    orders: int,
    out: Path,
    base: str,
    truth: Path | None,
    end: datetime,
    late: tuple[str, ...],
    json_file: Path | None,
    lang: str,
) -> None:
    """Write a synthetic promotion world: orders, life events, labels; the truth apart.

    Example: risk simulate --seed 7 --days 200 --orders 100000 --out /tmp/world
    """
    settings = WorldSettings(
        seed=seed, days=days, orders=orders, base=base, end=end.date(), late=late
    )
    say = CommandWords(lang)
    with Bars(one_line=True, lang=lang) as bars:
        written = write_world(
            settings, out, truth, lambda what, share: bars.report(what, round(100 * share), 100)
        )
    if json_file is not None:
        json_file.write_text(json.dumps(_summary(written), indent=2) + "\n", encoding="utf-8")
    counts = say("between").join(
        say("rows_of", rows, say.step(name)) for name, rows in written.rows.items()
    )
    click.echo(say("part", written.out, counts))
    click.echo(say("truth_apart", written.truth))
    needed = days_needed(max(MATURITY_DAYS))
    if days < needed:
        click.echo(say("warning", say("short_world", days, needed)))
    else:
        click.echo(after_simulation(written.out, say))


def _summary(written: Written) -> dict[str, object]:
    return {
        "out": str(written.out),
        "truth": str(written.truth),
        "rows": written.rows,
        "sha256": written.sha256,
    }
