"""Tables that commands print: read in a file and on a narrow terminal."""

import io

import pytest
from rich.console import Console

from training.cli.evaluate import COLUMNS, RECALL, recall_table
from training.cli.step_tables import STEP_METRICS, step_table, strategy_table
from training.cli.tables import tables_out
from training.cli.words import CommandWords
from training.train.steps import STEPS

TRUTH = {
    "refund": {
        "recall_by_strategy_and_step": {
            "spend_and_save_splitting": {"orders": 6, "order": 0.167, "one_hop": 0.333},
        }
    }
}


def test_a_file_holds_names_whole() -> None:
    """Without a terminal to fit, no name and no heading of a table is cut short."""
    out = tables_out()
    with out.capture() as told:
        out.print(strategy_table("strategies", TRUTH, CommandWords("en")))
    for name in ("spend_and_save_splitting", "refund", "0.167"):
        assert name in told.get()
    assert "…" not in told.get()


@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_folds_names(width: int) -> None:
    """What does not fit goes on in the next line: nothing is lost."""
    out = Console(width=width, file=io.StringIO())
    with out.capture() as told:
        out.print(strategy_table("strategies", TRUTH, CommandWords("en")))
    cells = [line.split("│")[2].strip() for line in told.get().splitlines() if "│" in line]
    assert "".join(cells) == "spend_and_save_splitting"


FIGURE = {"value": 0.123, "low": -0.045, "high": 0.678}
ABUSES = {
    abuse: {
        "honest_orders": 107_362,
        "abuses": 1_998,
        "models": {name: {RECALL: FIGURE} for name in COLUMNS},
        "steps": [
            {"step": step, "pr_auc": FIGURE, RECALL: FIGURE, "gain": {RECALL: FIGURE}}
            for step in STEPS
        ],
    }
    for abuse in ("scalping", "brushing", "refund")
}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_figures_fit_a_terminal(lang: str) -> None:
    """On 80 columns each figure stands on one line with its interval, and no word is broken."""
    out, say = Console(width=80, file=io.StringIO()), CommandWords(lang)
    with out.capture() as told:
        out.print(recall_table("recall", ABUSES, say))
        for metric in STEP_METRICS:
            out.print(step_table("steps", metric, ABUSES, say))
    lines = told.get().splitlines()
    interval = say("interval", "-0.045", "0.678")
    models, steps = len(ABUSES) * len(COLUMNS), len(ABUSES) * len(STEPS)
    assert sum(f"0.123 {interval}" in line for line in lines) == models + 2 * steps
    wider = say("interval", "-0.045", "+0.678")
    assert sum(f"+0.123 {wider}" in line for line in lines) == steps
    words = [cell.strip() for line in lines for cell in line.split("│")]
    assert words.count(say("head_logistic")) == len(ABUSES)
