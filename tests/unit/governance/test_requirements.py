"""What a rule must have behind it before it decides, and what an emergency does without."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.domain.audit import AuditFilter
from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.governed import Evidence
from risk_service.models.signature import key_id_of
from tests.fixtures.rule_gate import KEY, KNOWN, RULES, WHEN, Shop, report, rule
from tests.fixtures.rule_texts import file_text, rule_text


def test_first_installation_needs_nothing(tmp_path: Path) -> None:
    """What the operator gives at the very first start denies at once, and goes on to."""
    shop = Shop(tmp_path)
    shop.seed(rule())
    shop.activate(rule().replace("Please verify.", "Please verify now."))
    (active,) = [one for one in shop.store.publications(RULES, 10) if one.state == "active"]
    assert (active.author, active.approver) == ("ann", "bob")
    shop.file.close()


def test_errors_say_what_is_missing(shop: Shop) -> None:
    """A rule that would deny from nowhere: file, line, hours and the command to run."""
    with pytest.raises(InvalidInput) as caught:
        shop.publish(rule())
    hours, backtest = caught.value.violations
    line = rule().split("\n").index("id = '''fast_submit'''")
    assert hours.field == backtest.field == f"f.toml:{line}"
    assert hours.description == (
        "rule fast_submit would DENY after 0.0 of 24 hours in shadow: publish it just so with "
        'state = "shadow" first'
    )
    assert "risk backtest fast_submit --rules DIR" in backtest.description
    assert shop.store.publications(RULES, 10)[0].author == "shipped"


def test_outcomes_that_the_policy_asks_nothing_of_pass(shop: Shop) -> None:
    """By default only a denial waits; a rule in shadow never does."""
    assert shop.publish(rule(outcome="REVIEW")).author == "ann"
    assert shop.publish(rule(state="shadow")).author == "ann"


def test_watched_and_tested_it_may_deny(shop: Shop) -> None:
    """A day in shadow and a report of just this condition are enough; a minute less is not."""
    shop.activate(rule(state="shadow"))
    shop.hours = 23.9
    with pytest.raises(InvalidInput, match=r"after 23\.9 of 24 hours"):
        shop.publish(rule(), report())
    shop.hours = 24.1
    with pytest.raises(InvalidInput, match="without a backtest"):
        shop.publish(rule())
    shop.activate(rule(), report(f" {WHEN}\n"))
    found = shop.store.active(RULES)
    assert found is not None
    assert found.evidence.backtests[0].events_flagged == 3
    row = [one.row for one in shop.file.rows(AuditFilter(limit=100))][-1]
    (kept,) = json.loads(row.after)["backtests"].values()
    assert kept["signed_by"] == key_id_of(KEY.public_key())
    assert kept["data_sha256"] == found.evidence.backtests[0].data_sha256
    # In force, it may stay and get other words, without evidence.
    shop.activate(rule(honest_en="Nobody."))


def test_time_in_shadow_is_that_of_the_same_rule(shop: Shop) -> None:
    """Another condition, scope or outcome starts anew; what lay in between does not count."""
    shop.activate(rule(state="shadow"))
    shop.hours = 30
    with pytest.raises(InvalidInput, match=r"after 0\.0 of 24 hours"):
        shop.publish(rule(when="order__page_open_ms < 301"), report("order__page_open_ms < 301"))
    shop.activate(file_text(rule_text(known=KNOWN, id="other", outcome="CHALLENGE")))
    shop.hours = 100
    shop.activate(rule(state="shadow"))
    shop.hours = 101
    shop.publish(rule(), report())


def test_what_is_missing_is_said_in_chinese_too(shop: Shop) -> None:
    """Each thing that a rule may lack, with file and line, and what to do about it."""

    def refused(evidence: Evidence) -> tuple[Violation, ...]:
        with pytest.raises(InvalidInput) as found:
            shop.publish(rule(), evidence)
        return found.value.violations

    (right,) = report().backtests
    (of_another,) = report("order__page_open_ms < 301").backtests
    told = [
        *refused(Evidence()),
        *refused(Evidence(backtests=(replace(right, signature=""),))),
        *refused(Evidence(backtests=(of_another,))),
        *refused(Evidence(backtests=(replace(right, events_read=right.events_read + 1),))),
    ]
    said = " ".join(one.description_zh for one in told)
    for words in ("影子运行 0.0 小时", "缺少回测报告", "未签名", "与本次发布不同", "签名不符"):
        assert words in said
    assert all(one.description_zh for one in told)


def test_emergency_passes_and_stays_told(shop: Shop) -> None:
    """It still takes two people; the trail has the reason and what was missing."""
    shop.activate(rule(), Evidence(emergency="a ring empties the drop"))
    found = shop.store.active(RULES)
    assert found is not None
    assert found.evidence.emergency == "a ring empties the drop"
    rows = [one.row for one in shop.file.rows(AuditFilter(limit=100))][-2:]
    told = [json.loads(row.after) for row in rows]
    assert [row.action for row in rows] == ["rules.publish", "rules.approve"]
    assert all(one["emergency"] == "a ring empties the drop" for one in told)
    assert "0.0 of 24 hours" in told[0]["missing"][0]
    with pytest.raises(InvalidInput, match="emergency: must be 0 to 500 printable"):
        shop.publish(rule(state="shadow"), Evidence(emergency="x" * 501))


def test_approval_looks_again(tmp_path: Path) -> None:
    """What was proposed under a laxer policy is held against the one of today."""
    lax = tmp_path / "lax.toml"
    lax.write_text("format = 1\n")
    before = Shop(tmp_path, lax)
    before.seed(file_text(rule_text(known=KNOWN, id="other", outcome="REVIEW")))
    one = before.publish(rule())
    before.file.close()
    after = Shop(tmp_path)
    with pytest.raises(InvalidInput, match="of 24 hours in shadow"):
        after.publishing.approve(RULES, one.number, one.version, "bob")
    after.file.close()


def test_rollback_needs_nothing(shop: Shop) -> None:
    """Trouble does not wait: what was approved before is back by one command."""
    shop.activate(rule(), Evidence(emergency="now"))
    shop.activate(rule(state="shadow"))
    done, _ = shop.publishing.rollback(RULES, 2, "ann", "again")
    assert done.number == 2


def test_clock_that_went_back_counts_nothing(shop: Shop) -> None:
    """Hours in shadow are never negative, and never more than the clock says."""
    shop.hours = 50
    shop.activate(rule(state="shadow"))
    shop.hours = 1
    with pytest.raises(InvalidInput, match=r"after 0\.0 of 24"):
        shop.publish(rule(), report())
