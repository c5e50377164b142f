"""Guesses on files as shops and wallets export them."""

import csv
from pathlib import Path
from typing import Any

import pytest

from training.datasets.importing.guess.guess import guess_mapping

ROWS = 1_200


def _written(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def _orders() -> list[list[Any]]:
    """Return rows of orders whose further lines leave empty what belongs to the order."""
    rows: list[list[Any]] = []
    for i in range(ROWS):
        at = f"2024-05-{i * 28 // ROWS + 1:02d} 10:00:00 +0200"
        outcome = "chargeback" if i % 40 == 0 else "legit"
        own = [at, f"{i * 7 % 97}.25", "0.00", "EUR", outcome]
        lines = [[f"#{i}", at, f"s{(i + line) % 30}", *own] for line in range(1 + i % 3)]
        rows += [line if at == 0 else [*line[:3], *[""] * 5] for at, line in enumerate(lines)]
    return rows


def test_lines_that_leave_the_order_empty_are_its_lines(bench: Any, tmp_path: Path) -> None:
    """The name of the order is its id, and when it was paid is not when its label was known."""
    header = ["Name", "Created at", "sku", "Paid at", "Total", "Discount Amount"]
    path = _written(tmp_path / "f.csv", [*header, "Currency", "Outcome"], _orders())
    guess = guess_mapping(path).en
    expected = ('id = "Name"', 'column = "Total"', '"Paid at", a time', 'lines = "count"')
    assert [line for line in expected if line not in guess] == []
    assert "known_at" not in guess
    told = bench.run(path, guess)
    assert (told.rows, told.labels["outcome"].positives) == (ROWS, ROWS // 40)


@pytest.mark.parametrize(
    ("told", "start"),
    [
        (("week", "2024-W{w:02d}"), "2024-01-01"),
        (("week", "2024W{w:02d}"), "2024-01-01"),
        (("week", "2024-W{w:02d}-3"), "2024-01-03"),
        (("Date", "{sheet}.25"), "2024-01-01"),
        (("下单日期", "{sheet}"), "2024-01-01"),
    ],
)
def test_weeks_and_days_of_a_spreadsheet_are_times(
    bench: Any, tmp_path: Path, told: tuple[str, str], start: str
) -> None:
    """A week is its Monday, and a number about 45,000 under a name of a time is a day."""
    rows = [
        [i, told[1].format(w=i % 50 + 1, sheet=45_292 + i % 350), f"c{i % 9}", i % 5 == 0]
        for i in range(ROWS)
    ]
    path = _written(tmp_path / "f.csv", ["id", told[0], "card", "fraud"], rows)
    found = bench.run(path, guess_mapping(path).en)
    assert (found.start.date().isoformat(), found.end.year) == (start, 2024)


def test_an_amount_of_that_size_is_no_day(tmp_path: Path) -> None:
    """Only what is called like a time is one."""
    rows = [[i, f"2024-05-{i % 28 + 1:02d}", 45_000 + i % 900, i % 5 == 0] for i in range(ROWS)]
    path = _written(tmp_path / "f.csv", ["id", "date", "salary", "fraud"], rows)
    assert '[numeric]\nsalary = "salary"' in guess_mapping(path).en


def test_what_nobody_knows_is_no_negative(bench: Any, tmp_path: Path) -> None:
    """Rows whose label is called unknown have none."""
    kinds = ("unknown", "2", "unknown", "2", "1")
    rows = [[i, f"2024-05-{i % 28 + 1:02d}", f"c{i % 9}", kinds[i % 5]] for i in range(ROWS)]
    path = _written(tmp_path / "f.csv", ["txId", "date", "card", "class"], rows)
    guess = guess_mapping(path).en
    assert 'positive = ["1"]\nunlabelled = ["unknown"]' in guess
    label = bench.run(path, guess).labels["class"]
    assert (label.positives, label.negatives) == (ROWS // 5, 2 * ROWS // 5)


def test_of_two_values_unknown_is_the_negative_one(bench: Any, tmp_path: Path) -> None:
    """Where nothing else is said, who is not known to be bad is good."""
    rows = [
        [i, f"2024-05-{i % 28 + 1:02d}", f"c{i % 9}", "fraud" if i % 5 == 0 else "unknown"]
        for i in range(ROWS)
    ]
    path = _written(tmp_path / "f.csv", ["id", "date", "card", "label"], rows)
    guess = guess_mapping(path).en
    assert "unlabelled" not in guess
    assert bench.run(path, guess).labels["label"].negatives == ROWS * 4 // 5


def test_a_summary_behind_the_rows_is_left_out_and_counted(bench: Any, tmp_path: Path) -> None:
    """Bills of wallets end with a line of dashes and their sums; broken rows amid others do not."""
    rows = [[i, f"2024-05-{i % 28 + 1:02d}", f"c{i % 9}", i % 5 == 0] for i in range(ROWS)]
    header = ["id", "date", "card", "fraud"]
    path = _written(tmp_path / "f.csv", header, [*rows, ["-----"], ["共1200笔"]])
    guess = guess_mapping(path).en
    assert "max_bad_rows = 2      # lines of another width" in guess
    assert bench.run(path, guess).rows == ROWS
    path = _written(tmp_path / "g.csv", header, [*rows[:9], ["broken"], *rows[9:], ["共1200笔"]])
    assert "max_bad_rows" not in guess_mapping(path).en


def test_columns_of_one_name_are_told(tmp_path: Path) -> None:
    """Nothing is left out unsaid."""
    rows = [[i, f"2024-05-{i % 28 + 1:02d}", f"c{i % 9}", 1, 2, i % 5 == 0] for i in range(60)]
    header = ["id", "date", "card", "value", "value", "fraud"]
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows))
    assert 'columns = ["id", "date", "card", "value", "value 2", "fraud"]' in guess.en
    assert "several columns have one name" in guess.en
    assert "有几列同名" in guess.zh


def test_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    """Nothing is left out unsaid: tables of Python have their row numbers there."""
    rows = [[i, f"2024-05-{i % 28 + 1:02d}", f"c{i % 9}", i % 5 == 0] for i in range(60)]
    guess = guess_mapping(_written(tmp_path / "f.csv", ["", "date", "card", "fraud"], rows))
    assert '# not used: "", a column without a name' in guess.en


def test_one_amount_of_a_thousand_tells_how_numbers_are_written(bench: Any, tmp_path: Path) -> None:
    """The guess reads it, though it is one of more rows than a slip of the pen is."""
    rows = [
        [i, f"2024-05-{i % 28 + 1:02d}", f"c{i % 9}", f"¥{1_040.5 if i == 900 else i % 97:,.2f}"]
        for i in range(ROWS)
    ]
    rows = [[*row, i % 5 == 0] for i, row in enumerate(rows)]
    path = _written(tmp_path / "f.csv", ["id", "date", "card", "金额", "fraud"], rows)
    guess = guess_mapping(path).en
    assert 'decimal = "."\nthousands = ","' in guess
    assert bench.run(path, guess).rows == ROWS


@pytest.mark.parametrize(("id_of", "is_told"), [("u{:x}", True), ("", True), ("{}", True)])
def test_an_id_that_other_rows_tell_is_somebody_too(
    bench: Any, tmp_path: Path, id_of: str, is_told: bool
) -> None:
    """Who was invited invites others; so does one whose id is counted up."""
    ids = [id_of.format(i) if id_of else str(10**9 + i * 7919) for i in range(ROWS)]
    by = [ids[i - 1 - i // 3 % 7] if i % 2 and i > 9 else "" for i in range(ROWS)]
    rows = [[ids[i], f"2024-05-{i // 45 + 1:02d}", by[i], i % 9 == 0] for i in range(ROWS)]
    path = _written(tmp_path / "f.csv", ["user_id", "date", "invited_by", "fraud"], rows)
    guess = guess_mapping(path).en
    told = 'user_id = "user_id"      # "invited_by" tells ids of other rows'
    assert (f"[entities]\n{told}" in guess) is is_told
    assert 'id = "user_id"\n' in guess
    assert ("user_id" in bench.run(path, guess).entities) is is_told


def test_a_copy_of_the_id_refers_to_nothing(tmp_path: Path) -> None:
    """A second number of the same order tells of its own row."""
    rows = [
        [f"o{i}", f"2024-05-{i % 28 + 1:02d}", f"o{i}" if i % 2 else "", f"c{i % 9}", i % 5 == 0]
        for i in range(ROWS)
    ]
    header = ["order_id", "date", "merchant_order_id", "card", "fraud"]
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows)).en
    assert "other rows" not in guess


@pytest.mark.parametrize(
    ("written", "decimal", "thousands"),
    [("{} 234,50", ",", " "), ("{}\u202f234,50 €", ",", " "), ("CHF {}'234.50", ".", "'")],
)
def test_thousands_may_stand_apart_by_a_blank(
    bench: Any, tmp_path: Path, written: str, decimal: str, thousands: str
) -> None:
    """As in French, Polish, Czech and Swedish exports; a phone in threes is no number."""
    rows = [
        f"o{i};2024-05-{i % 28 + 1:02d};+33 612 345 {i % 900 + 100};"
        f"{written.format(i % 9 + 1)};{int(i % 7 == 0)}"
        for i in range(ROWS)
    ]
    path = tmp_path / "f.csv"
    path.write_text("\n".join(["order_id;date;contact;montant;fraud", *rows]), encoding="utf-8")
    guess = guess_mapping(path).en
    assert f'decimal = "{decimal}"\nthousands = "{thousands}"' in guess
    assert '[amount]\ncolumn = "montant"' in guess
    assert "[numeric]" not in guess
    bench.run(path, guess)


def test_an_emptied_balance_is_no_id(tmp_path: Path) -> None:
    """Most balances are 0, as the first id is; the few others tell ids of later rows too."""
    count = 6_000
    balances = [i * 37 % count if i % 100 == 0 else 0 for i in range(count)]
    rows = [
        [i, f"2024-05-{i * 28 // count + 1:02d}", f"c{i % 9}", balances[i], i % 9 == 0]
        for i in range(count)
    ]
    header = ["id", "date", "payer", "balance_after", "fraud"]
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows)).en
    assert "other rows" not in guess


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("as_they_come", [False, True])
def test_clients_that_are_counted_are_no_orders(
    tmp_path: Path, newest_first: bool, as_they_come: bool
) -> None:
    """Clients 1 to 400 have numbers of orders, be they numbered as they come or not."""
    known = [i // 3 if as_they_come else 400 for i in range(ROWS)]
    clients = [most - i * 7 % max(most, 1) for i, most in enumerate(known)]
    rows = [
        [i, f"2024-05-{i * 28 // ROWS + 1:02d}", clients[i], i % 9 == 0] for i in range(1, ROWS)
    ]
    rows = rows[::-1] if newest_first else rows
    path = _written(tmp_path / "f.csv", ["order_id", "date", "client", "fraud"], rows)
    assert "other rows" not in guess_mapping(path).en
