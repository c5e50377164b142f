"""What an approver of limits is shown: how the files differ, policy by policy."""

from risk_service.cli.limit_changes import limit_changes
from risk_service.limits.book import shipped_text

ONE = """
[[policy]]
id = "a"
name = { zh = "甲", en = "A" }
window = "session"
cap = 2
"""
OTHER = ONE.replace('"a"', '"b"')


def test_each_key_that_differs_is_shown() -> None:
    """Before and after, in the words of the file; what stays is not repeated."""
    told = limit_changes(ONE, ONE.replace("cap = 2", "cap = 3") + "step = 2\n", "en")
    assert told == "a: changed\n  - cap: 2\n  + cap: 3\n  + step: 2"


def test_what_begins_to_count_anew_is_marked() -> None:
    """Another window has counters of its own: whoever approves should know."""
    anew = ONE.replace('"session"', '{ rolling = "7d" }')
    assert limit_changes(ONE, anew, "en").startswith("a: changed: counts from 0\n")
    assert '+ window: {"rolling": "7d"}' in limit_changes(ONE, anew, "zh")
    assert "从零开始计数" in limit_changes(ONE, anew, "zh")


def test_added_removed_and_reworded_policies_are_told_apart() -> None:
    """A removed one is named alone, a new one with all of its keys."""
    assert limit_changes(ONE, OTHER, "en").splitlines()[0] == "b: added"
    assert "  + cap: 2" in limit_changes(ONE, ONE + OTHER, "en")
    assert limit_changes(ONE + OTHER, ONE, "en") == "b: removed: its counters are kept"
    assert limit_changes(ONE, ONE.replace("甲", "乙"), "zh").startswith("a: 仅文案")


def test_the_same_policies_change_nothing() -> None:
    """Comments and the order of keys are no change."""
    assert limit_changes(shipped_text(), "# a word\n" + shipped_text(), "en") == "no limit changes"
    assert limit_changes(ONE, ONE, "zh") == "限购无变化"
