"""Tables of what each kind of feature is worth, for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from training.train.steps import STEP_LABELS, STEPS

RECALL = "recall_at_fpr_0.5pct"
TITLES = {step: english for step, (english, _) in STEP_LABELS.items()}


def step_table(title: str, abuses: Mapping[str, Any]) -> Table:
    """Return recall at 0.5 % false positives per abuse and step, with the paired gain."""
    table = Table("abuse", "features", "PR-AUC", "gain", "recall at 0.5 %", "gain", title=title)
    for abuse, figures in abuses.items():
        for place, row in enumerate(figures["steps"]):
            cells = [abuse if place == 0 else "", TITLES[row["step"]]]
            for metric in ("pr_auc", RECALL):
                cells.append(_with_interval(row[metric], "{:.3f}"))
                cells.append(_with_interval(row["gain"].get(metric), "{:+.3f}"))
            table.add_row(*cells)
        table.add_section()
    return table


def strategy_table(title: str, truth: Mapping[str, Any]) -> Table:
    """Return, per attack strategy, the share of its orders that each step flags at 0.5 %."""
    table = Table("abuse", "strategy", "orders", *(TITLES[s] for s in STEPS), title=title)
    for column in table.columns[:2]:
        column.overflow = "fold"
    for abuse, figures in truth.items():
        for strategy, shares in figures["recall_by_strategy_and_step"].items():
            cells = [f"{shares[step]:.3f}" if step in shares else "" for step in STEPS]
            table.add_row(abuse, strategy, f"{shares['orders']:,}", *cells)
        table.add_section()
    return table


def _with_interval(figure: Mapping[str, float] | None, form: str) -> str:
    if figure is None:
        return ""
    value, low, high = (form.format(figure[name]) for name in ("value", "low", "high"))
    return f"{value} [dim]({low} to {high})[/dim]"
