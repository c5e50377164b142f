"""What commands on own data print of a shop's file: its texts act upon no terminal."""

import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from training.cli import own_data
from training.cli.dataset import dataset
from training.cli.own_data import train_own_events
from training.cli.words import CommandWords
from training.report.words import Note

CLEAR, TURNED = "\x1b[2J", "\u202e"
FOUND = {"value": 0.5, "low": 0.4, "high": 0.6}
FIGURES = {
    "data_set": f"shop{CLEAR}{TURNED}[red]",
    "label": "fraud",
    "events": 9,
    "positives": 1,
    "base_rate": 0.1,
    "served": "+ windows",
    "comparison": {"+ windows": dict.fromkeys(own_data.METRICS, FOUND)},
    "seconds": {"read": 1.0},
}


def test_a_mapping_of_strange_names_is_the_same_mapping(tmp_path: Path) -> None:
    """Names of columns and values are escaped in TOML's own way, so that they still match."""
    source = tmp_path / "s.csv"
    lines = [f"{n},2024-01-{1 + n % 28:02d},c{n % 20},a{n % 3},{n % 7 == 0}" for n in range(300)]
    kind, fraud = f"k{TURNED}ind", f"is_fraud{CLEAR}"
    source.write_text("\n".join([f"id,time,card,{kind},{fraud}", *lines]), "utf-8")
    found = CliRunner().invoke(dataset, ["mapping", str(source)], catch_exceptions=False)
    assert CLEAR not in found.output
    assert TURNED not in found.output
    told = tomllib.loads(found.output)
    assert [kind] == list(told["categorical"].values())
    assert [fraud] == [one["column"] for one in told["labels"].values()]


def test_an_import_tells_the_name_of_its_directory_escaped(tmp_path: Path) -> None:
    """What stands in a name is seen, in the summary and in the command to copy."""
    source = tmp_path / "s.csv"
    source.write_text("at,fraud\n2024-01-01,0\n2024-01-02,1\n", "utf-8")
    mapping = tmp_path / "m.toml"
    label = '[labels.fraud]\ncolumn = "fraud"\npositive = [1]\ndelay = "0s"\n'
    mapping.write_text(f'[event]\ntime = "at"\n[entities]\n{label}', "utf-8")
    given = ["import", "--mapping", str(mapping), str(source), "--out"]
    out = tmp_path / f"o{TURNED}"
    found = CliRunner().invoke(dataset, [*given, str(out)], catch_exceptions=False)
    assert "o\\u202e: 2 events" in found.output
    assert TURNED not in found.output


def test_a_training_tells_names_and_notes_escaped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the terminal nor the table's markup acts upon the name of a data set."""
    note = Note(f"a{CLEAR}{TURNED}", f"b{TURNED}")
    done = SimpleNamespace(metrics=FIGURES, warnings=(note,))
    monkeypatch.setattr(own_data, "train_own", lambda *_: done)
    train_own_events(SimpleNamespace(out=tmp_path), None, CommandWords("en"))
    told = capsys.readouterr().out
    assert "shop\\x1b[2J\\u202e[red], label fraud" in told
    assert "note: a\\x1b[2J\\u202e" in told
    assert CLEAR not in told
    assert TURNED not in told
