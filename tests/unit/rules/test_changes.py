"""What changes between two rule sets, as whoever approves a publication reads it."""

from typing import Any

import pytest

from risk_service.rules.changes import Change, compare
from risk_service.rules.rule_set import RuleSet, load_rule_set
from tests.fixtures.rule_texts import file_text, rule_text

MILDER = "order__page_open_ms < 250"


def rules(*texts: str) -> RuleSet:
    """Return the rules of a file."""
    return load_rule_set({"a.toml": file_text(*texts)})


def change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    """Return how the one rule differs; None: there is no such rule."""
    other = rule_text(id="other", reason="OTHER")
    old, new = (
        rules(other, *([] if keys is None else [rule_text(**keys)])) for keys in (before, after)
    )
    (found,) = compare(old, new)
    assert found.rule_id == "fast_submit"
    return found


@pytest.mark.parametrize(
    ("before", "after", "kind", "decides", "at_once"),
    [
        (None, {}, "added", True, True),
        (None, {"state": "shadow"}, "added", True, False),
        ({}, None, "removed", True, False),
        ({"state": "shadow"}, {}, "changed", True, False),
        ({}, {"state": "shadow"}, "changed", True, False),
        ({}, {"when": MILDER}, "changed", True, True),
        ({}, {"when": MILDER, "state": "shadow"}, "changed", True, False),
        ({"state": "shadow"}, {"when": MILDER}, "changed", True, True),
        ({}, {"outcome": "REVIEW"}, "changed", True, True),
        ({}, {"owner": "another"}, "changed", False, False),
        ({}, {"customer_en": "Verify, please."}, "changed", False, False),
    ],
)
def test_what_decides_without_having_been_watched_is_told(
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    kind: str,
    decides: bool,
    at_once: bool,
) -> None:
    """Whoever approves sees what is active from the first order on and never was in shadow."""
    found = change(before, after)
    assert (found.kind, found.decides, found.at_once) == (kind, decides, at_once)


def test_each_key_is_told_with_what_it_was_and_what_it_is() -> None:
    """Of an added or removed rule every key that says something, of a changed one its own."""
    found = change({}, {"when": MILDER, "owner": "another"})
    assert found.parts == (
        ("when", "order__page_open_ms < 300", MILDER),
        ("owner", "risk-flash", "another"),
    )
    added, removed = change(None, {}).parts, change({}, None).parts
    assert {before for _, before, _ in added} == {after for _, _, after in removed} == {""}
    assert {(key, after) for key, _, after in added} == {(key, was) for key, was, _ in removed}
    assert ("outcome", "", "CHALLENGE") in added


def test_rules_stand_in_the_order_of_the_new_file_and_what_is_gone_behind_them() -> None:
    """What is the same on both sides is left out."""
    one, two, three = (rule_text(id=name, reason=name.upper()) for name in ("one", "two", "three"))
    changed = rule_text(id="two", reason="TWO", when=MILDER)
    found = compare(rules(three, one, two), rules(changed, rule_text(id="new", reason="NEW"), one))
    assert [(one.rule_id, one.kind) for one in found] == [
        ("two", "changed"), ("new", "added"), ("three", "removed"),
    ]  # fmt: skip
    assert compare(rules(one, two), rules(two, one)) == ()


def test_a_scope_names_only_what_it_narrows() -> None:
    """A name that could be read as several is quoted."""
    scope = '[rule.scope]\npromotions = ["GIFT", "FLASH_SALE"]\ncampaigns = ["a, b", "c"]\n'
    (part,) = change({}, {"tables": scope}).parts
    assert part == ("scope", "", "promotions FLASH_SALE, GIFT; campaigns 'a, b', c")
