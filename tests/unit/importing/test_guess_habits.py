"""Habits of people who keep files: lines of orders, marks, full-width digits, dashes."""

from pathlib import Path
from typing import Any

import pytest

from training.datasets.importing.guess.guess import guess_mapping


def _lines(count: int = 1_500) -> str:
    """Return a shop's order lines as exported there: the header twice, a total at the end."""
    header = (
        "Bestell-Nr;Bestelldatum;Kunden-E-Mail;Artikel;Menge;Einzelpreis;Retoure am;Grund;Zurück"
    )
    rows = []
    for i in range(count):
        order, back = i // 2, i % 11 == 0
        rows.append(
            f"B{order};{order % 28 + 1:02d}.05.2024 10:{order % 60:02d};k{order % 90}@x.de;"
            f"A{i % 70};{i % 3 + 1};1.0{i % 90 + 10},50;{'30.06.2024' if back else ''};"
            f"{'zu klein' if back else ''};{f'{i},50' if back else '0,00'}"
        )
    return "\n".join([header, *rows[:700], header, *rows[700:], "Summe;;;;;9.999,00;;;"]) + "\n"


def test_a_guess_sees_lines_of_orders_and_what_came_of_them(bench: Any, tmp_path: Path) -> None:
    """No column is called a label; the rest of what a return brings would give it away."""
    source = tmp_path / "f.csv"
    source.write_bytes(_lines().encode("cp1252"))
    guess = guess_mapping(source).en
    expected = (
        'decimal = ","\nthousands = "."', 'id = "Bestell-Nr"',
        'column = "Einzelpreis"\ntimes = "Menge"',
        'artikel = "Artikel"      #', '[labels.retoure_am]\nwhen = ["\\"Retoure am\\" present"]',
        'known_at = { column = "Retoure am", format = "%d.%m.%Y" }', '\nlines = "count"',
        '# not used: "Grund", a label too', '# not used: "Zurück", a label too',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    assert "is it a total? [rows] where leaves such lines out" in bench.fault(source, guess)
    guess = guess.replace("[event]", "[rows]\nwhere = ['Artikel present']\n\n[event]")
    told = bench.run(source, guess.replace('"60d"', '"20d"'))
    assert (told.rows, told.source.filtered) == (750, 1)
    assert (told.labels["retoure_am"].positives, told.labels["retoure_am"].unlabelled) == (137, 0)


def test_a_mark_that_is_mostly_missing_is_a_label(tmp_path: Path) -> None:
    """Somebody writes an X where there was a chargeback, and nothing elsewhere."""
    rows = [
        f"{i},2024-05-{i % 28 + 1:02d},c{i % 9},{'X' if i % 30 == 0 else ''}" for i in range(90)
    ]
    (tmp_path / "f.csv").write_text("\n".join(["no,time,card,chargeback", *rows]), encoding="utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert '[labels.chargeback]\nwhen = ["\\"chargeback\\" present"]' in guess
    assert "known_at" not in guess


def test_a_guess_reads_what_people_write(bench: Any, tmp_path: Path) -> None:
    """Full-width digits, a dash for no discount, phones with blanks, a day of one digit."""
    header = "订单编号,下单时间,手机号,门店名称,优惠金额,实付金额,是否新客,是否薅羊毛"
    rows = [
        f"W{i},2024/{i % 9 + 1}/5 8:07,139 0000 {i % 37:04d},店{i % 12},{'-' if i % 2 else '¥３'},"
        f'"￥1,{i % 9}00.50",{"是" if i % 3 else "否"},{"是" if i % 20 == 0 else "否"}'
        for i in range(200)
    ]
    (tmp_path / "f.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    guess = guess_mapping(tmp_path / "f.csv").en
    expected = (
        'id = "订单编号"', 'format = "%Y/%m/%d %H:%M"',
        'phone = { column = "手机号", digits = true }',
        'shop = "门店名称"', 'column = "实付金额"', 'newcomer = "是否新客"', "[labels.abuse]",
        'discount_amount = { column = "优惠金额", missing = ["-"] }', 'positive = ["是"]',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    assert bench.run(tmp_path / "f.csv", guess).rows == 200
    assert set(bench.column("num__discount_amount")) == {None, 3.0}
    assert bench.column("entity__phone")[0].startswith("1390000")


def test_what_a_time_stands_beside_is_a_label(bench: Any, tmp_path: Path) -> None:
    """Clicks of advertisements: nothing is called a label, and numbers of apps measure nothing."""
    rows = [
        f"10.0.{i % 9}.{i % 40},{i % 30},{i % 17},2024-05-{i % 28 + 1:02d} 10:00:00,"
        f"{f'2024-05-{i % 28 + 1:02d} 11:09:00' if i % 40 == 0 else ''},{int(i % 40 == 0)}"
        for i in range(1_600)
    ]
    source = tmp_path / "f.csv"
    header = "ip,app,os,click_time,attributed_time,is_attributed"
    source.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    guess = guess_mapping(source).en
    expected = (
        '[categorical]\napp = "app"\nos = "os"', "[labels.is_attributed]", 'positive = ["1"]',
        'known_at = "attributed_time"',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    assert "[numeric]" not in guess
    assert bench.run(source, guess).labels["is_attributed"].positives == 40


def test_a_guess_sees_that_amounts_are_of_several_currencies(bench: Any, tmp_path: Path) -> None:
    """A column beside the price tells them; nobody should add yen to dollars unsaid."""
    rows = [
        f"{i // 2:06d},03/{i // 2 % 28 + 1:02d}/25 {i // 2 % 9 + 1:02d}:07 PM,Pl {i // 2 % 97},"
        f"{i % 5},{i}.50,{'USD' if i // 2 % 3 else 'JPY'},{'chargeback' if i % 80 < 2 else 'ok'}"
        for i in range(1_600)
    ]
    source = tmp_path / "f.csv"
    header = "Order Ref,When (NY),Player,item,price,cur,Outcome"
    source.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    guess = guess_mapping(source).en
    expected = (
        'time = { column = "When (NY)", format = "%m/%d/%y %I:%M %p" }', 'id = "Order Ref"',
        '# column "cur" tells several currencies', 'lines = "count"', 'player = "Player"',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    where = """[rows]\nwhere = ["cur = 'USD'"]\n\n[event]"""
    assert bench.run(source, guess.replace("[event]", where)).rows == 533


def test_a_guess_knows_claims(bench: Any, tmp_path: Path) -> None:
    """A policy began before its claim, a holder seldom comes again, and a fare is an amount."""
    rows = [
        f"C{i},{i % 28 + 1:02d}.05.2020,{i % 28 + 1:02d}.05.2024,H{i % 900},{i}.25,"
        f"{'30.06.2024' if i % 30 == 0 else ''}"
        for i in range(1_200)
    ]
    source = tmp_path / "f.csv"
    header = "claim_no,policy_start,reported_on,policy_holder,fare,fraud_confirmed_on"
    source.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    guess = guess_mapping(source).en
    expected = (
        'time = { column = "reported_on", format = "%d.%m.%Y" }', 'policy_holder = "policy_holder"',
        'policy_start = { since = { column = "policy_start", format = "%d.%m.%Y" } }',
        '[amount]\ncolumn = "fare"',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    bench.run(source, guess.replace('"60d"', '"20d"'))


@pytest.mark.parametrize("name", ["ts_ms", "t0"])
def test_milliseconds_that_rise_are_the_time_and_days_kept_are_not(
    bench: Any, tmp_path: Path, name: str
) -> None:
    """By its name or by rising; and a verdict that the newest rows have not yet is a label."""
    rows = [
        f"R{i},{1_700_000_000_000 + i * 60_000},b{i % 300},{i % 31},"
        f"{('' if i >= 1_800 else 'abuse' if i % 20 == 0 else 'ok')},{'xy'[i % 2] * (i < 900)}"
        for i in range(2_000)
    ]
    source = tmp_path / "f.csv"
    header = f"return_id,{name},buyer,days_kept,verdict,half"
    source.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    guess = guess_mapping(source).en
    expected = (
        f'time = {{ column = "{name}", format = "unix", unit = "ms" }}', "[labels.verdict]",
        'positive = ["abuse"]', 'days_kept = "days_kept"',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    assert bench.run(source, guess).labels["verdict"].positives == 90
    other = source.read_text(encoding="utf-8").replace("verdict", "came").replace("abuse", "late")
    source.write_text(other, encoding="utf-8")
    assert '#   "came": ok: 1,710, late: 90' in guess_mapping(source).en
