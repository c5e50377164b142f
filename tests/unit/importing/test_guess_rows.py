"""Guesses of which lines are rows, and which rows are events."""

import json
from pathlib import Path
from typing import Any

from training.datasets.importing.guess.guess import guess_mapping

ROWS = 1_200


def _file(path: Path, *, before: str = "", rows: list[str] | None = None) -> Path:
    header = "order_id,created_at,card,amount,fraud\n"
    path.write_text(before + header + "\n".join(rows or _rows()) + "\n", "utf-8")
    return path


def _rows() -> list[str]:
    return [
        f"o{i},2024-05-{i % 28 + 1:02d} 10:00:00,c{i % 90},{i % 97}.25,{i % 40 == 0:d}"
        for i in range(ROWS)
    ]


def test_a_title_that_is_filled_up_with_delimiters_is_no_header(bench: Any, tmp_path: Path) -> None:
    """Spreadsheets and bills of wallets make every line as wide as the table."""
    before = "Orders of May,,,,\n,,,,\nshop: North,from 2024-05-01,,,\n"
    path = _file(tmp_path / "f.csv", before=before)
    guess = guess_mapping(path).en
    assert "skip_lines = 3\n" in guess
    assert bench.run(path, guess).rows == ROWS


def test_rows_that_stand_twice_are_taken_once(bench: Any, tmp_path: Path) -> None:
    """Exports that overlap repeat whole rows; these are no lines of an order, nor two events."""
    path = _file(tmp_path / "f.csv", rows=[*_rows(), *_rows()[:200]])
    guess = guess_mapping(path)
    assert 'on_duplicate = "keep_first"      # rows of one id are the same' in guess.en
    assert "编号相同的行各列都相同" in guess.zh
    assert "[group]" not in guess.en
    assert bench.run(path, guess.en).rows == ROWS


def test_lines_that_differ_are_lines(bench: Any, tmp_path: Path) -> None:
    """Of two rows of one order each has its own amount: the order has their sum."""
    again = [row.replace(".25,", ".50,") for row in _rows()[:200]]
    path = _file(tmp_path / "f.csv", rows=[*_rows(), *again])
    guess = guess_mapping(path).en
    assert "on_duplicate" not in guess
    assert "[group]" in guess
    assert bench.run(path, guess).rows == ROWS


def test_a_german_sheet_is_read_whole(bench: Any, tmp_path: Path) -> None:
    """Its days are numbers with a decimal comma, and its order numbers one word."""
    rows = [f"A{i};{45_292 + i * 0.0625:.4f};{i % 90}".replace(".", ",") for i in range(ROWS)]
    text = "Auftragsnummer;Datum;Kunde;Betrug\n" + "".join(
        f"{row};{'Ja' if i % 9 == 0 else 'Nein'}\n" for i, row in enumerate(rows)
    )
    (tmp_path / "f.csv").write_text(text, "utf-8-sig")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert 'decimal = ","' in guess
    assert 'id = "Auftragsnummer"' in guess
    told = bench.run(tmp_path / "f.csv", guess)
    assert (told.start.date().isoformat(), told.end.date().isoformat()) == (
        "2024-01-01",
        "2024-03-15",
    )


def test_what_objects_in_cells_name_is_cut_out(bench: Any, tmp_path: Path) -> None:
    """The address in a payment's metadata makes histories; what came of the payment is no input."""
    rows = ["id,created,metadata,fraud"]
    for i in range(ROWS):
        own = {"ip": f"10.0.{i % 90}.1", "device_id": i % 70, "app": "ab"[i % 2]}
        cell = json.dumps(own | {"refund": "yn"[i % 2]}).replace('"', '""')
        rows.append(f'{i},2024-05-{i % 28 + 1:02d},"{cell}",{i % 40 == 0:d}')
    (tmp_path / "f.csv").write_text("\n".join(rows) + "\n", "utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert "refund" not in guess
    told = bench.run(tmp_path / "f.csv", guess)
    assert sorted(told.entities) == ["device_id", "ip"]
    assert list(told.categorical) == ["app"]
    assert bench.column("entity__ip")[:2] == ["10.0.0.1", "10.0.28.1"]
    assert bench.column("entity__device_id")[:2] == ["0", "28"]
