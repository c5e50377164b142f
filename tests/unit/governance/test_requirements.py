"""What a rule must have behind it before it decides, and what an emergency does without."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.publications import SqlitePublications
from risk_service.domain.audit import AuditFilter
from risk_service.domain.errors import InvalidInput
from risk_service.domain.governed import NO_EVIDENCE, Evidence, Publication, PublishedKind
from risk_service.governance.backtests import report_of, signed
from risk_service.governance.publishing import Publishing
from risk_service.governance.requirements import RuleGate, load_requirements
from risk_service.models.signature import key_id_of
from risk_service.rules.changes import decides_alike, described, flagging_sha256
from risk_service.rules.rule_set import load_rule_set
from tests.fixtures.governing import NOW_US
from tests.fixtures.rule_texts import file_text, rule_text

RULES = PublishedKind.RULES
HOUR_US = 3_600_000_000
KNOWN = "order__page_open_ms = 200"
WHEN = "order__page_open_ms < 300"


def rule(outcome: str = "DENY", state: str = "active", when: str = WHEN, **keys: str) -> str:
    """Return a file with one rule, and one that is always there."""
    other = rule_text(known=KNOWN, id="other", outcome="REVIEW")
    made = rule_text(known=KNOWN, outcome=outcome, state=state, when=when, **keys)
    return file_text(other, made)


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def told(expression: str = WHEN, rule_id: str | None = "fast_submit", read: int = 100) -> bytes:
    """Return the file of a report as risk backtest writes it."""
    states = {"abuse": {"events": 2}, "honest": {"events": 1}}
    digest = flagging_sha256(load_rule_set({"f.toml": rule()}).rules["fast_submit"])
    figures = {
        "rule": rule_id or None, "expression": expression,
        "rule_sha256": digest if rule_id else None,
        "data": {"name": "orders", "sha256": "cd" * 32, "files": {}},
        "events_read": read, "events_flagged": 3, "split": {"flagged": states},
    }  # fmt: skip
    return json.dumps(figures).encode()


def report(
    expression: str = WHEN, rule_id: str | None = "fast_submit", read: int = 100
) -> Evidence:
    """Return one report of a backtest, signed."""
    content = told(expression, rule_id, read)
    return Evidence(backtests=(report_of(content, signed(content, KEY).decode()),))


def changed(evidence: Evidence, **values: object) -> Evidence:
    """Return evidence whose report says something else."""
    return Evidence(backtests=(replace(evidence.backtests[0], **values),))


class Shop:
    """A store with a clock of its own, and what the file of requirements says."""

    def __init__(self, directory: Path, requirements: Path | None = None) -> None:
        self.hours = 0.0
        self.file = GovernanceFile(directory / "governance.sqlite3", self.now_us)
        self.store = SqlitePublications(self.file)
        gate = RuleGate(
            requirements=load_requirements(requirements), store=self.store, now_us=self.now_us,
            trusted=lambda: {key_id_of(KEY.public_key()): KEY.public_key()},
        )  # fmt: skip
        load = {kind: lambda sources: load_rule_set(sources) for kind in PublishedKind}
        self.publishing = Publishing(store=self.store, load=load, rule_gate=gate)

    def now_us(self) -> int:
        """Return the time."""
        return NOW_US + int(self.hours * HOUR_US)

    def seed(self, text: str) -> None:
        """Start with rules of the operator."""
        self.store.seed(RULES, load_rule_set({"f.toml": text}).version, {"f.toml": text})

    def publish(self, text: str, evidence: Evidence = NO_EVIDENCE) -> Publication:
        """Propose rules."""
        return self.publishing.publish(RULES, {"f.toml": text}, "ann", "why", evidence)

    def activate(self, text: str, evidence: Evidence = NO_EVIDENCE) -> None:
        """Propose rules and let another approve them."""
        one = self.publish(text, evidence)
        self.publishing.approve(RULES, one.number, one.version, "bob")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Return a store with the shipped requirements, and one rule in force."""
    opened = Shop(tmp_path)
    opened.seed(file_text(rule_text(known=KNOWN, id="other", outcome="REVIEW")))
    yield opened
    opened.file.close()


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
