"""Tables of what each kind of feature is worth, for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from risk_service.cli.chosen import LANGUAGES
from training.cli.words import CommandWords
from training.train.steps import STEP_LABELS, STEPS

RECALL = "recall_at_fpr_0.5pct"


def step_table(title: str, abuses: Mapping[str, Any], say: CommandWords) -> Table:
    """Return recall at 0.5 % false positives per abuse and step, with the paired gain."""
    heads = ("abuse", "features", "pr_auc", "gain", "recall_at_fpr_0.5pct", "gain")
    table = Table(*(say(f"head_{head}") for head in heads), title=title)
    for abuse, figures in abuses.items():
        for place, row in enumerate(figures["steps"]):
            named = say.named("abuse", abuse) if place == 0 else ""
            cells = [named, _title(row["step"], say)]
            for metric in ("pr_auc", RECALL):
                cells.append(_with_interval(row[metric], "{:.3f}", say))
                cells.append(_with_interval(row["gain"].get(metric), "{:+.3f}", say))
            table.add_row(*cells)
        table.add_section()
    return table


def strategy_table(title: str, truth: Mapping[str, Any], say: CommandWords) -> Table:
    """Return, per attack strategy, the share of its orders that each step flags at 0.5 %."""
    heads = (say("head_abuse"), say("head_strategy"), say("head_orders"))
    table = Table(*heads, *(_title(step, say) for step in STEPS), title=title)
    for column in table.columns[:2]:
        column.overflow = "fold"
    for abuse, figures in truth.items():
        for strategy, shares in figures["recall_by_strategy_and_step"].items():
            cells = [f"{shares[step]:.3f}" if step in shares else "" for step in STEPS]
            table.add_row(say.named("abuse", abuse), strategy, f"{shares['orders']:,}", *cells)
        table.add_section()
    return table


def _title(step: str, say: CommandWords) -> str:
    return STEP_LABELS[step][LANGUAGES.index(say.language)]


def _with_interval(figure: Mapping[str, float] | None, form: str, say: CommandWords) -> str:
    if figure is None:
        return ""
    value, low, high = (form.format(figure[name]) for name in ("value", "low", "high"))
    return f"{value} [dim]{say('interval', low, high)}[/dim]"
