"""The description of a set of own events: read as written, refused when it does not fit."""

import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import DataFault
from tests.fixtures.own_data import write_example
from training.datasets.own_events import (
    is_own_events,
    read_own_description,
    verify_own_files,
)
from training.datasets.toml_text import toml_text


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Names, ranges and counts come back; columns stand in the order of the description."""
    written = write_example(tmp_path, events=200)
    read = read_own_description(tmp_path)
    assert read == written
    assert list(read.entities) == ["card", "terminal"]
    assert read.events_schema.names == pq.read_schema(tmp_path / "events.parquet").names
    verify_own_files(tmp_path, read)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "events"', 'kind = "promotion"', "risk dataset import"),
        ("rows = 200\nstart", "rows = 199\nstart", "has 200 rows"),
        ('card = "card', 'Card = "card', "entities"),
        ("exponent = 2", "exponent = 99", "amount.exponent"),
        ("exponent = 2", "exponent = ", "cannot be read as TOML"),
        ("terminal =", "shop =", "column entity__shop is missing"),
        ("delay_s = 604800", "delay_s = -1", "labels.fraud.delay_s"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """The message names the entry, or the file that has other rows or columns."""
    write_example(tmp_path, events=200)
    path = tmp_path / "dataset.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFault, match=said):
        read_own_description(tmp_path)


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    """The hash in the description is of the bytes."""
    description = write_example(tmp_path, events=200)
    with (tmp_path / "labels.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataFault, match=r"labels\.parquet: was changed"):
        verify_own_files(tmp_path, description)


def test_a_directory_without_events_says_so(tmp_path: Path) -> None:
    """A missing description is an error with advice, and no kind at all."""
    assert not is_own_events(tmp_path)
    with pytest.raises(DataFault, match="was it imported"):
        read_own_description(tmp_path)
    write_example(tmp_path, events=50)
    assert is_own_events(tmp_path)


def test_any_text_survives_the_writer() -> None:
    """Quotes, controls, emoji and Chinese come back from a TOML reader unchanged."""
    document = {
        "a": 'q"\\\n\t\x7f\x01',
        "list": ["支付宝", "😀"],
        "flag": True,
        "part": {"a b": 1.5, "empty": {}, "deeper": {"ö": -3}},
    }
    assert tomllib.loads(toml_text(document)) == document
