"""The public files, imported once by the commands of docs/backtest.md, and a small shop."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from tests.fixtures.backtested_shop import EVENTS
from tests.fixtures.own_shop import write_shop

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
PAGE = (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8")
IMPORTS = re.findall(r"^risk (dataset import .*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="session")
def looks_like_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that looks like the root of the repository, and can be written."""
    here = tmp_path_factory.mktemp("page") / "main"
    here.mkdir()
    (here / "docs").symlink_to(ROOT / "docs")
    (here.parent / "shared").symlink_to(SHARED)
    return here


@pytest.fixture(scope="session")
def with_imports(looks_like_root: Path) -> Path:
    """Return that directory with the data sets that the page imports into it."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"{SHARED} is not here")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(looks_like_root)
        for command in IMPORTS:
            run(command)
    return looks_like_root


@pytest.fixture
def page_root(with_imports: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the directory, on a terminal of 100 columns."""
    monkeypatch.chdir(with_imports)
    monkeypatch.setenv("COLUMNS", "100")
    return with_imports


@pytest.fixture(scope="session", name="run")
def run_fixture() -> Callable[[str], str]:
    """Return what runs a command of the page."""
    return run


def run(command: str) -> str:
    """Run a command of the page and return what it printed."""
    result = CliRunner().invoke(risk, shlex.split(command), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a data set with two labels."""
    write_shop(tmp_path / "shop", EVENTS, ("fraud", "refunded"))
    return tmp_path / "shop"
