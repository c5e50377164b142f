"""docs/backtest.md: its commands run as written, print what it shows, and no option is left out."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from training.backtest.names import Measure
from training.backtest.truth import State
from training.cli.backtest import backtest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^risk (.*)$", PAGE, re.MULTILINE)
# The last block simulates a world and builds its history: a proof.
ORDERS = [one for one in COMMANDS if any(name in one for name in ("world", "keys", "warehouse"))]
OWN = [one for one in COMMANDS if one not in ORDERS and not one.startswith("dataset import")]
Run = Callable[[str], str]
SHOWN = re.search(r"shortened\):\n\n```\n(.*?)```", PAGE, re.DOTALL)


def test_the_commands_run_as_written(page_root: Path, run: Run) -> None:
    """In their order, on the public files; the page shows what one of them printed."""
    assert len(OWN) >= 7
    printed = {command: run(command) for command in OWN}
    of_returns = next(text for one, text in printed.items() if "returns.json" in one)
    assert SHOWN is not None
    lines = [line.rstrip() for line in of_returns.splitlines()]
    shown = [line for line in SHOWN[1].splitlines() if line.strip() not in ("", "...")]
    assert [line for line in shown if line not in lines] == []
    for name in ("night", "returns", "networks"):
        figures = json.loads((page_root / f"{name}.json").read_text("utf-8"))
        assert figures["events_flagged"] > 0
        assert [key for key in figures if f"`{key}" not in PAGE] == []


@pytest.mark.proof
def test_the_commands_on_orders_run_as_written(
    looks_like_root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a simulated world to the figures of a rule."""
    monkeypatch.chdir(looks_like_root)
    assert len(ORDERS) >= 4
    printed = [run(command) for command in ORDERS]
    assert "events flagged" in printed[-1]


def test_every_option_is_on_the_page() -> None:
    """An option that nobody can find is no option."""
    options = {option for one in backtest.params for option in one.opts if option.startswith("--")}
    assert [one for one in sorted(options) if one not in PAGE] == []


def test_every_measure_and_state_is_on_the_page() -> None:
    """By the words that names and results use."""
    words = [measure.value for measure in Measure] + [state.word for state in State]
    assert [word for word in words if word not in PAGE] == []
