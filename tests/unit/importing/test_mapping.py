"""A mapping that cannot be is refused before anything is read, with advice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from risk_service.domain.errors import ConfigFault
from training.datasets.importing.durations import seconds_of
from training.datasets.importing.mapping import MOST_ENTITIES, read_mapping

Mapped = Callable[..., str]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('card = "card"', 'card = "crad"', "entities.card names 'crad'; did you mean 'card'?"),
        ('time = "time"', 'time = "Time"', "did you mean 'time'"),
        ('column = "fraud"', 'column = "is_fraud"', "its columns: id, time, card"),
        ('card = "card"', 'Card = "card"', "a name is lower-case letters"),
        ('card = "card"', 'e-mail = "card"', "as in e_mail"),
        ('card = "card"', 'a__b = "card"', "as in a_b"),
        ('card = "card"', "card = 3", "entities.card"),
        ('card = "card"', "card = []", "entities.card.column"),
        ('card = "card"', 'card = { colum = "card" }', "did you mean 'column'?"),
        ('card = "card"', 'card = { column = "card", part = "(" }', "entities.card.part"),
        ('card = "card"', 'card = { column = "card", part = "x" }', "one group"),
        ('[entities]\ncard = "card"\nshop = "shop"\n', "", "entities"),
        ('time = "time"\n', "", "event.time is missing"),
        ('id = "id"\n', 'id = "id"\nids = 3\n', "event.ids: there is no such key"),
        ('positive = ["1"]\n', "", "positive is missing"),
        ('positive = ["1"]\n', 'positive = ["1"]\nnegative = [1]\n', "'1' has two meanings"),
        ('delay = "7d"', 'delay = "soon"', "'soon' is not a duration"),
        ('delay = "7d"', "delay = 7", "7 is not a duration"),
        ('delay = "7d"\n', "", "say when a label is known"),
        ('name = "payments"', 'nam = "payments"', "did you mean 'name'?"),
        ('name = "payments"', "name = ", "cannot be read as TOML"),
        ('name = "payments"', "name = " + "[" * 3_000, "cannot be read as TOML"),
        ('name = "payments"', "format = 2", "format"),
        ('name = "payments"', '[source]\nencoding = "utf-9"', "there is no encoding 'utf-9'"),
        ('name = "payments"', '[source]\ndecimal = ","\nthousands = ","', "the same character"),
        ('name = "payments"', "[rows]\nmax_bad_rows = -1", "rows.max_bad_rows"),
        ('name = "payments"', '[rows]\nwhere = ["price"]', "is not a condition"),
        ('shop = "shop"', 'shop = ["shop", "fraud"]', "entities.shop names 'fraud', which is what"),
        ("[labels", '[numeric]\nleak = "fraud"\n[labels', "numeric.leak names 'fraud', which is"),
        ('currency = "EUR"', "exponent = 12", "amount.exponent"),
        (
            '"EUR"',
            '"EURO"',
            "currency 'EURO' is not an ISO code of three letters such as EUR",
        ),
    ],
)
def test_a_wrong_mapping_names_the_key(
    bench: Any, mapped: Mapped, old: str, new: str, said: str
) -> None:
    """Every fault says where it is; a near miss says what was likely meant."""
    fault = bench.fault(mapping=mapped((old, new)))
    assert fault.startswith("mapping.toml: ")
    assert said in fault


def test_all_faults_of_a_mapping_are_told_at_once(bench: Any, mapped: Mapped) -> None:
    """Nobody wants to find them one by one."""
    wrong = mapped(('"card"', '"crad"'), ('"shop"', '"shp"'), ('column = "price"', 'column = "p"'))
    assert bench.fault(mapping=wrong).count(" names ") == 3
    wrong = mapped(('delay = "7d"', 'delay = "x"'), ('time = "time"', "time = 3"))
    assert len(bench.fault(mapping=wrong).splitlines()) == 2


def test_entities_have_a_limit(bench: Any, mapped: Mapped) -> None:
    """Every entity costs windows against every other."""
    many = "".join(f'e{number} = "card"\n' for number in range(MOST_ENTITIES))
    assert "entities: 17 of at most 16" in bench.fault(mapping=mapped(('shop = "shop"\n', many)))


def test_nobody_may_be_known_but_it_has_to_be_said(bench: Any, mapped: Mapped) -> None:
    """A table that was forgotten is missed; an empty one is meant, and noted."""
    without = mapped(('card = "card"\n', ""), ('shop = "shop"\n', ""))
    (note,) = bench.run(mapping=without).source.notes
    assert "no entity is declared, so nobody has a history" in note
    assert "entities is missing" in bench.fault(mapping=without.replace("[entities]\n", ""))


def test_names_of_numeric_and_categorical_attributes_differ(bench: Any, mapped: Mapped) -> None:
    """One name is one thing."""
    both = '[numeric]\nx = "price"\n[categorical]\nx = "price"\n[labels'
    assert "x is both numeric and categorical" in bench.fault(mapping=mapped(("[labels", both)))


def test_a_missing_mapping(tmp_path: Path) -> None:
    """Its path is named."""
    with pytest.raises(ConfigFault, match="is a directory and no mapping"):
        read_mapping(tmp_path)
    with pytest.raises(ConfigFault, match=r"none\.toml: no such mapping"):
        read_mapping(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7d", 604_800), ("36h", 129_600), ("1d12h", 129_600), ("0s", 0), ("90min", 5400),
     ("2w", 1_209_600), ("1.5h", 5400), ("90m", 5400)],
)  # fmt: skip
def test_durations(text: str, seconds: int) -> None:
    """Written as people write them."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "7 days", "-1d", "999999d", None, "7d?"])
def test_what_is_no_duration(text: object) -> None:
    """A number without a unit is a guess, so it is refused."""
    with pytest.raises(ValueError, match=r"duration|century"):
        seconds_of(text)


def test_parts_and_lower_case_of_texts(bench: Any, payments: str, mapped: Mapped) -> None:
    """An entity may be a part of a cell; what has no such part is missing."""
    source = payments.replace("North", "Ann@Example.ORG")
    keys = 'shop = { column = "shop", part = "@(.+)$", lower = true, description = "域名" }'
    description = bench.run(source, mapped(('shop = "shop"', keys)))
    assert bench.column("entity__shop") == [None, "example.org", "example.org", None]
    assert description.entities["shop"] == "域名"


def test_texts_may_be_missing_by_a_value_of_their_own(
    bench: Any, payments: str, mapped: Mapped
) -> None:
    """A guest is nobody; NULL is nothing anywhere; a text may keep its ".0"."""
    keys = (
        'shop = { column = "shop", missing = ["North"] }\n'
        'raw = { column = "card", whole_numbers = false }'
    )
    bench.run(payments.replace("South", "NULL"), mapped(('shop = "shop"', keys)))
    assert bench.column("entity__shop") == [None, None, None, None]
    assert bench.column("entity__raw") == [None, "4711", "4712.0", "4711"]
