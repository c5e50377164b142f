"""docs/backtest.md: its commands run as written, print what it shows, and no option is left out."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from training.backtest.names import Measure
from training.backtest.truth import State
from training.cli.backtest import backtest

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
PAGE = (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^risk (.*)$", PAGE, re.MULTILINE)
# The last block simulates a world and builds its history: a proof.
OWN = [one for one in COMMANDS if not any(name in one for name in ("world", "keys", "warehouse"))]
ORDERS = [one for one in COMMANDS if one not in OWN]
SHOWN = re.search(r"shortened\):\n\n```\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a directory that looks like the root of the repository, and can be written."""
    here = tmp_path / "main"
    here.mkdir()
    (here / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "shared").symlink_to(SHARED)
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "100")
    return here


def run(command: str) -> str:
    """Run a command of the page and return what it printed."""
    result = CliRunner().invoke(risk, shlex.split(command), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_commands_run_as_written(beside_the_files: Path) -> None:
    """In their order, on the public files; the page shows what one of them printed."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"{SHARED} is not here")
    assert len(OWN) >= 10
    printed = {command: run(command) for command in OWN}
    of_returns = next(text for one, text in printed.items() if "returns.json" in one)
    assert SHOWN is not None
    lines = [line.rstrip() for line in of_returns.splitlines()]
    shown = [line for line in SHOWN[1].splitlines() if line.strip() not in ("", "...")]
    assert [line for line in shown if line not in lines] == []
    for name in ("night", "returns", "networks"):
        figures = json.loads((beside_the_files / f"{name}.json").read_text("utf-8"))
        assert figures["events_flagged"] > 0


@pytest.mark.proof
@pytest.mark.usefixtures("beside_the_files")
def test_the_commands_on_orders_run_as_written() -> None:
    """From a simulated world to the figures of a rule."""
    assert len(ORDERS) >= 4
    printed = [run(command) for command in ORDERS]
    assert "events flagged" in printed[-1]


def test_every_option_is_on_the_page() -> None:
    """An option that nobody can find is no option."""
    options = {option for one in backtest.params for option in one.opts if option.startswith("--")}
    assert [one for one in sorted(options) if one not in PAGE] == []


def test_every_measure_state_and_key_is_on_the_page(beside_the_files: Path) -> None:
    """So is every key of the result."""
    words = [measure.value for measure in Measure] + [state.word for state in State]
    assert [word for word in words if word not in PAGE] == []
    if (SHARED / "data").is_dir():
        for command in OWN[:2]:
            run(command)
        figures = json.loads((beside_the_files / "night.json").read_text("utf-8"))
        assert [key for key in figures if f"`{key}" not in PAGE] == []
