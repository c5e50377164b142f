"""What the difference of two runs shows, and what commands name as the next ones."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.domain.errors import ConfigFault
from training.cli.evaluate import evaluate
from training.cli.next_steps import after_own_training, after_simulation
from training.cli.words import CommandWords
from training.measures.bootstrap import Interval
from training.promotion.against import verdict


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.01, 0.2, "better"),
        (-0.2, -0.01, "worse"),
        (-0.1, 0.2, "no_difference_shown"),
        (0.0, 0.2, "no_difference_shown"),
    ],
)
def test_a_difference_is_told_only_where_it_cannot_be_none(
    low: float, high: float, told: str
) -> None:
    """While 0 lies in the interval, the runs may as well be alike."""
    assert verdict(Interval(value=0.1, low=low, high=high)) == told
    for lang in ("en", "zh"):
        assert CommandWords(lang)(f"verdict_{told}", "scalping", "run")


def test_next_commands_can_be_copied_whatever_the_path() -> None:
    """A path with blanks stays one word of the command."""
    say, path = CommandWords("en"), Path("/data/六月 data")
    world = shlex.split(after_simulation(path, say))
    assert world == ["next:", "risk", "train", "--data", str(path), "--out", f"{path}-run"]
    own = shlex.split(after_own_training(path, say))
    assert own[:4] == ["next:", "risk", "evaluate", str(path)]


def test_a_run_is_held_only_against_another_run(tmp_path: Path) -> None:
    """A directory that is none, and options of one run alone, are told before any work."""
    (tmp_path / "run" / "bundle").mkdir(parents=True)
    (tmp_path / "signing.pub").write_text("", "utf-8")
    run = str(tmp_path / "run")
    arguments = [run, "--data", run, "--trust", str(tmp_path / "signing.pub"), "--against"]
    with pytest.raises(ConfigFault, match="not a run of `risk train`"):
        CliRunner().invoke(evaluate, [*arguments, str(tmp_path)], catch_exceptions=False)
    found = CliRunner().invoke(evaluate, [*arguments, run, "--truth", run])
    assert found.exit_code == 2
    assert "--truth does not go with --against" in " ".join(found.output.split())
