"""Amounts are exact, numbers are finite, and what is neither is named."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.datasets.importing.guess.guess import guess_mapping
from training.datasets.importing.numbers import Numbers, fixed_point, floats, unmarked

Mapped = Callable[..., str]


def _source(*prices: str) -> str:
    rows = [f'e{row},2024-05-01,c,s,"{text}",{row % 2}\n' for row, text in enumerate(prices)]
    return "id,time,card,shop,price,fraud\n" + "".join(rows)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.5", 1250), ("0.005", 1), ("-0.005", -1), ("2.675", 268), ("1e3", 100_000), ("+7", 700),
     (".5", 50), ("5.", 500), ("007", 700), ("$12.50", 1250), ("-£3", -300), ("9.99 €", 999),
     ("10000000000", 10**12), ("1E-9", 0), ("１２．５", 1250), ("￥３", 300), ("EUR 12.50", 1250),
     ("12.50元", 1250), ("-US$ 3", -300), ("(12.50)", -1250), ("($3)", -300), ("3.50-", -350),
     ("−7", -700), ("12.50\u00a0PLN", 1250)],
)  # fmt: skip
def test_amounts_are_exact_decimals(bench: Any, text: str, minor: int) -> None:
    """Halves are rounded away from zero; no binary fraction takes part."""
    bench.run(_source(text, "1"))
    assert bench.column("amount_minor")[0] == minor


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1,5",
        "12.5.0",
        "--1",
        "0x10",
        "1e",
        "inf",
        "1 000",
        "١٢",
        "10000000001",
        "1e99",
        "XYZ 12",
        "ABC12",
        "12 000-5",
        "()",
        "€",
    ],
)
def test_what_is_no_amount_is_named(bench: Any, text: str) -> None:
    """Row, column and value stand in the message."""
    fault = bench.fault(_source("1", text))
    assert f"row 3: column price: {text!r}" in fault


@pytest.mark.parametrize(
    ("keys", "texts", "said"),
    [
        ("", ("612,75 EUR", "1.458,98 EUR"), 'decimal = "," and thousands = "."'),
        ('decimal = ","', ("612,75", "1.458,98"), 'decimal = "," and thousands = "."'),
        ('decimal = ","', ("612,75", "1 458,98"), 'decimal = "," and thousands = " "'),
        ('decimal = ","\nthousands = "."', ("612.75",), 'decimal = "." and thousands = ","'),
        ("", ("1,458",), "decimal and thousands in [source] say"),
        ("", ("1,458", "x"), "decimal and thousands in [source] say"),
    ],
)
def test_the_way_in_which_numbers_are_written_is_told(
    bench: Any, mapped: Mapped, keys: str, texts: tuple[str, ...], said: str
) -> None:
    """Where the cells tell it: 1,458 may be one and a half, or more than a thousand."""
    source = "id,time,card,shop,price,fraud\n" + "".join(
        f'e{row},2024-05-01,c,s,"{text}",{row % 2}\n' for row, text in enumerate(texts)
    )
    assert said in bench.fault(source, f"{mapped()}[source]\n{keys}\n")


def test_amounts_in_several_currencies_are_told(bench: Any) -> None:
    """Nobody adds euros to dollars unsaid; amounts without a sign are of any currency."""
    told = bench.run(_source("3", "€ 4", "5 €")).source.notes
    assert not [note for note in told if "amounts say" in note]
    told = bench.run(_source("€ 4", "US$5", "6 GBP", "7")).source.notes
    assert "amounts say GBP, US$, €, and were taken as one currency" in told[0]


def test_phones_are_compared_by_their_digits(bench: Any, mapped: Mapped) -> None:
    """However one was typed: with blanks, dashes, brackets, or full-width digits."""
    phones = ("186 2964-3355", "(186)29643355", "１８６２９６４３３５５", "none")
    rows = [f'e{row},2024-05-01,c,"{text}",1,{row % 2}\n' for row, text in enumerate(phones)]
    source = "id,time,card,shop,price,fraud\n" + "".join(rows)
    bench.run(source, mapped(('shop = "shop"', 'shop = { column = "shop", digits = true }')))
    assert bench.column("entity__shop") == ["18629643355"] * 3 + [None]
    keys = "digits = true, part = '^(.{7})'"
    bench.run(source, mapped(('shop = "shop"', f'shop = {{ column = "shop", {keys} }}')))
    assert bench.column("entity__shop") == ["1862964"] * 3 + [None]
    bench.run(source)
    assert bench.column("entity__shop")[2] == "18629643355"


@pytest.mark.parametrize(
    ("keys", "minor"),
    [('currency = "JPY"', 13), ('currency = "KWD"', 12_500), ("exponent = 4", 125_000),
     ("minor = true", 13)],
)  # fmt: skip
def test_the_currency_tells_its_minor_unit(
    bench: Any, mapped: Mapped, keys: str, minor: int
) -> None:
    """The yen has none and the dinar has three digits; a mapping may say another number."""
    bench.run(_source("12.5", "1"), mapped(('currency = "EUR"', keys)))
    assert bench.column("amount_minor")[0] == minor


def test_a_product_of_price_and_quantity(bench: Any, payments: str, mapped: Mapped) -> None:
    """A third of a penny times three is a penny."""
    source = payments.replace("12.50,", "0.00333,").replace("4711,North", "3,North")
    bench.run(source, mapped(('column = "price"', 'column = "price"\ntimes = "card"')))
    amounts = dict(zip(bench.column("event_id"), bench.column("amount_minor"), strict=True))
    assert amounts == {"a1": 1, "a2": 7 * 4712 * 100, "a3": None, "a4": 100 * 4711 * 100}


def test_numeric_attributes(bench: Any, payments: str, mapped: Mapped) -> None:
    """An attribute may be missing by a value of its own."""
    mapping = mapped(("[labels", '[numeric]\np = { column = "price", missing = [7] }\n[labels'))
    bench.run(payments, mapping)
    assert bench.column("num__p") == [-3.25, 12.5, None, 100.0]
    assert "row 3: column price: 'x' is not a number" in bench.fault(
        payments.replace(",7,", ",x,"), mapping
    )


def test_plain_numbers_are_not_taken_apart() -> None:
    """Taking marks off costs ten times what reading a number does: columns without go through."""
    plain = pa.array(["12", "-3.50", "1,200", "6.1e-08", "2E5", None])
    assert unmarked(plain) is plain
    assert unmarked(pa.array(["1e-7 %", "$2"])).to_pylist() == ["1e-7", "2"]


def test_numeric_attributes_are_written_like_amounts(
    bench: Any, payments: str, mapped: Mapped
) -> None:
    """A discount has a currency sign too, and a share is its number of hundredths."""
    mapping = mapped(("[labels", '[numeric]\np = "shop"\n[labels'))
    bench.run(payments.replace("North", "¥3.5").replace("South", "12 %"), mapping)
    assert bench.column("num__p") == [12.0, 3.5, 3.5, None]


def test_typed_numbers_of_parquet(bench: Any, mapped: Mapped, tmp_path: Any) -> None:
    """Integers, decimals, floats and truth values are numbers; NaN is missing."""
    table = pa.table(
        {
            "id": [1, 2, 3],
            "time": ["2024-05-01"] * 3,
            "card": pa.array([17850.0, float("nan"), 2.0**60]),
            "shop": pa.array([True, None, False]),
            "price": pa.array([Decimal("2.50"), Decimal("-1.00"), None]),
            "fraud": [1, 0, None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    mapping = mapped(("[labels", '[numeric]\nopen = "shop"\ncard = "card"\n[labels'))
    bench.run(tmp_path / "t.parquet", mapping)
    assert bench.column("entity__card")[:2] == ["17850", None]
    assert bench.column("amount_minor") == [250, -100, None]
    assert bench.column("num__open") == [1.0, None, 0.0]
    assert bench.column("num__card") == [17850.0, None, 2.0**60]
    assert bench.column("entity__shop") == ["true", None, "false"]


@settings(max_examples=100, deadline=None)
@given(
    number=st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False),
    digits=st.integers(0, 6),
)
def test_fixed_point_agrees_with_decimals(number: Decimal, digits: int) -> None:
    """Any decimal text, with or without a power of ten, is rounded as a clerk would."""
    expected = number.scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP)
    texts = pa.array([str(number), f"{number:f}", None])
    values, bad = fixed_point(texts, digits, Numbers())
    for value, is_bad in zip(values.to_pylist()[:2], bad[:2], strict=True):
        assert is_bad == (abs(expected) >= 2**63 - 1) or value == int(expected)
    assert values[2].as_py() is None
    assert not bad[2]


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=30))
def test_any_text_is_a_number_missing_or_bad(texts: list[str | None]) -> None:
    """No text makes the kernels fail, and no bad one passes as a number."""
    column = pa.array(texts, pa.string())
    for numbers in (Numbers(), Numbers(decimal=",", thousands=".")):
        values, bad = floats(column, numbers)
        exact, bad_exact = fixed_point(column, 2, numbers)
        for text, value, whole, is_bad, is_inexact in zip(
            texts, values.to_pylist(), exact.to_pylist(), bad, bad_exact, strict=True
        ):
            assert (value is None) == (text is None or is_bad)
            assert text is None or is_bad or is_inexact or whole is not None


@settings(max_examples=100, deadline=None)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_to_the_last_bit(number: float) -> None:
    """What Python writes is what is read."""
    values, bad = floats(pa.array([repr(number)]), Numbers())
    assert not bad[0]
    assert values[0].as_py() == number


def test_lengths_of_time_are_their_seconds(bench: Any) -> None:
    """Calls and sessions are often written so, beside plain seconds and empty cells too."""
    lengths = ("0:25:16", "100:00:01", "12", "")
    rows = [f"2024-05-0{i + 1},c,{length},{i % 2}" for i, length in enumerate(lengths)]
    source = "\n".join(["time,card,duration,fraud", *rows]) + "\n"
    guess = source.replace(",12,0", ",0:00:12,0").replace(",,1", ",0:09:00,1")
    bench.directory.joinpath("g.csv").write_text(guess, "utf-8")
    mapping = guess_mapping(bench.directory / "g.csv").en
    assert '[numeric]\nduration = "duration"' in mapping
    bench.run(source, mapping)
    assert bench.column("num__duration") == [1516, 360_001, 12, None]


@pytest.mark.parametrize("text", ["0:60:00", "9:15", "1:2:3", "-0:25:16"])
def test_what_is_no_length_of_time_is_no_number(bench: Any, text: str) -> None:
    """Neither clocks without seconds nor sixty minutes are guessed at."""
    source = f"time,card,duration,fraud\n2024-05-01,c,{text},0\n2024-05-02,c,0:25:16,1\n"
    mapping = (
        "[event]\ntime = 'time'\n[entities]\ncard = 'card'\n[numeric]\nduration = 'duration'\n"
        "[labels.fraud]\ncolumn = 'fraud'\npositive = ['1']\ndelay = '0s'\n"
    )
    assert f"column duration: '{text}' is not a number" in bench.fault(source, mapping)
