"""Rules, limits and the trail as people change them, on the real service."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from risk_service.client.admin import AdminClient
from risk_service.client.errors import AccessRefused, Conflict, InvalidRequest, NotFound
from risk_service.governance.backtests import signature_file, signed
from risk_service.models.signature import key_id_of, load_signing_key
from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from risk_service.rules.rule_set import shipped_rules
from tests.fixtures.actors import ActorFiles
from tests.fixtures.governed import People, decision, entry, order, run
from tests.fixtures.service import RunningServer, ServiceFiles, start_server

REVIEWER = "reviewer"


def with_test_rule(directory: Path) -> Path:
    """Return the shipped rules with one that denies."""
    rules = directory / "rules"
    rules.mkdir()
    for name, text in shipped_rules().texts.items():
        (rules / name).write_text(text)
    (rules / "zz_test.toml").write_text(RULE)
    return rules


def test_a_report_counts_when_it_is_signed(
    server: RunningServer, master_files: ServiceFiles, actors: ActorFiles, tmp_path: Path
) -> None:
    """By the key that the server trusts for bundles; the signature is found beside the file."""
    publish = ("rules", "publish", str(with_test_rule(tmp_path)), "--note", "a test")
    analyst, report = actors.tokens["analyst"], tmp_path / "report.json"
    report.write_text(json.dumps(REPORT))
    unsigned = run(*publish, "--backtest", str(report), server=server, token=analyst)
    assert "rule test_sku has a backtest that nobody vouches for" in unsigned.stderr
    key = load_signing_key(master_files.signing_key)
    signature_file(report).write_bytes(signed(report.read_bytes(), key))
    watched = run(*publish, "--backtest", str(report), server=server, token=analyst)
    assert "0.0 of 24 hours in shadow" in watched.stderr
    assert "backtest" not in watched.stderr


def test_rules_are_published_approved_and_taken_back(
    server: RunningServer,
    master_files: ServiceFiles,
    actors: ActorFiles,
    people: People,
    tmp_path: Path,
) -> None:
    """A rule is in force from the approval on, and gone again by one command."""
    rules = with_test_rule(tmp_path)
    analyst, approver = actors.tokens["analyst"], actors.tokens["approver"]
    shipped = people["auditor"].call("GetInForce")["rules"]
    publish = ("rules", "publish", str(rules), "--note", "a test", "--json")
    refused = run(*publish, server=server, token=analyst)
    assert refused.returncode == 1
    assert "rule test_sku would DENY after 0.0 of 24 hours in shadow" in refused.stderr
    assert "rule test_sku would DENY without a backtest: risk backtest test_sku" in refused.stderr
    report = tmp_path / "report.json"
    report.write_text(json.dumps(REPORT))
    key = load_signing_key(master_files.signing_key)
    signature_file(report).write_bytes(signed(report.read_bytes(), key))
    published = run(
        *publish, "--backtest", str(report), "--emergency", "the drop is now",
        server=server, token=analyst,
    )  # fmt: skip
    assert published.returncode == 0, published.stderr
    one = json.loads(published.stdout)["publication"]
    shown = run("rules", "show", str(one["number"]), server=server, token=approver).stdout
    assert "# EMERGENCY: the drop is now" in shown
    told = '# backtest of "sku-1" in skus on orders: 3 of 100 events flagged, 2 abuse, 1 honest; '
    assert f"{told}signed by key {key_id_of(key.public_key())}; sha256 " in shown
    changes = run(
        "rules", "show", str(one["number"]), "--changes", server=server, token=approver
    ).stdout
    assert "test_sku: added" in changes
    assert "coupon" not in changes
    assert (one["state"], one["author"]) == ("proposed", "analyst")
    request = order("r1", ip="203.0.113.77")
    assert "test_sku" not in [hit.rule_id for hit in decision(server, actors, request).rule_hits]
    approved = run("rules", "approve", str(one["number"]), server=server, token=approver)
    assert approved.returncode == 0, approved.stderr
    after = decision(server, actors, order("r2"))
    assert after.outcome == risk_pb2.OUTCOME_DENY
    assert after.versions.rules == one["version"] != shipped
    assert "test_sku" in [hit.rule_id for hit in after.rule_hits]
    back = run("rules", "rollback", "--note", "denies everybody", server=server, token=analyst)
    assert back.returncode == 0, back.stderr
    assert decision(server, actors, order("r3")).versions.rules == shipped
    versions = run("rules", "versions", server=server, token=analyst).stdout
    assert "approved by approver" in versions


def test_what_changes_is_no_file(server: RunningServer, actors: ActorFiles, tmp_path: Path) -> None:
    """What is asked for in vain is said, and not left out in silence."""
    approver = actors.tokens["approver"]
    for more in (("--json",), ("--out", str(tmp_path / "out"))):
        both = run("rules", "show", "--changes", *more, server=server, token=approver)
        assert both.returncode == 2
        assert "--changes prints what changes, as text: leave out --json" in both.stderr
    assert not (tmp_path / "out").exists()


REPORT = {
    "rule": None,
    "rule_sha256": None,
    "expression": '"sku-1" in skus',
    "data": {"name": "orders", "sha256": "ab" * 32, "files": {}},
    "events_read": 100,
    "events_flagged": 3,
    "split": {"flagged": {"abuse": {"events": 2}, "honest": {"events": 1}}},
}
RULE = """
format = 1
topic = "tests"

