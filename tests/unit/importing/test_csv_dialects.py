"""CSV as the world writes it: delimiters, quotes, encodings, blank lines, broken rows."""

import bz2
import codecs
import gzip
import os
from typing import Any

import pytest

_REST = """\
[event]
id = "id"
time = "time"
[entities]
card = "card"
shop = "shop"
[amount]
column = "price"
[labels.fraud]
column = "fraud"
positive = ["1"]
delay = "7d"
"""


def _with_source(**keys: str) -> str:
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"[source]\n{lines}{_REST}"


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_the_delimiter_is_found(bench: Any, payments: str, delimiter: str) -> None:
    """The one under which the mapping's columns stand in the header is taken."""
    bench.run(payments.replace(",", delimiter))
    assert len(bench.events()) == 4


def test_any_other_delimiter_can_be_named(bench: Any, payments: str) -> None:
    """A mapping may say what parts the cells."""
    bench.run(payments.replace(",", "~"), _with_source(delimiter='"~"'))
    assert len(bench.events()) == 4


def test_decimal_commas_and_thousands(bench: Any, payments: str) -> None:
    """1.234,50 is one thousand and so on, when the mapping says so."""
    source = payments.replace(",", ";").replace("12.50", "1.234,50").replace("-3.25", "-3,25")
    bench.run(source, _with_source(decimal='","', thousands='"."'))
    assert bench.column("amount_minor") == [-325, 123450, 700, 10000]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "gb18030"])
def test_encodings(bench: Any, payments: str, encoding: str) -> None:
    """The text is the same whatever bytes it came in."""
    shop = "Zürich" if encoding == "cp1252" else "上海店"
    source = payments.replace("South", shop).encode(encoding)
    bench.run(source, _with_source(encoding=f'"{encoding}"'))
    assert bench.column("entity__shop")[0] == shop


def test_a_byte_order_mark_is_no_part_of_the_first_name(bench: Any, payments: str) -> None:
    """Spreadsheets write one, or two, and the first column is found all the same."""
    for marks in (codecs.BOM_UTF8, 2 * codecs.BOM_UTF8):
        bench.run(marks + payments.encode())
        assert len(bench.events()) == 4


def test_a_file_without_a_header_is_told(bench: Any, payments: str) -> None:
    """When none of the columns is there, the header is what is missing."""
    told = "none of the mapping's columns is there; has the file no header ([source] columns"
    assert told in bench.fault(payments.partition("\n")[2])
    assert told not in bench.fault(payments.replace("card", "crad", 1))


def test_a_header_in_another_encoding_is_told_with_the_likely_one(bench: Any) -> None:
    """Spreadsheets of a Chinese desktop write GB18030: the names are there, but no text."""
    rows = "".join(f"{i},2024-05-0{i} 10:00:00,门店{i}\n" for i in range(1, 9))
    mapping = '[event]\ntime = "时间"\n[entities]\nshop = "门店"\n'
    told = bench.fault(f"编号,时间,门店\n{rows}".encode("gb18030"), mapping)
    assert "the header is not text in utf-8; name another encoding" in told
    assert "likely 'gb18030'" in told
    assert "has the file no header" not in told


def test_a_header_of_which_some_names_are_no_text_tells_the_encoding(bench: Any) -> None:
    """Most names of a German file are ASCII: those that are found hide no wrong encoding."""
    rows = "".join(f"2024-05-0{day},{day},Müller,ja\n" for day in range(1, 9))
    mapping = '[event]\ntime = "Zeit"\n[entities]\nshop = "Händler"\n'
    told = bench.fault(f"Zeit,Höhe,Händler,Betrug\n{rows}".encode("latin-1"), mapping)
    assert "entities.shop names 'Händler'\n" in told
    assert "the header is not text in utf-8; name another encoding" in told
    assert "likely 'cp1252'" in told


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_file_is_known_by_its_bytes(bench: Any, payments: str, pack: Any) -> None:
    """The name does not matter."""
    bench.run(pack(payments.encode()))
    assert len(bench.events()) == 4


