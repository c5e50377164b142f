"""What is stored by position reads back, whole or in part, and what was stored by name too."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from risk_service.domain.decision import DecisionRecord
from risk_service.domain.grant import Grant, GrantedLine
from risk_service.domain.positional import Positional, by_name, reader
from risk_service.domain.reservation import ReservationState
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.reservation import Entry, Reservation
from tests.fixtures.records import record

encode = msgspec.msgpack.encode


class Inner(Positional, frozen=True, kw_only=True, gc=False):
    """A part that is stored by position."""

    text: str
    number: float | None = None


class Outer(Struct, frozen=True, kw_only=True, gc=False):
    """A record with names, with parts without."""

    first: Inner
    many: tuple[Inner, ...] = ()
    by_key: dict[str, Inner | None] = {}


inners = st.builds(Inner, text=st.text(), number=st.none() | st.floats(allow_nan=False))
outers = st.builds(
    Outer,
    first=inners,
    many=st.lists(inners).map(tuple),
    by_key=st.dictionaries(st.text(), st.none() | inners),
)


@given(outers)
def test_both_forms_read_as_the_same_record(kept: Outer) -> None:
    """By position and with names is one record; the form with names has every name."""
    read = reader(Outer)
    named = encode(by_name(kept))
    assert read(encode(kept)) == read(named) == kept
    plain: dict[str, Any] = msgspec.msgpack.decode(named)
    assert plain["first"] == {"text": kept.first.text, "number": kept.first.number}


def test_a_record_of_a_decision_is_less_than_its_names() -> None:
    """By position a record takes less, and says the same."""
    kept = record("r-1", with_reasons=True, outcome=Outcome.DENY)
    by_position, named = encode(kept), encode(by_name(kept))
    assert len(by_position) < len(named) * 0.6
    assert reader(DecisionRecord)(by_position) == reader(DecisionRecord)(named) == kept


def test_a_later_field_has_its_default_in_an_earlier_record() -> None:
    """Fields are added at the end: what was stored before ends sooner."""
    kept = record("r-1")
    short = msgspec.msgpack.decode(encode(kept))[:6]
    assert reader(DecisionRecord)(encode(short)) == kept


def test_what_was_by_position_before_stays_so_with_names() -> None:
    """A reservation of before: its own values by position, those of its grant with names."""
    grant = Grant(outcome=Outcome.ALLOW, lines=(GrantedLine(sku="s", requested=2, granted=1),))
    entry = Entry("c", 1, "p", 1, (1,), 2, 3, 0, 1, 10, 20, 30)
    kept = Reservation("r", ReservationState.HELD, 1, b"f", 5, 9, entries=(entry,), grant=grant)
    named = encode(by_name(kept))
    plain = msgspec.msgpack.decode(named)
    assert plain[0] == "r"
    assert plain[7][0][0] == "c"
    assert plain[11]["lines"] == [{"sku": "s", "requested": 2, "granted": 1}]
    assert reader(Reservation)(named) == reader(Reservation)(encode(kept)) == kept


@pytest.mark.parametrize("packed", [b"", b"\xc1", encode([1, 2]), encode({"decision": 1})])
def test_what_fits_neither_form_is_told(packed: bytes) -> None:
    """Damage is an error of the decoder's, not a record of defaults."""
    with pytest.raises(msgspec.DecodeError):
        reader(DecisionRecord)(packed)
