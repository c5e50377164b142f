"""What an event brings to the records: keys, filter bits, hashes; and what records refuse."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from risk_service.domain.errors import DataFault
from risk_service.features.windows.declaration import Condition, EventFilter, make_windows
from risk_service.features.windows.event import Event, field_hash
from risk_service.features.windows.plan import compile_windows, pair_key
from risk_service.features.windows.record import Record
from tests.unit.windows.worlds import FILTERS, START_US, declared, everything, feature

parts = st.text(st.sampled_from("a|\\"), min_size=1, max_size=4)


@given(parts, parts, parts, parts)
def test_different_pairs_have_different_keys(a: str, b: str, c: str, d: str) -> None:
    """A separator within a name cannot make two pairs one record."""
    assert (pair_key(a, b) == pair_key(c, d)) == ((a, b) == (c, d))


def test_key_is_empty_when_a_part_is_missing() -> None:
    """A pair needs both its fields, an entity its one."""
    compiled = compile_windows(everything())
    for card, shop in itertools.product(("", "c"), ("", "s")):
        event = Event("", 0, 0, (card, shop, ""), (0, 0))
        assert compiled.keys(event) == (card, f"{card}|{shop}" if card and shop else "")


@pytest.mark.parametrize(
    ("op", "true_for"),
    [("=", "1"), ("!=", "02"), ("<", "0"), ("<=", "01"), (">", "2"), (">=", "12")],
)
def test_filter_compares(op: str, true_for: str) -> None:
    """Each operator means what it says."""
    item = EventFilter(
        name="f", kinds=("ATTEMPT",), where=(Condition(column="units", op=op, value=1),)
    )
    window_set = make_windows(
        kinds=("ATTEMPT",), fields=(), columns=("units",), filters=[item], features=()
    )
    compiled = compile_windows(window_set)
    hits = [str(n) for n in range(3) if compiled.bits(Event("", 0, 0, (), (n,)))]
    assert "".join(hits) == true_for


def test_filter_takes_its_kinds_and_all_its_conditions() -> None:
    """A bit is set when the kind is named and every condition holds."""
    compiled = compile_windows(everything())
    bits = {
        (kind, units, amount): compiled.bits(Event("", kind, 0, ("", "", ""), (units, amount)))
        for kind in range(3)
        for units in (0, 1)
        for amount in (49, 50)
    }
    for (kind, units, amount), found in bits.items():
        large = 4 * (units != 1 and amount >= 50)
        assert found == (1 if kind == 0 else 2) + large


def test_hash_is_stable_and_never_that_of_a_missing_value() -> None:
    """The hash is part of stored logs: these numbers must not change."""
    assert field_hash("") == 0
    assert field_hash("seller-1") == 8268369855830903380
    assert field_hash("\u5546\u5bb6") == -4088805639206382954
    assert all(-(2**63) <= field_hash(str(n)) < 2**63 and field_hash(str(n)) for n in range(99))


def test_only_counted_fields_are_hashed() -> None:
    """Hashes stand for the fields that some distinct counts; other kinds bring zeros."""
    compiled = compile_windows(everything())
    assert compiled.hashed == ("mail",)
    fields = ("c", "s", "m")
    assert compiled.hashes(Event("", 0, 0, fields, (0, 0))) == (field_hash("m"),)
    assert compiled.hashes(Event("", 1, 0, fields, (0, 0))) == (0,)


def test_event_of_no_interest_has_no_effect() -> None:
    """An event that no filter of a record takes leaves it as it is, and the plan says so."""
    window_set = declared(
        [feature(("card",), "attempt", "count", "1h"), feature(("shop",), "after", "count", "1h")]
    )
    card, shop = compile_windows(window_set).plans
    assert [card.effect(1).is_none, shop.effect(1).is_none] == [False, True]
    record = Record(shop)
    record.apply(START_US, START_US, 1, (1, 1), ())
    assert record.read(START_US + 1) == [0.0]


def test_filter_combinations_do_not_fill_the_memory() -> None:
    """However many combinations of filters come, their effects are kept to a limit and right."""
    filters = [replace(FILTERS[0], name=f"f{n}") for n in range(14)]
    features = [replace(feature(("card",), "f3", "count", "1h"), name="x")]
    window_set = make_windows(
        kinds=("ATTEMPT",), fields=("card",), columns=(), filters=filters, features=features
    )
    (plan,) = compile_windows(window_set).plans
    for bits in range(2**14):
        assert plan.effect(bits).is_none == (not bits & 8)
    assert len(plan._effects) <= 4_096


def test_damaged_or_foreign_record_is_refused() -> None:
    """Bytes of another declaration, cut short or of other types never become a record."""
    plan, pair = compile_windows(everything()).plans
    data = Record(plan).pack()
    assert Record.unpack(plan, data).pack() == data
    with pytest.raises(DataFault, match="is of other windows than card_x_shop"):
        Record.unpack(pair, data)
    wrong = msgpack.encode([plan.version, "now", [], [], [], [], []])
    for damaged in (data[:-1], b"", b"\xc1", wrong, msgpack.encode({})):
        with pytest.raises(DataFault, match="window record: is damaged"):
            Record.unpack(plan, damaged)


@pytest.mark.parametrize("place", range(2, 7))
@pytest.mark.parametrize("change", [-1, 1])
def test_record_of_another_form_is_refused(place: int, change: int) -> None:
    """Too few or too many tiles, rows, maps, sightings or times: none is read beside its place."""
    plan, _ = compile_windows(everything()).plans
    record = Record(plan)
    record.apply(START_US, START_US, 1, (1, 1), (5,) * 9)
    parts = msgpack.decode(record.pack(), strict=False)
    parts[place] = parts[place][:-1] if change < 0 else [*parts[place], parts[place][-1]]
    with pytest.raises(DataFault, match="has not the form of card"):
        Record.unpack(plan, msgpack.encode(parts))
    parts = msgpack.decode(record.pack(), strict=False)
    parts[3] = [[*row, 0] for row in parts[3]]
    with pytest.raises(DataFault, match="has not the form of card"):
        Record.unpack(plan, msgpack.encode(parts))
