"""``risk simulate`` and the reader of the truth: good use, bad use, clear errors."""

import json
import re
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from risk_service.domain.errors import ConfigFault, DataFault
from training.cli.simulate import simulate as command
from training.simulate.kinds import MATURITY_DAYS
from training.simulate.online_retail import read_copy
from training.simulate.settings import BASES, FEWEST_DAYS, FEWEST_ORDERS, WorldSettings
from training.simulate.write import simulate
from training.split import days_needed
from training.truth import read_truth

GOOD = {"seed": 1, "days": 28, "orders": 2_000}


def _run(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments])


def test_the_command_writes_a_world_and_a_summary(tmp_path):
    """Data, truth and summary land where the options say."""
    out, truth, summary = tmp_path / "w", tmp_path / "t", tmp_path / "s.json"
    wanted = ("--seed", 1, "--days", 28, "--orders", 2_000, "--end", "2025-03-31")
    result = _run(*wanted, "--out", out, "--truth", truth, "--json", summary)
    assert result.exit_code == 0, result.output
    told = json.loads(summary.read_text())
    assert told["rows"]["orders"] == 2_000
    assert (truth / "truth.parquet").exists()
    assert "end = 2025-04-01T00:00:00Z" in (out / "dataset.toml").read_text()


@pytest.mark.parametrize("base", BASES)
def test_the_smallest_world_is_what_was_asked_for(tmp_path, base):
    """A week of 500 orders is written to the order; the command says that it trains nothing."""
    small = ("--seed", 4, "--days", FEWEST_DAYS, "--orders", FEWEST_ORDERS, "--base", base)
    result = _run(*small, "--out", tmp_path / "w")
    assert result.exit_code == 0, result.output
    assert pq.read_metadata(tmp_path / "w" / "orders.parquet").num_rows == FEWEST_ORDERS
    needed = days_needed(max(MATURITY_DAYS))
    assert f"note: 7 days are too short a world to train on: risk train needs {needed}" in (
        result.output
    )


def test_the_days_that_help_names_are_those_that_training_needs():
    """Who takes the number of the help can train, and so can who copies its example."""
    needed, told = days_needed(max(MATURITY_DAYS)), " ".join(_run("--help").output.split())
    assert f"at least {FEWEST_DAYS}; to train on, {needed}." in told
    assert f"at least {FEWEST_ORDERS}." in told
    assert int(re.search(r"Example: .* --days (\d+)", told)[1]) >= needed


def test_help_has_an_example():
    """The help shows how to call the command."""
    assert "Example: risk simulate --seed" in _run("--help").output


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"days": 3}, "--days"),
        ({"orders": 10}, "--orders"),
        ({"seed": -1}, "--seed"),
        ({"base": "moon"}, "--base"),
        ({"end": date(1900, 1, 1)}, "--end"),
    ],
)
def test_impossible_worlds_are_refused_by_option(change, named):
    """The error names the option that is out of range."""
    with pytest.raises(ConfigFault, match=named):
        WorldSettings(**(GOOD | change))


def test_a_full_directory_is_never_overwritten(tmp_path):
    """An existing data set stays as it is."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "keep.txt").write_text("mine")
    with pytest.raises(ConfigFault, match="not an empty directory"):
        simulate(WorldSettings(**GOOD), tmp_path / "w")
    assert [path.name for path in tmp_path.rglob("*")] == ["w", "keep.txt"]


def test_the_truth_may_not_lie_inside_the_data_set(tmp_path):
    """Who trains on a directory must not find the truth in it."""
    with pytest.raises(ConfigFault, match="apart"):
        simulate(WorldSettings(**GOOD), tmp_path / "w", tmp_path / "w" / "truth")


def test_a_failed_run_leaves_nothing_behind(tmp_path):
    """When the world breaks off, neither drafts nor half a data set remain."""

    def stop(what, share):
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        simulate(WorldSettings(**GOOD), tmp_path / "w", progress=stop)
    assert list(tmp_path.iterdir()) == []


def _truth(directory, **columns):
    row = {
        "order_id": ["a", "b"],
        "account_id": ["x", "x"],
        "abuse": ["", "refund"],
        "strategy": ["", "serial_refunder"],
        "ring_id": ["", "r1"],
        "persona": ["plain", ""],
        "blocked": [False, False],
    }
    pq.write_table(pa.table(row | columns), directory / "truth.parquet")


def test_truth_faults_are_named(tmp_path):
    """Missing file, no Parquet, unknown abuse, repeated order: file and row are named."""
    with pytest.raises(DataFault, match="cannot read"):
        read_truth(tmp_path)
    _truth(tmp_path)
    assert read_truth(tmp_path).num_rows == 2
    _truth(tmp_path, abuse=["", "theft"])
    with pytest.raises(DataFault, match="row 2: unknown abuse 'theft'"):
        read_truth(tmp_path)
    _truth(tmp_path, order_id=["a", "a"])
    with pytest.raises(DataFault, match="twice"):
        read_truth(tmp_path)
    _truth(tmp_path, blocked=["maybe", "no"])
    with pytest.raises(DataFault, match="another type"):
        read_truth(tmp_path)
    (tmp_path / "truth.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(DataFault, match="cannot read"):
        read_truth(tmp_path)


def test_a_broken_packaged_copy_is_a_data_fault(tmp_path):
    """Foreign columns or a missing file of the packaged baskets name the file."""
    with pytest.raises(DataFault, match="cannot read the packaged baskets"):
        read_copy(tmp_path / "none.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DataFault, match="expected the columns"):
        read_copy(tmp_path / "other.parquet")
