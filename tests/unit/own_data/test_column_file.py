"""Inputs lie in a file without a name, and come back as they were put there."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.errors import ConfigFault
from tests.fixtures.own_inputs import column_file
from training.own_data.inputs.column_file import ColumnFile

VALUES = np.random.default_rng(5).normal(size=(3, 50)).astype(np.float32)
COLUMNS = dict(zip("abc", VALUES, strict=True))


@given(
    at=st.lists(st.integers(0, 49), max_size=30),
    names=st.lists(st.sampled_from("abc"), min_size=1, unique=True),
)
def test_matrix_holds_the_rows_asked_for(at: list[int], names: list[str]) -> None:
    """In any order, some of them twice, and of any columns."""
    rows = np.array(at, np.int64)
    found = column_file(COLUMNS).matrix(rows, tuple(names))
    wanted = np.stack([COLUMNS[name][rows] for name in names], axis=1)
    np.testing.assert_array_equal(found, wanted)


def test_nothing_is_seen_of_the_file_and_nothing_stays(tmp_path: Path) -> None:
    """The directory is as it was, and the descriptor goes with the columns."""
    before = len(os.listdir("/proc/self/fd"))
    columns = ColumnFile(tmp_path, 50)
    columns.add("a", VALUES[0].astype(np.float64))
    columns.add("a", VALUES[1].astype(np.float64) * 1e300)
    assert list(tmp_path.iterdir()) == []
    assert list(columns) == ["a"]
    assert np.isinf(columns["a"]).all()
    del columns
    assert len(os.listdir("/proc/self/fd")) == before


def test_full_disk_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the directory, and is no bug."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    columns = ColumnFile(tmp_path, 50)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ConfigFault, match=r"inputs cannot be written: No space left"):
        columns.add("a", VALUES[0])


def test_what_is_written_in_parts_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes a part of a column is followed by others."""
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda to, data, at: write(to, data[:7], at))
    columns = ColumnFile(tmp_path, 50)
    columns.add("a", VALUES[0])
    np.testing.assert_array_equal(columns["a"], VALUES[0])
