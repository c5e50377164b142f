"""Paths with a slip of the pen, told before any work and by what is wrong with them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.domain.errors import RiskError
from training.cli.evaluate import evaluate
from training.cli.train import train


def _told(command: object, *given: object) -> str:
    found = CliRunner().invoke(command, list(map(str, given)))  # type: ignore[arg-type]
    assert found.exit_code != 0
    return str(found.exception) if isinstance(found.exception, RiskError) else found.output


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A slip of the pen in a path is no missing option."""
    told = _told(evaluate, tmp_path / "rum")
    assert "rum: no such directory; name the one that `risk train` wrote" in told
    told = _told(train, "--data", tmp_path / "shpo", "--label", "fraud", "--out", tmp_path / "r")
    assert "no such directory; name the one that `risk dataset import` wrote" in told


def test_a_directory_that_is_another_is_told_so(tmp_path: Path) -> None:
    """Whoever names the wrong one is not asked for the data that it was trained on."""
    (tmp_path / "docs").mkdir()
    told = _told(evaluate, tmp_path / "docs")
    assert "docs: not a run of `risk train`: there is no bundle in it" in told
    told = _told(train, "--data", tmp_path / "docs", "--out", tmp_path / "r")
    assert "dataset.toml: no such file; risk simulate and risk dataset import write" in told


@pytest.mark.parametrize("option", ["--json", "--predictions"])
def test_a_file_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, option: str) -> None:
    """Minutes of work have their results somewhere to go."""
    (tmp_path / "file").touch()
    into = tmp_path / "file" / "f.json"
    assert "is not a directory" in _told(evaluate, tmp_path, option, into)
    if option == "--json":
        given = ("--data", tmp_path, "--out", tmp_path / "r", option, into)
        assert "is not a directory" in _told(train, *given)
