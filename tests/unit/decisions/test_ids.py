"""Ids of decisions and challenges."""

import pytest

from risk_service.adapters import ids
from risk_service.adapters.ids import TimeSortedIds

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def test_an_id_begins_with_its_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten characters of Crockford's base 32 are the time, sixteen are random."""
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_700_000_000_000_999_999)
    kind, text = TimeSortedIds().new_id("dec").split("_")
    assert (kind, len(text)) == ("dec", 26)
    value = 0
    for character in text[:10]:
        value = value * 32 + ALPHABET.index(character)
    assert value == 1_700_000_000_000
    assert set(text[10:]) <= set(ALPHABET)


def test_ids_of_one_millisecond_differ_and_later_ones_sort_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More ids than one call for randomness yields are all different, and grow with time."""
    now_ns = 1_700_000_000_000_000_000
    monkeypatch.setattr(ids.time, "time_ns", lambda: now_ns)
    source = TimeSortedIds()
    early = [source.new_id("dec") for _ in range(1_000)]
    now_ns += 1_000_000
    late = [source.new_id("dec") for _ in range(1_000)]
    assert len({*early, *late}) == 2_000
    assert max(early) < min(late)