[[rule]]
id = "test_sku"
owner = "tests"
subject = "order"
outcome = "DENY"
state = "active"
reason = "TEST_SKU"
when = '"sku-1" in skus'
description_zh = "测试规则"
description_en = "The rule of a test"
customer_zh = "订单未能通过审核。"
customer_en = "The order could not be accepted."
analyst_zh = "测试规则。"
analyst_en = "The rule of a test."
honest_zh = "没有。"
honest_en = "Nobody."
[rule.scope]
promotions = ["NONE"]
[[rule.example]]
about = "the SKU"
matches = true
values = { skus = ["sku-1"] }
[[rule.example]]
about = "another SKU"
matches = false
values = { skus = ["sku-2"] }
"""


def test_broken_rules_change_nothing(
    server: RunningServer, actors: ActorFiles, people: People, tmp_path: Path
) -> None:
    """The analyst learns file and line; what is in force stays, and no proposal is left."""
    path = tmp_path / "broken.toml"
    path.write_text(RULE.replace('"sku-1" in skus', "skus > 3"))
    before = people["auditor"].call("ListPublications", kind="rules")
    publish = ("rules", "publish", str(path), "--note", "a test")
    token = actors.tokens["analyst"]
    done = run(*publish, server=server, token=token)
    assert done.returncode == 1
    assert re.search(r"broken\.toml:\d+:\d+: rule test_sku: ", done.stderr)
    chinese = run(*publish, "--lang", "zh", server=server, token=token)
    assert re.search(r"broken\.toml:\d+:\d+: 规则 test_sku：.*[一-鿿]", chinese.stderr)
    assert people["auditor"].call("ListPublications", kind="rules") == before
    wrong = RULE.replace('skus = ["sku-2"]', 'skus = ["sku-1"]')
    words = r"w\.toml:\d+: rule test_sku: the example 'another SKU'"
    words += " is expected to give 'no match' and gives 'match'"
    with pytest.raises(InvalidRequest, match=words):
        people["analyst"].call("PublishRules", files=[{"name": "w.toml", "text": wrong}], note="x")


def test_limits_are_published_like_rules(
    server: RunningServer, actors: ActorFiles, people: People, tmp_path: Path
) -> None:
    """Limit policies have the same way; broken ones name file and line, in Chinese too."""
    shipped = people["auditor"].call("GetPublication", kind="limits")
    text = shipped["files"][0]["text"]
    with pytest.raises(InvalidRequest, match=r"l\.toml:\d+"):
        people["analyst"].call(
            "PublishLimits", file={"name": "l.toml", "text": text + "\n[[policy]]\n"}, note="x"
        )
    broken = tmp_path / "l.toml"
    broken.write_text(text.replace("cap = ", "cup = ", 1), "utf-8")
    publish = ("limits", "publish", str(broken), "--note", "x")
    told = [
        run(*publish, *more, server=server, token=actors.tokens["analyst"]).stderr
        for more in ((), ("--lang", "zh"))
    ]
    line = text[: text.index("cap = ")].count("\n") + 1
    assert re.search(rf"l\.toml:{line}: policy `\S+`: `cup` is not known", told[0])
    assert re.search(rf"l\.toml:{line}: 策略 `\S+`：没有 `cup` 这个键", told[1])
    comment = {"name": "l.toml", "text": text + "\n# reviewed\n"}
    with pytest.raises(Conflict, match=r"is in force already, as limits number \d+"):
        people["analyst"].call("PublishLimits", file=comment, note="x")
    before = people["auditor"].call("GetInForce")["limits"]
    changed = re.sub(r"cap = (\d+)", lambda found: f"cap = {int(found[1]) + 1}", text, count=1)
    one = people["analyst"].call(
        "PublishLimits", file={"name": "l.toml", "text": changed}, note="one more"
    )["publication"]
    shown = ("limits", "show", str(one["number"]), "--changes", "--lang", "zh")
    changes = run(*shown, server=server, token=actors.tokens["approver"]).stdout.splitlines()
    cap = re.search(r"cap = (\d+)", text)
    assert cap is not None
    assert changes[2:] == [f"  - cap: {cap[1]}", f"  + cap: {int(cap[1]) + 1}"]
    people["approver"].call(
        "ApprovePublication", kind="limits", number=one["number"], version=one["version"]
    )
    assert people["auditor"].call("GetInForce")["limits"] == one["version"] != before
    people["analyst"].call("RollbackLimits", note="back")
    assert people["auditor"].call("GetInForce")["limits"] == before


def test_trail_shows_who_changed_what(
    server: RunningServer, actors: ActorFiles, people: People
) -> None:
    """Every change is in the trail with actor, before and after, and a hash per row."""
    people["analyst"].call(
        "AddListEntries", list_id="trail", kind="grey", entries=[entry("sku", "sku-t")], note="n"
    )
    done = run(
        "audit", "list", "--subject", "lists/trail", "--json",
        server=server, token=actors.tokens["auditor"],
    )  # fmt: skip
    (row,) = json.loads(done.stdout)
    assert (row["actor_id"], row["action"]) == ("analyst", "list.add")
    before, after = json.loads(row["before"]), json.loads(row["after"])
    assert after["sequence"] == before["sequence"] + 1
    assert len(row["leaf_sha256"]) == 64
    with pytest.raises(AccessRefused, match="lacks the scope audit"):
        people["analyst"].call("ListAudit")


def test_own_proposals_may_be_closed_by_their_author(people: People) -> None:
    """Whoever may approve may refuse, and an author take back; others may not."""
    listed = entry("sku", "sku-w", promotion_types=["coupon"])
    change = people["analyst"].call(
        "AddListEntries", list_id="close-me", kind="allow", note="n",
        entries=[{**listed, "expires_at": in_days(30)}],
    )["change"]  # fmt: skip
    with pytest.raises(AccessRefused, match="is not its author"):
        people[REVIEWER].call("RejectChange", number=change["number"], note="n")
    done = people["analyst"].call("RejectChange", number=change["number"], note="slip")
    assert (done["change"]["state"], done["change"]["closed_by"]) == ("rejected", "analyst")
    with pytest.raises(Conflict, match="is rejected, not proposed") as closed:
        people["approver"].call("ApproveChange", number=change["number"])
    with pytest.raises(NotFound, match="9999") as unknown:
        people["approver"].call("GetPublication", kind="rules", number=9999)
    # Neither is about a challenge or a decision.
    assert (type(closed.value), type(unknown.value)) == (Conflict, NotFound)


def in_days(days: int) -> datetime:
    """Return a time so many days from now."""
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(days=days)


def test_restart_finds_everything_in_force(files: ServiceFiles) -> None:
    """Lists survive the process; a laptop needs no token, and nobody to approve but another."""
    with start_server(files) as server, AdminClient(server.address) as client:
        client.call(
            "AddListEntries", list_id="keep", kind="deny", entries=[entry("device", "dev-k")]
        )
        version = client.call("GetInForce")
        change = client.call(
            "AddListEntries", list_id="vip", kind="allow", note="n",
            entries=[entry("sku", "s", promotion_types=["coupon"], expires_at=in_days(3))],
        )["change"]  # fmt: skip
        with pytest.raises(AccessRefused, match="the author of a change cannot approve it"):
            client.call("ApproveChange", number=change["number"])
        assert server.stop() == 0
    with start_server(files) as server, AdminClient(server.address) as client:
        assert client.call("GetInForce") == version
        with grpc.insecure_channel(server.address) as channel:
            stub = risk_pb2_grpc.RiskServiceStub(channel)
            met = stub.ScoreOrder(order("k1", device_id="dev-k"), timeout=10).decision
        assert met.outcome == risk_pb2.OUTCOME_DENY
