"""Policies that count the same goods twice are told; others are not."""

import pytest

from risk_service.limits.book import parse_limits
from tests.fixtures.limit_texts import policy

FILE = "limits.toml"


def test_only_the_first_overlaps_are_told() -> None:
    """A file of alike policies is answered with what a person reads, not with half a million."""
    text = "format = 1\n" + "".join(policy(f"p{n}") for n in range(60))
    assert len(parse_limits(text, FILE).overlaps()) == 200


@pytest.mark.parametrize(
    ("change", "meet"),
    [
        ({}, True),
        ({"cap": 9}, True),
        ({"subject": '{ any_of = ["device", "account"] }'}, True),
        ({"subject": '{ any_of = ["device"] }'}, False),
        ({"measure": "orders"}, False),
        ({"window": '"campaign"'}, False),
        ({"per": "seller"}, False),
        ({"state": "retired"}, False),
    ],
)
def test_overlaps_are_reported(change: dict[str, object], meet: bool) -> None:
    """Two policies over the same count are named, with the one that wins."""
    text = "format = 1\n" + policy("one") + policy("two", **change)
    found = parse_limits(text, FILE).overlaps()
    assert bool(found) is meet
    for overlap in found:
        assert "smaller remainder wins" in overlap.words()
        assert "重叠" in overlap.words("zh")


def test_policies_of_different_scopes_do_not_overlap() -> None:
    """Other SKUs, other times, or an exclusion keep them apart."""
    base = "format = 1\n" + policy("one") + 'include = { skus = ["a"] }\n'
    for other, meet in (
        ('include = { skus = ["b"] }\n', False),
        ('include = { skus = ["a", "b"] }\n', True),
        ('exclude = { skus = ["a"] }\n', False),
        ("valid_from = 2026-01-01T00:00:00Z\n", True),
    ):
        assert bool(parse_limits(base + policy("two") + other, FILE).overlaps()) is meet
    early = base + "valid_to = 2026-01-01T00:00:00Z\n"
    late = policy("two") + "valid_from = 2026-01-01T00:00:00Z\n"
    assert parse_limits(early + late, FILE).overlaps() == []


def test_an_overlap_is_told_in_the_words_of_its_reader() -> None:
    """Money in its currency; subject and window by the names that all other lines have."""
    alike = {"measure": "discount", "window": '{ calendar = "month", time_zone = "UTC" }'}
    texts = [
        policy(name, cap=cap, **alike) + 'currency = "CNY"\n'
        for name, cap in (("a", 50_000), ("b", 60_000))
    ]
    (overlap,) = parse_limits("format = 1\n" + "".join(texts), FILE).overlaps()
    assert "overlap on account (calendar month UTC)" in overlap.words()
    assert "(`a`, cap 500.00 CNY)" in overlap.words()
    assert "主体：账号；窗口：自然月 UTC" in overlap.words("zh")
    assert "上限 500.00 CNY" in overlap.words("zh")
