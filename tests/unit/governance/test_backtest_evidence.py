"""Which report of a backtest speaks for a rule, and which is none."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from risk_service.domain.errors import InvalidInput
from risk_service.domain.governed import Evidence
from risk_service.governance import backtests
from risk_service.governance.backtests import report_of, signed
from risk_service.rules.changes import decides_alike, described, flagging_sha256
from risk_service.rules.rule_set import load_rule_set
from tests.fixtures.rule_gate import RULES, Shop, changed, report, rule, told


def test_report_of_another_condition_is_none(shop: Shop) -> None:
    """The figures must be of what would be in force; a bare condition will do as well as the id."""
    shop.activate(rule(state="shadow"))
    shop.hours = 48
    with pytest.raises(InvalidInput, match="has a backtest of another condition"):
        shop.publish(rule(), report("order__page_open_ms < 100"))
    with pytest.raises(InvalidInput, match="without a backtest"):
        shop.publish(rule(), report(rule_id="other"))  # a report of another rule is none
    with pytest.raises(InvalidInput, match="events_read"):
        shop.publish(rule(), report(read=0))
    shop.publish(rule(), report(rule_id=None))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"signature": ""}, "nobody vouches for"),
        ({"signature": "{}"}, "not a signature in the fixed spelling"),
        ({"honest_flagged": 0}, "not what key .* has signed"),
        ({"events_flagged": 2}, "not what key .* has signed"),
        ({"data_sha256": "ee" * 32}, "not what key .* has signed"),
        ({"sha256": "ee" * 32}, "not what key .* has signed"),
        ({"rule_id": "", "rule_sha256": ""}, "not what key .* has signed"),
    ],
)
def test_a_report_must_be_vouched_for(shop: Shop, values: dict[str, object], words: str) -> None:
    """Whoever publishes cannot write it, nor change a figure of it, nor take another's."""
    shop.activate(rule(state="shadow"))
    shop.hours = 48
    with pytest.raises(InvalidInput, match=words):
        shop.publish(rule(), changed(report(), **values))
    content = told()
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    forged = report_of(content, signed(content, stranger).decode())
    with pytest.raises(InvalidInput, match="signed by unknown key"):
        shop.publish(rule(), Evidence(backtests=(forged,)))
    unsigned = report_of(content)
    # One good report among unsigned others is enough.
    shop.publish(rule(), Evidence(backtests=(unsigned, *report().backtests)))