def test_windows_line_ends_quotes_and_line_breaks_in_cells(bench: Any, payments: str) -> None:
    """A quoted cell may hold delimiters, quotes and line breaks."""
    source = payments.replace("South", '"So, ""u""\nth"').replace("\n", "\r\n")
    bench.run(source)
    assert bench.column("entity__shop")[0] == 'So, "u"\r\nth'


def test_blank_lines_are_no_rows_but_count_as_numbers(bench: Any, payments: str) -> None:
    """A row's number is its place in the file, empty lines included."""
    first, second, rest = payments.split("\n", 2)
    description = bench.run(f"{first}\n\n{second}\n\n\n{rest}\n\n\n")
    assert description.source.rows == 4
    fault = bench.fault(f"{first}\n\n{second}\n\n\n{rest}".replace("09:00:00Z,,", "9:77,,"))
    assert "row 7: column time: '2024-05-01T9:77'" in fault


def test_a_row_number_is_exact_after_ragged_rows_in_several_blocks(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows with too many or too few cells shift no number, wherever a block ends."""
    monkeypatch.setattr("training.datasets.importing.csv_file._BLOCK_BYTES", 4096)
    lines = ["id,time,card,shop,price,fraud"]
    ragged, bad = [], []
    for row in range(2, 3000):
        line = f"e{row},2024-05-01,c,s,1,{row % 2}"
        if row % 211 == 0:
            line, _ = line + ",more", ragged.append(row)
        elif row % 307 == 0:
            line, _ = "few,cells", ragged.append(row)
        elif row % 401 == 0 or row % 422 == 1:
            line, _ = line.replace("2024-05-01", "never"), bad.append(row)
        lines.append(line)
    mapping = _with_source().replace("[source]\n", "[rows]\nmax_bad_rows = 100\n")
    description = bench.run("\n".join(lines), mapping)
    refused = (bench.out / "refused.csv").read_text().splitlines()[1:]
    assert sorted(int(line.split(",")[0]) for line in refused) == sorted(ragged + bad)
    assert description.source.refused == len(ragged) + len(bad)
    assert description.source.rows == len(lines) - 1
    kept = set(range(2, 3000)) - set(ragged) - set(bad)
    assert {int(key[1:]) for key in bench.column("event_id")} == kept


def test_without_a_header_the_mapping_names_the_columns(bench: Any, payments: str) -> None:
    """The first line is then a row, and its number is 1."""
    header, rows = payments.split("\n", 1)
    names = '["' + '", "'.join(header.split(",")) + '"]'
    bench.run(rows, _with_source(columns=names))
    assert len(bench.events()) == 4
    fault = bench.fault(rows.replace("10:00:00Z", "x", 1), _with_source(columns=names))
    assert "row 1: column time" in fault


def test_what_spreadsheets_add_is_understood(bench: Any, payments: str) -> None:
    """A line with the delimiter before the header, and UTF-16 by its byte order mark."""
    source = "sep=|\r\n" + payments.replace(",", "|")
    bench.run(source.encode("utf-16"))
    assert len(bench.events()) == 4
    fault = bench.fault(source.replace("10:00:00Z", "x", 1).encode("utf-16"))
    assert "row 3: column time" in fault


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parts_with_a_header_each_are_joined_by_cat(bench: Any, payments: str, pack: Any) -> None:
    """A line that is the header again is no row, with a mark before it too; it is counted."""
    header, _ = payments.split("\n", 1)
    parts = [payments, f"\ufeff{header} \r\nb1,2024-05-03T00:00:00Z,4711,North,1,0\n"]
    description = bench.run(b"".join(pack(part.encode()) for part in parts))
    assert bench.column("event_id") == ["a3", "a1", "a2", "a4", "b1"]
    assert description.source.rows == 5
    assert description.source.notes == (
        "1 lines repeat the header, as in joined files; they are not rows",
    )
    parts[1] = parts[1].replace("2024", "never")
    fault = bench.fault(b"".join(pack(part.encode()) for part in parts))
    assert "row 7: column time: 'never-05" in fault


@pytest.mark.parametrize("rows", ["", "[rows]\nmax_bad_rows = 5\n"])
def test_a_header_in_another_order_ends_the_import(bench: Any, payments: str, rows: str) -> None:
    """What follows it would be read into wrong columns, however many rows may be refused."""
    told = bench.fault(payments + "time,id,card,shop,price,fraud\n", rows + _REST)
    assert "row 6 is a header whose columns stand in another order" in told
    assert "docs/own-data.md, Other kinds of files" in told


def test_rows_of_nothing_are_no_header_though_a_column_has_no_name(bench: Any) -> None:
    """An empty cell is the name of no column."""
    text = "id,time,card,shop,price,fraud,\n,,,,,,x\n"
    assert "a header" not in bench.fault(text)


def test_lines_before_the_header_can_be_skipped(bench: Any, payments: str) -> None:
    """They count as rows of the file all the same."""
    source = "Export of May\n;;\n" + payments
    bench.run(source, _with_source(skip_lines="2"))
    assert len(bench.events()) == 4
    fault = bench.fault(source.replace("10:00:00Z", "x", 1), _with_source(skip_lines="2"))
    assert "row 4: column time" in fault


def test_a_cell_in_another_encoding_is_named(bench: Any, payments: str) -> None:
    """The row is refused, not turned into question marks; the advice names the key."""
    fault = bench.fault(payments.replace("South", "Süd").encode("cp1252"))
    assert "row 4: column shop" in fault
    assert "encoding" in fault


def test_a_ragged_row_in_another_encoding_is_not_lost(bench: Any, payments: str) -> None:
    """Arrow alone would drop it without a word."""
    fault = bench.fault(payments.replace("South", "Süd,more").encode("cp1252"))
    assert "row 4: has 7 cells, and the header 6" in fault


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "the file is empty"),
        (b"id,time,card,shop,price,fraud\n", "has no rows"),
        (b"id,time,card,shop,price,fraud", "has no rows"),
        (b"\n\n", "header"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b'{"id": 1}\n', "is JSON; make a Parquet file of it first: docs/own-data.md"),
        (b'[{"id": 1}]', "is JSON"),
        (b"<!DOCTYPE html>", "is a web page"),
        (b"\xfd7zXZ\x00", "is packed with xz"),
        (b"ARROW1\x00\x00", "is an Arrow (Feather) file; make a Parquet file of it: python -c"),
        (b"PAR1rest", "cannot be read as Parquet"),
        # Named, because the bytes of a packed file hold the second in which it was packed.
        pytest.param(
            gzip.compress(b"id,time,card,shop,price,fraud\n" + b"a" * 9000, mtime=0)[:-20],
            "source.csv: ",
            id="truncated-gzip",
        ),
        (b'id,time,card,shop,price,fraud\na1,"2024', "source.csv"),
        (b"id,id,time,card,shop,price,fraud\n1,1,2024-05-01,c,s,1,1\n", "two columns id"),
    ],
)
def test_a_file_that_is_none_says_why(bench: Any, source: bytes, said: str) -> None:
    """Every kind of broken file has its own words, and leaves nothing behind."""
    assert said in bench.fault(source)


def test_a_pipe_is_told_to_be_one(bench: Any, tmp_path: Any) -> None:
    """It is not opened, since nobody may be writing to it."""
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file on disk; write what comes through" in bench.fault(tmp_path / "pipe")


def test_a_missing_file_and_a_directory(bench: Any, tmp_path: Any) -> None:
    """Both are named."""
    assert "no such file" in bench.fault(tmp_path / "none.csv")
    assert "joined by cat" in bench.fault(tmp_path)
