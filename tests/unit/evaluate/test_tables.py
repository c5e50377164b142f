"""Tables that commands print: read in a file and on a narrow terminal."""

import io

import pytest
from rich.console import Console

from training.cli.step_tables import strategy_table
from training.cli.tables import tables_out
from training.cli.words import CommandWords

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
