"""docs/own-data.md: its mappings can be read, its commands run, and no key is left out."""

import re
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from training.cli.dataset import dataset
from training.datasets.importing import specs
from training.datasets.importing.mapping import EventMapping, parse_mapping, read_mapping
from training.datasets.own_events import read_own_description

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.toml"))
IMPORTS = re.findall(r"^risk (dataset import .*)$", PAGE, re.MULTILINE)
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXPECTED = {
    "invoices": (18_400, "cancelled", 3_423, 14_977),
    "registrations": (20_000, "fraud", 1_004, 18_996),
    "cards": (1_611, "fraud", 95, 715),
    "retail": (19_960, "cancelled", 2_861, 10_856),
}


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_mappings_of_the_page_can_be_read(text: str) -> None:
    """Who copies one starts without a fault."""
    assert parse_mapping(text, "page").mapping.entities


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_files_can_be_read_and_are_on_the_page(path: Path) -> None:
    """Each is explained where it is looked for."""
    assert read_mapping(path).mapping.labels
    assert f"examples/{path.name}" in PAGE


def test_other_kinds_of_files_become_one_of_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of the page, on nested JSON lines, on parts of a table and on two tables."""
    monkeypatch.chdir(tmp_path)
    line = (
        '{"order": {"id": %d, "placed_at": "2024-05-01T10:00:00+02:00"}, "buyer": {"card": "c"}, '
    )
    lines = [line % number + '"seats": ["1", "2"]}\n' for number in (1, 2)]
    (tmp_path / "orders.jsonl").write_text("".join(lines))
    (tmp_path / "parts").mkdir()
    for part in "ab":
        pq.write_table(pa.table({"id": [part]}), tmp_path / "parts" / f"{part}.parquet")
    (tmp_path / "parts" / "a.csv").write_text("id,fee\n007,1\n")
    (tmp_path / "parts" / "b.csv").write_text("fee,id\n2,008\n")
    (tmp_path / "orders.csv").write_text("order_id,total\n01,5\n02,6\n")
    (tmp_path / "devices.csv").write_text("order_id,device\n02,d\n")
    commands = re.findall(r"^python -c .*$", PAGE, re.MULTILINE)
    for command in commands:
        _, flag, code = shlex.split(command)
        subprocess.run([sys.executable, flag, code], check=True)
    orders = pq.read_table(tmp_path / "orders.parquet").to_pylist()
    at = datetime(2024, 5, 1, 8)  # noqa: DTZ001 - DuckDB gives UTC without saying so
    assert orders[0] == {"id": 1, "placed_at": at, "card": "c", "seats": 2}
    assert pq.read_table(tmp_path / "all.parquet").column("id").to_pylist() == ["a", "b"]
    parts = [{"id": "007", "fee": "1"}, {"id": "008", "fee": "2"}]
    assert pq.read_table(tmp_path / "parts.parquet").to_pylist() == parts
    joined = pq.read_table(tmp_path / "joined.parquet").to_pylist()
    assert sorted((row["order_id"], row["device"]) for row in joined) == [("01", None), ("02", "d")]


def test_the_readme_imports_what_comes_with_the_repository() -> None:
    """Who has a clone and no data of their own can run its commands."""
    told = re.findall(r"^risk (dataset import .*)$", README, re.MULTILINE)
    assert told
    assert [one for one in told if one not in IMPORTS] == []
    assert all((ROOT / shlex.split(one)[4]).is_file() for one in told)


def test_every_key_of_a_mapping_is_on_the_page() -> None:
    """A key that nobody can find is no key."""
    tables = (EventMapping, *specs.SpecTable.__subclasses__())
    keys = {key for table in tables for key in table.model_fields}
    assert len(keys) > 30
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", PAGE)] == []


@pytest.mark.parametrize("command", IMPORTS, ids=lambda command: shlex.split(command)[-1])
def test_the_commands_run_as_written(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the root of the repository, with the public files beside it."""
    arguments = shlex.split(command)[1:]
    source, out = Path(arguments[3]), arguments[-1]
    if not (ROOT / source).is_file():
        pytest.skip(f"{source} is not here")
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(
        dataset, [*arguments[:-1], str(tmp_path / out)], catch_exceptions=False
    )
    assert result.exit_code == 0
    description = read_own_description(tmp_path / out)
    events, name, positives, negatives = EXPECTED[out]
    label = description.labels[name]
    assert (description.rows, label.positives, label.negatives) == (events, positives, negatives)
