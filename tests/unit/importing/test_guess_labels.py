"""Which column a guess takes for the label, and what it leaves out beside it."""

from pathlib import Path
from typing import Any

from training.datasets.importing.guess.guess import guess_mapping

ROWS = 1_200


def _written(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_an_abusive_claim_is_a_label_and_no_number(tmp_path: Path) -> None:
    """As a number it would be learned from."""
    rows = [
        f"C{i},2024-05-{i % 28 + 1:02d}T10:00:00Z,b{i % 90},{int(i % 21 == 0)}" for i in range(ROWS)
    ]
    header = "claim_id,claimed_at,buyer,abusive"
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows)).en
    assert '[labels.abusive]\ncolumn = "abusive"' in guess
    assert "[numeric]" not in guess


def test_a_verdict_is_known_by_what_it_says_and_when_it_was_given(
    bench: Any, tmp_path: Path
) -> None:
    """Most claims are never looked at; an investigator's word stands with the day of it."""
    rows = []
    for i in range(ROWS):
        seen = i % 3 == 0
        word = ("Betrug" if i % 15 == 0 else "unklar" if i % 9 == 0 else "in Ordnung") * seen
        day = f"{i % 28 + 1:02d}.09.2024" * seen
        rows.append(f"S{i},{i % 28 + 1:02d}.05.2024 10:00,V{i % 90:04d},{i % 40},{day},{word}")
    header = "Schaden-Nr.,Meldezeit,Vertrag,Clerk,Datum der Prüfung,Ergebnis"
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows)).en
    expected = (
        "[labels.ergebnis]", 'positive = ["Betrug"]',
        'known_at = { column = "Datum der Prüfung", format = "%d.%m.%Y" }',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    assert bench.run(tmp_path / "f.csv", guess).labels["ergebnis"].positives == 80


def test_two_values_with_a_time_wherever_there_is_one_are_a_label(tmp_path: Path) -> None:
    """Whatever it is called: what is decided later, of some of the events."""
    rows = [
        f"T{i},2024-05-{i % 28 + 1:02d}T10:00:00Z,r{i % 90},"
        + (f"2024-06-{i % 28 + 1:02d}T10:00:00Z,{'xy'[i % 21 == 0]}" if i % 5 else ",")
        for i in range(ROWS)
    ]
    source = _written(tmp_path / "f.csv", "trip_id,requested_at,rider,looked_at,outcome", rows)
    guess = guess_mapping(source).en
    assert '[labels.outcome]\ncolumn = "outcome"' in guess
    assert 'known_at = "looked_at"' in guess


def test_of_several_labels_none_is_an_input(tmp_path: Path) -> None:
    """The surest is the label; whoever wants another one finds it named."""
    rows = [
        f"{i},2024-05-{i % 28 + 1:02d},m{i % 90},{i % 40},{int(i % 50 == 0)},"
        f"{'YN'[i % 70 > 0]},{'chargeback' if i % 60 == 0 else 'ok'}"
        for i in range(ROWS)
    ]
    header = "ref,at,member,store,complaint?,ATO,dispute"
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows)).en
    assert '[labels.dispute]\ncolumn = "dispute"' in guess
    assert 'positive = ["chargeback"]' in guess
    for name in ("complaint?", "ATO"):
        assert f'# not used: "{name}", a label too' in guess


def test_a_kind_of_event_is_no_label_for_its_values(tmp_path: Path) -> None:
    """Rows of a ledger may be chargebacks: what happened, and not what came of something."""
    rows = [
        f"{i},2024-05-{i % 28 + 1:02d},m{i % 90},{'chargeback' if i % 40 == 0 else 'sale'}"
        for i in range(ROWS)
    ]
    guess = guess_mapping(_written(tmp_path / "f.csv", "ref,at,member,type", rows)).en
    assert "no column looks like a label" in guess
    assert 'type = "type"' in guess


def test_phones_with_and_without_their_country_are_one(bench: Any, tmp_path: Path) -> None:
    """Nobody has two histories for how a clerk typed the number."""
    rows = [
        f"{i},2024-05-{i % 28 + 1:02d},{'+86 ' if i % 3 == 0 else ''}1380000-{i % 40:04d},"
        f"{int(i % 50 == 0)}"
        for i in range(ROWS)
    ]
    source = _written(tmp_path / "f.csv", "ref,at,guest_phone,is_fraud", rows)
    guess = guess_mapping(source).en
    assert r"digits = true, part = '(\d{1,11})$' }" in guess
    bench.run(source, guess)
    assert len(set(bench.column("entity__guest_phone"))) == 40
    source = _written(source, "ref,at,guest_phone,is_fraud", [r.replace("+86 ", "") for r in rows])
    assert "digits = true }" in guess_mapping(source).en


def test_an_id_that_is_counted_up_is_no_time(bench: Any, tmp_path: Path) -> None:
    """Sixteen digits from 1,000,000,000,000,000 on are microseconds of 2001 as well."""
    rows = [
        f"{10**15 + i},{1_740_787_200_000 + i * 60_000},{5_000_000 + i % 97},{i % 7},{i % 9 // 8}"
        for i in range(ROWS)
    ]
    header = "gift_event_id,sent_ms,viewer,gift,is_fraud"
    source = _written(tmp_path / "f.csv", header, rows)
    guess = guess_mapping(source).en
    assert 'time = { column = "sent_ms", format = "unix", unit = "ms" }' in guess
    assert 'id = "gift_event_id"' in guess
    assert 'viewer = "viewer"      #' in guess
    assert bench.run(source, guess).rows == ROWS


def test_what_comes_with_the_day_of_a_return_is_no_input(tmp_path: Path) -> None:
    """The money paid back is no amount of the order, though it is called one."""
    rows = []
    for i in range(ROWS):
        back = i % 4 == 0
        day, money = ("2024-07-05", f"{i % 90 + 5}.50") if back else ("", "0.00")
        reason = "too small" if i % 8 == 0 else "empty box" if back else ""
        told = f"{'SAVE10' if i % 3 else ''},{int(i % 50 == 0)}"
        rows.append(
            f"S{i},2024-06-{i % 28 + 1:02d},c{i % 90},{i % 90 + 5}.50,{day},{money},{reason},{told}"
        )
    header = "order_no,ordered_at,customer,price,returned_at,refund_amount,reason,voucher,fraud"
    guess = guess_mapping(_written(tmp_path / "f.csv", header, rows)).en
    assert '[amount]\ncolumn = "price"' in guess
    for name in ("refund_amount", "reason"):
        assert f'# not used: "{name}", comes with "returned_at", after the event' in guess
    # Of one value, which some orders have: a kind all the same.
    assert 'voucher = "voucher"' in guess
    assert "[labels.fraud]" in guess


def test_the_file_of_this_repository_is_guessed_whole(bench: Any) -> None:
    """Lines of invoices in minor units, sorted by customer, with a time that names its unit."""
    source = Path(__file__).parents[3] / "training" / "simulate" / "data" / "online_retail.parquet"
    guess = guess_mapping(source).en
    assert 'time = { column = "at_s", format = "unix", unit = "s" }' in guess
    assert 'id = "invoice"' in guess
    assert "[group]" in guess
    assert 'column = "unit_price_minor"\ntimes = "quantity"\nminor = true' in guess
    assert '[labels.cancelled]\ncolumn = "cancelled"' in guess
    assert bench.run(source, guess).rows == 18_400
