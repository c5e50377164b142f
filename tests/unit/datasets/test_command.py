"""``risk dataset prepare``: figures as JSON, one clear line on a fault."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.identity.keys import IdentityKey, write_identity_key
from training.cli.dataset import dataset


@pytest.fixture
def key_file(tmp_path: Path, key: IdentityKey) -> Path:
    """Return a private key file."""
    path = tmp_path / "identity.key"
    write_identity_key(path, key)
    return path


def _arguments(raw_data: Any, key_file: Path, out: Path) -> list[str]:
    return [
        "prepare", "--data", str(raw_data.directory), "--identity-key", str(key_file),
        "--out", str(out),
    ]  # fmt: skip


def test_the_command_writes_the_warehouse_and_its_figures(
    raw_data: Any, key_file: Path, tmp_path: Path
) -> None:
    """The JSON names rows, key and schema; the key itself is nowhere in the output."""
    figures = tmp_path / "figures.json"
    arguments = [*_arguments(raw_data, key_file, tmp_path / "w"), "--json", str(figures)]
    result = CliRunner().invoke(dataset, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "40 orders" in result.output
    document = json.loads(figures.read_text())
    assert document["rows"]["orders"] == 40
    assert document["key_id"] == "k1"
    assert json.loads(key_file.read_text())["secret_hex"] not in result.output


def test_a_fault_reaches_the_caller_as_ours(raw_data: Any, key_file: Path, tmp_path: Path) -> None:
    """``risk`` turns errors of our tree into one line; the command must not hide them."""
    raw_data.spoil("orders", 5, "goods_minor", -1)
    with pytest.raises(DataFault, match=r"orders\.parquet, row 5: column goods_minor"):
        CliRunner().invoke(
            dataset, _arguments(raw_data, key_file, tmp_path / "w"), catch_exceptions=False
        )


def test_a_key_that_others_may_read_stops_the_command(
    raw_data: Any, key_file: Path, tmp_path: Path
) -> None:
    """Nothing is read before the key is sound."""
    key_file.chmod(0o644)
    with pytest.raises(ConfigFault, match="chmod 600"):
        CliRunner().invoke(
            dataset, _arguments(raw_data, key_file, tmp_path / "w"), catch_exceptions=False
        )
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["prepare", "--help"]])
def test_help_shows_an_example(arguments: list[str]) -> None:
    """A command that can be copied stands in the help."""
    result = CliRunner().invoke(dataset, arguments)
    assert "risk dataset prepare --data world" in " ".join(result.output.split())
