"""``risk dataset mapping``: a guess that can be imported, and says what it did not know."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from training.cli.dataset import dataset
from training.datasets.importing.guess.guess import guess_mapping
from training.datasets.importing.mapping import parse_mapping
from training.datasets.importing.mapping_faults import name_like

SHARED = Path(__file__).parents[4] / "shared" / "data"


def _rows(header: str, row: str, count: int = 60) -> str:
    lines = [row.format(i=i, d=i % 28 + 1, c=i % 9, f=int(i % 7 == 0)) for i in range(count)]
    return "\n".join([header, *lines]) + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            _rows(
                ",TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD",
                "{i},{i},2018-04-{d:02d} 00:00:00,{c},{c}9,1{i}.5,{f}",
            ),
            ['id = "TRANSACTION_ID"', 'time = "TX_DATETIME"', 'customer_id = "CUSTOMER_ID"',
             'column = "TX_AMOUNT"', "[labels.tx_fraud]", 'positive = ["1"]'],
        ),
        (
            _rows(
                "Order No;Date;Betrag Amount;E-Mail;Chargeback",
                "A{i};{d}.05.2024 10:00;1.{i},50;u{c}@x.org;{f}",
            ).replace(".5;", ";"),
            ['id = "Order No"', 'format = "%d.%m.%Y %H:%M"', 'e_mail = { column = "E-Mail", lower'],
        ),
        (
            _rows("id,created,device_id,is_abuse", "{i},17145582{i:02d}000,d{c},{f}"),
            ['time = { column = "created", format = "unix", unit = "ms" }', "[labels.is_abuse]"],
        ),
        (
            _rows("step,nameOrig,nameDest,amount,isFraud", "{i},C{c},M{c},{i}.25,{f}"),
            ['unit = "h", origin = ', "which unit", 'name_orig = "nameOrig"', "[labels.is_fraud]"],
        ),
        (
            _rows("Transaction ID\tDate\tCard Number\tAmount\tFraud?",
                  "{i}\t0{c}/{d}/2024\t5{c}\t$1,0{i:02d}.50\t{f}").replace("\t00/", "\t10/"),
            ['thousands = ","', 'format = "%m/%d/%Y"', 'card_number = "Card Number"',
             'column = "Amount"\n# currency = '],
        ),
        (
            _rows("Tx Ref,when,Gast,Umsatz,is_fraud", "{i:04d},2024-05-{d:02d},00{c},{i}.5,{f}"),
            ['id = "Tx Ref"', '[entities]\ngast = "Gast"', '[numeric]\numsatz = "Umsatz"'],
        ),
        (
            _rows("订单编号,下单时间,买家ID,店铺,金额,是否刷单",
                  "D{i:04d},2024-05-{d:02d} 10:00:00,b{c},s{c},{i}.5,{f}"),
            ['id = "订单编号"', 'time = "下单时间"', 'buyer_id = "买家ID"', 'shop = "店铺"',
             'column = "金额"', "[labels.abuse]"],
        ),
        (
            _rows("买家编号,订单号,交易时间,金额,是否刷单",
                  "b{c},D{i:04d},2024-05-{d:02d} 10:00:00,{i}.5,{f}"),
            ['id = "订单号"', 'buyer_id = "买家编号"'],
        ),
        (
            _rows("InvoiceNo,paid_at,goods_id,total,is_fraud",
                  "N{i},2024-05-{d:02d} 10:00:00,g{c},{i}.5,{f}"),
            ['id = "InvoiceNo"', 'time = "paid_at"', '[entities]\ngoods_id = "goods_id"'],
        ),
        (
            _rows("流水号,交易时间,银行卡,收货人,实付金额,是否欺诈",
                  "T{i},2024/05/{d:02d} 10:00,6222{c},r{c},￥{i}.50,{f}"),
            ['card = "银行卡"', 'recipient = "收货人"', 'currency = "CNY"      # by its sign'],
        ),
        (
            _rows("id,when,card,price,is_fraud", "{i},2024-05-{d:02d},c{c},{i}.5 EUR,{f}"),
            ['currency = "EUR"      # by its sign'],
        ),
    ],
    ids=["handbook", "german", "millis", "steps", "dollars", "codes", "chinese", "number", "ends",
         "bank card", "euros"],
)  # fmt: skip
def test_a_guess_names_the_columns_and_can_be_imported(
    bench: Any, tmp_path: Path, text: str, expected: list[str]
) -> None:
    """By the words of a name and by what the cells hold."""
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert [line for line in expected if line not in guess] == []
    description = bench.run(tmp_path / "f.csv", guess)
    assert description.rows == 60


def _many(count: int = 1_200) -> str:
    """Return a file with a second time, a second label, a counted time and kinds as numbers."""
    header = "user_id,signup_time,purchase_time,payee,total,ip_address,mcc,gender,seconds,city"
    lines = [f"{header},fraud_scenario,why,class"]
    for i in range(count):
        bad = i % 50 == 0
        lines.append(
            f"{i},2024-01-{i % 28 + 1:02d},2024-05-{i * 28 // count + 1:02d} 10:00:00,{i % 40},"
            f"{i}.25,{732758368 + i * 7}.5,{5000 + i % 30},{'MF'[i % 2]},{i // 2},c{i % 300},"
            f"{i % 3 + 1 if bad else 0},{'stolen' if bad else 'none'},{int(bad)}"
        )
    return "\n".join(lines) + "\n"


def test_a_guess_parts_the_time_of_the_event_from_other_times_and_labels(
    bench: Any, tmp_path: Path
) -> None:
    """What tells the label is left out with the reason, and so is what only counts the time."""
    (tmp_path / "f.csv").write_text(_many(), encoding="utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    expected = (
        'time = "purchase_time"', 'signup_time = { since = "signup_time" }', 'column = "total"',
        'ip_address = "ip_address"      #', 'payee = "payee"      #', '[labels.class]',
        '[categorical]\nmcc = "mcc"\ngender = "gender"\ncity = "city"',
        '# not used: "fraud_scenario", a label too', '# not used: "why", a label too',
        '# not used: "seconds", only rises',
    )  # fmt: skip
    assert [line for line in expected if line not in guess] == []
    assert bench.run(tmp_path / "f.csv", guess).rows == 1_200


def test_without_names_that_are_known_entities_are_told_by_values_that_come_again(
    bench: Any, tmp_path: Path
) -> None:
    """A file in another language still gets entities to be corrected, and can be imported."""
    text = _rows("numer,data,klient,kwota,is_fraud", "{i}x,2024-05-{d:02d},k{c}{d},{i}.5,{f}", 900)
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert 'klient = "klient"      # 252 different' in guess
    assert "who or what are they?" in guess
    assert bench.run(tmp_path / "f.csv", guess).rows == 900


def test_a_guess_leaves_out_what_stands_before_the_header(bench: Any, tmp_path: Path) -> None:
    """Reports begin with a title, the day of the export and an empty line."""
    text = _rows("order no;when;card;is_fraud", "{i};2024-05-{d:02d};k{c};{f}")
    (tmp_path / "f.csv").write_text(f"Orders of May, all shops\n2024-06-01; 10:00\n\n{text}")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert "skip_lines = 3" in guess
    assert bench.run(tmp_path / "f.csv", guess).rows == 60
    (tmp_path / "f.csv").write_text("sep=;\n" + text)
    assert "skip_lines" not in guess_mapping(tmp_path / "f.csv").en


def test_what_is_counted_or_measured_is_nobody(bench: Any, tmp_path: Path) -> None:
    """Applications for an account: months for a time, and columns called like banks and e-mails."""
    header = "fraud_bool,bank_months_count,distinct_emails_4w,days_since_request,device_os,month"
    rows = [
        f"{int(i % 40 == 0)},{i % 30},{i % 17},{i % 50}.25,{'lw'[i % 2]},{i // 150}"
        for i in range(1_200)
    ]
    (tmp_path / "f.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert 'time = { column = "month", format = "unix", unit = "month", origin = ' in guess
    assert "at least one, if anybody is known" in guess
    told = bench.run(tmp_path / "f.csv", guess)
    assert not told.entities
    assert list(told.numeric) == ["bank_months_count", "distinct_emails_4w", "days_since_request"]


def test_a_guess_tells_when_a_label_was_known(bench: Any, tmp_path: Path) -> None:
    """By a time that stands on the positive rows alone."""
    rows = [
        f"{i},170000{i:04d}000,s{i % 30},{i % 25 == 0},{f'170100{i:04d}000' if i % 25 == 0 else ''}"
        for i in range(900)
    ]
    header = "review_id,timeMs,seller_id,removed,lastMs"
    (tmp_path / "f.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    guess = guess_mapping(tmp_path / "f.csv").en
    assert 'known_at = { column = "lastMs", format = "unix", unit = "ms" }' in guess
    assert bench.run(tmp_path / "f.csv", guess).labels["removed"].known_from == "column"


@pytest.mark.parametrize(
    ("encoding", "header", "user"),
    [
        ("cp1252", "Käufer Id", "Müller {c}"),
        ("gb18030", "客户", "张三{c}"),
        ("utf-8", "é id", "é{c}"),
    ],
)
def test_a_guess_tells_the_encoding(
    bench: Any, tmp_path: Path, encoding: str, header: str, user: str
) -> None:
    """Files of spreadsheets are often in the encoding of their country."""
    text = _rows(f"order no,when,{header},is_fraud", "{i},2024-05-{d:02d}," + user + ",{f}")
    source = tmp_path / "f.csv"
    source.write_bytes(text.encode(encoding))
    guess = guess_mapping(source).en
    assert f'= "{header}"' in guess
    assert (f'encoding = "{encoding}"' in guess) == (encoding != "utf-8")
    assert bench.run(source, guess).rows == 60


def test_a_wrong_encoding_names_the_likely_one(bench: Any, mapped: Any, payments: str) -> None:
    """The first row that is no text tells which encoding to write into the mapping."""
    source = payments.replace("North", "Zürich").encode("cp1252")
    said = "row 2: column shop: 'Z?rich' is not text in utf-8; name another encoding in [source]"
    fault = bench.fault(source)
    assert said in fault
    assert "likely 'cp1252'" in fault
    bench.run(source, '[source]\nencoding = "cp1252"\n' + mapped(('name = "payments"\n', "")))
    assert "Zürich" in bench.column("entity__shop")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("registration_data_20K_minimum.csv.gz", 20_000),
        ("transaction_data_2K_coldstart.csv.gz", 1_611),
    ],
)
def test_guesses_for_public_files(bench: Any, name: str, rows: int) -> None:
    """They can be imported as they come."""
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not here")
    assert bench.run(SHARED / name, guess_mapping(SHARED / name).en).rows == rows


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    """The command prints a mapping that can be read, with questions in it."""
    (tmp_path / "f.csv").write_text("a,b\nx,y\nx,z\n", encoding="utf-8")
    result = CliRunner().invoke(
        dataset, ["mapping", str(tmp_path / "f.csv")], catch_exceptions=False
    )
    asked = ("which one is it?", "no column looks like a label", "at least one", '"b": y: 1, z: 1')
    for question in asked:
        assert question in result.output
    entities = '[entities]\na = "a"'
    assert parse_mapping(result.output.replace("[entities]", entities), "f").mapping.event


@pytest.mark.parametrize(
    ("text", "name"),
    [("CustomerID", "customer_id"), ("E-Mail", "e_mail"), ("3ds", "x_3ds"),
     ("客户ID", "customer_id"), ("甲", "x"),
     ("isFraud", "is_fraud"), ("a__b ", "a_b"), ("A" * 50, "a" * 30),
     ("Geräte-ID", "gerate_id"), ("Straße", "strasse"), ("Número", "numero")],
)  # fmt: skip
def test_names_are_made_of_words(text: str, name: str) -> None:
    """A column's name becomes one of ours."""
    assert name_like(text) == name
