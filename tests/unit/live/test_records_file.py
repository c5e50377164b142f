"""The file of packed records: what is written is read, what has expired goes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.adapters.live.records_file import (
    ROWS_PER_TRANSACTION,
    Reached,
    RecordsFile,
    Row,
    key_of,
)

REACHED = Reached("plans", 7, 8, "a b")
NAMED = st.dictionaries(st.text(max_size=3), st.binary(max_size=40), max_size=40)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RecordsFile]:
    """Return an empty file."""
    opened = RecordsFile(tmp_path)
    yield opened
    opened.close()


def rows(named: dict[str, bytes], expires_us: int = 1) -> list[Row]:
    """Return rows of one key group."""
    return [Row(key_of(3, name), expires_us, record) for name, record in named.items()]


def read(file: RecordsFile, named: dict[str, bytes]) -> dict[str, bytes]:
    """Return what the file has of these names."""
    return {name: record for (_, name), record in file.load([(3, n) for n in named]).items()}


@given(before=NAMED, after=NAMED)
def test_the_last_record_written_of_a_key_is_read(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    """Whatever bytes records are, empty ones too, a key has those that were written last."""
    file = RecordsFile(tmp_path_factory.mktemp("records"))
    file.write(rows(before), REACHED)
    file.write(rows(after), REACHED)
    assert read(file, before | after) == before | after
    assert file.reached() == REACHED
    file.close()


def test_more_rows_than_a_transaction_takes_are_all_written(file: RecordsFile) -> None:
    """A checkpoint of several statements and transactions loses none of its rows."""
    named = {str(n): b"%d" % n for n in range(2 * ROWS_PER_TRANSACTION + 3)}
    file.write(rows(named), REACHED)
    assert read(file, named) == named


def test_a_checkpoint_that_breaks_off_has_noted_what_its_records_rest_on(
    file: RecordsFile,
) -> None:
    """Records of a broken one may be ahead; so the file is of logs that have its rows only."""
    file.write([], REACHED)
    named = {str(n): b"%d" % n for n in range(ROWS_PER_TRANSACTION)}
    broken = Row(b"\xff" * 16, 1, None)  # type: ignore[arg-type]  # what makes it break off
    with pytest.raises(TypeError):
        file.write([broken, *rows(named)], Reached("plans", 9, 10, "b c"))
    assert read(file, named) == named
    assert file.reached() == Reached("plans", 7, 8, "a b c")


def test_a_round_of_sweeping_deletes_what_has_expired_and_nothing_else(file: RecordsFile) -> None:
    """Some rows at a time, and when the end is reached it begins anew."""
    old, new = {f"o{n}": b"old" for n in range(30)}, {f"n{n}": b"new" for n in range(30)}
    file.write([*rows(old, 10), *rows(new, 11)], REACHED)
    assert sum(file.sweep(10, 7) for _ in range(9)) == len(old)
    assert read(file, old | new) == new
    assert sum(file.sweep(11, 7) for _ in range(9)) == len(new)
    assert read(file, old | new) == {}


def test_a_checkpoint_asks_nothing_of_the_connection_that_orders_read_by(
    file: RecordsFile,
) -> None:
    """It is written by another thread, which an order would have to wait for."""
    asked: list[str] = []
    file._reader.set_trace_callback(asked.append)
    file.write(rows({"a": b"1"}), REACHED)
    file.sweep(0, 7)
    assert asked == []
    assert read(file, {"a": b""}) == {"a": b"1"}
    assert len(asked) == 1