def test_a_report_of_before_must_be_made_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was signed before reports named the histories that were read says too little."""
    shop.activate(rule(state="shadow"))
    shop.hours = 48
    with monkeypatch.context() as patch:
        patch.setattr(backtests, "_WHAT", "backtest report 1")
        before = report(rule_id=None)
    with pytest.raises(InvalidInput, match=r"not what key .* has signed"):
        shop.publish(rule(), before)


@pytest.mark.parametrize("signature", ['{"key_id":"\x1b[2K0123456789ab"}', "forged"])
def test_no_signature_is_kept_that_does_not_verify(shop: Shop, signature: str) -> None:
    """Whoever approves, and the trail, are told who signed: not even an emergency may invent it."""
    good = report().backtests[0]
    forged = replace(good, signature=signature, rule_id="other")
    emergency = Evidence(backtests=(good, forged), emergency="a ring empties the drop")
    for text in (rule(), rule(state="shadow"), rule(outcome="REVIEW")):
        with pytest.raises(InvalidInput) as caught:
            shop.publish(text, emergency)
        (fault,) = caught.value.violations
        assert fault.field == "backtests[1].signature"
        assert "or leave this report out" in fault.description
    assert shop.store.active(RULES) == shop.store.publications(RULES, 10)[0]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rule_id": "r" * 65}, "rule_id"),
        ({"rule_id": "fast\x1b[2K"}, "rule_id"),
        ({"rule_sha256": "no digest"}, "rule_sha256"),
        ({"rule_sha256": "AB" * 32}, "rule_sha256"),
        ({"data_sha256": "ab" * 500_000}, "data_sha256"),
        ({"data": "orders\nsigned by key 0123456789abcdef"}, "data"),
        ({"data": "\n# signed by key 0123456789abcdef"}, "data"),
        ({"data": "o" * 201}, "data"),
        ({"expression": "true\x1b[2K"}, "expression"),
        ({"expression": "1 < 2 && " * 1000 + "true"}, "expression"),
        ({"expression": " \n"}, "expression"),
        ({"abuse_flagged": -1}, "abuse_flagged"),
        ({"honest_flagged": 4}, "honest_flagged"),
    ],
)
def test_what_no_backtest_writes_is_no_evidence(
    shop: Shop, values: dict[str, object], field: str
) -> None:
    """It is stored and shown to whoever approves: bounded, and nothing a terminal acts upon."""
    with pytest.raises(InvalidInput) as caught:
        shop.publish(rule(state="shadow"), changed(report(), **values))
    assert [one.field for one in caught.value.violations] == [f"backtests[0].{field}"]


def test_a_report_is_of_the_lines_as_they_stand(shop: Shop) -> None:
    """A comment ends with its line: on one line, the same words are another condition."""
    tried = "order__page_open_ms > 0 // a remark\n&& order__page_open_ms < 300"
    published = "order__page_open_ms > 0 // a remark && order__page_open_ms < 300"
    one, other = (
        load_rule_set({"f.toml": rule(when=when)}).rules["fast_submit"]
        for when in (tried, published)
    )
    assert flagging_sha256(one) != flagging_sha256(other)
    shop.activate(rule(state="shadow", when=published))
    shop.hours = 48
    with pytest.raises(InvalidInput, match="has a backtest of another condition"):
        shop.publish(rule(when=published), report(tried))
    with pytest.raises(InvalidInput, match="without a backtest"):
        shop.publish(rule(when=published), report(tried, rule_id=None))
    shop.publish(rule(when=published), report(published, rule_id=None))


@pytest.mark.parametrize(
    "end", ["until = 9999-12-31T23:59:59-05:00", "from = 0001-01-01T00:00:00+14:00"]
)
def test_a_rule_may_end_on_the_last_day_there_is(shop: Shop, end: str) -> None:
    """In UTC that day lies beyond every date: the rule is compared and told apart all the same."""
    first = rule(state="shadow", tables=f"[rule.schedule]\n{end}")
    shop.activate(first)
    shop.hours = 30
    active = rule(tables=f"[rule.schedule]\n{end}")
    found = load_rule_set({"f.toml": active}).rules["fast_submit"]
    assert "us since 1970" in described(found)["schedule"]
    assert flagging_sha256(found) != flagging_sha256(
        load_rule_set({"f.toml": rule()}).rules["fast_submit"]
    )
    shop.publish(active, report(rule_id=None))


def test_a_report_is_of_the_names_as_they_stand(shop: Shop) -> None:
    """One campaign whose name has a comma is not two campaigns, in reports and in shadow."""
    scope = "[rule.scope]\ncampaigns = [{}]"
    one, two = (rule(tables=scope.format(names)) for names in ("'a, b'", "'a', 'b'"))
    of_one, of_two = (load_rule_set({"f.toml": text}).rules["fast_submit"] for text in (one, two))
    assert flagging_sha256(of_one) != flagging_sha256(of_two)
    assert not decides_alike(of_one, of_two)
    shop.activate(one.replace("active", "shadow"))
    shop.hours = 48
    with pytest.raises(InvalidInput, match=r"after 0\.0 of 24 hours"):
        shop.publish(two, report(rule_id=None))


def test_a_report_is_of_a_scope_too(shop: Shop) -> None:
    """What was tried everywhere, by the rule's id, says nothing of a rule for flash sales only."""
    narrow = rule(tables='[rule.scope]\npromotions = ["FLASH_SALE"]')
    shop.activate(narrow.replace("active", "shadow"))
    shop.hours = 48
    with pytest.raises(InvalidInput, match="another condition, scope or schedule"):
        shop.publish(narrow, report())
    shop.publish(narrow, report(rule_id=None))


def test_rules_that_cannot_be_backtested_need_none(shop: Shop) -> None:
    """A rule for claims has no data set to be held against: the time in shadow remains."""
    with pytest.raises(InvalidInput) as caught:
        shop.publish(rule(subject="refund", when="known(claim_minor)"))
    assert len(caught.value.violations) == 1
