"""Cleaning: what a quick look spares the long way would not have changed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from risk_service.identity import text as module
from risk_service.identity.text import clean

COMPARABLE = [chr(point) for point in range(0x110000) if module._COMPARABLE.fullmatch(chr(point))]


def test_comparable_characters_pass_every_step_unchanged() -> None:
    """None is in the table, has a case, another form, or combines with its neighbours."""
    assert len(COMPARABLE) > 15_000
    for char in COMPARABLE:
        assert unicodedata.normalize("NFKC", char).casefold() == char
        assert ord(char) not in module._TABLE
        assert unicodedata.combining(char) == 0
        assert not char.isspace()


@given(st.text(st.sampled_from(COMPARABLE), min_size=1))
def test_comparable_texts_are_normal_already(text: str) -> None:
    """Next to each other they do not change either."""
    assert clean(text) == text == unicodedata.normalize("NFKC", text).casefold()
