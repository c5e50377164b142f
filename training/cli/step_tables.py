"""Tables of what each kind of feature is worth, for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from risk_service.cli.chosen import LANGUAGES
from training.cli.tables import folding
from training.cli.words import CommandWords
from training.train.steps import STEP_LABELS, STEPS

RECALL = "recall_at_fpr_0.5pct"
STEP_METRICS = ("pr_auc", RECALL)


def step_table(title: str, metric: str, abuses: Mapping[str, Any], say: CommandWords) -> Table:
    """Return one metric per abuse and step, with the paired gain; fits 80 columns."""
    heads = ("features", metric, "gain")
    table = folding(*(say(f"head_{head}") for head in heads), title=title)
    for abuse, figures in abuses.items():
        table.add_row(f"[bold]{say.named('abuse', abuse)}[/bold]")
        for row in figures["steps"]:
            value = with_interval(row[metric], "{:.3f}", say)
            gain = with_interval(row["gain"].get(metric), "{:+.3f}", say)
            table.add_row(_title(row["step"], say), value, gain)
        table.add_section()
    return table


def strategy_table(title: str, truth: Mapping[str, Any], say: CommandWords) -> Table:
    """Return, per attack strategy, the share of its orders that each step flags at 0.5 %."""
    heads = (say("head_abuse"), say("head_strategy"), say("head_orders"))
    table = folding(*heads, *(_title(step, say) for step in STEPS), title=title)
    for abuse, figures in truth.items():
        for strategy, shares in figures["recall_by_strategy_and_step"].items():
            cells = [f"{shares[step]:.3f}" if step in shares else "" for step in STEPS]
            table.add_row(say.named("abuse", abuse), strategy, f"{shares['orders']:,}", *cells)
        table.add_section()
    return table


def _title(step: str, say: CommandWords) -> str:
    return STEP_LABELS[step][LANGUAGES.index(say.language)]


def with_interval(figure: Mapping[str, float] | None, form: str, say: CommandWords) -> str:
    """Return a figure with its 95 % interval, nothing where there is none."""
    if figure is None:
        return ""
    value, low, high = (form.format(figure[name]) for name in ("value", "low", "high"))
    return f"{value} [dim]{say('interval', low, high)}[/dim]"
