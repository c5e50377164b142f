"""What people change, over gRPC and at the command line, on the real service."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from risk_service.client.admin import AdminClient
from risk_service.client.channel import ClientOptions
from risk_service.client.errors import AccessRefused, ChallengeNotOpen, InvalidRequest
from risk_service.domain.errors import RiskError
from risk_service.governance.backtests import signature_file, signed
from risk_service.models.signature import key_id_of, load_signing_key
from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from risk_service.rules.rule_set import shipped_rules
from tests.fixtures.actors import ActorFiles, make_actors
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    score_request,
    start_server,
)

REVIEWER = "reviewer"


@pytest.fixture(scope="module")
def actors(tmp_path_factory: pytest.TempPathFactory) -> ActorFiles:
    """Return one actor per role."""
    return make_actors(tmp_path_factory.mktemp("actors") / "actors.toml")


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, actors: ActorFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server that knows actors; its tests use lists of their own."""
    files = copy_files(master_files, tmp_path_factory.mktemp("governed"))
    with start_server(files, actors.options()) as running:
        yield running


class People:
    """The clients of the actors of one server."""

    def __init__(self, server: RunningServer, actors: ActorFiles) -> None:
        self._clients = {
            actor_id: AdminClient(server.address, ClientOptions(token=token))
            for actor_id, token in actors.tokens.items()
        }

    def __getitem__(self, actor_id: str) -> AdminClient:
        """Return the client of an actor."""
        return self._clients[actor_id]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()


@pytest.fixture(scope="module")
def people(server: RunningServer, actors: ActorFiles) -> Iterator[People]:
    """Return clients by actor."""
    found = People(server, actors)
    yield found
    found.close()


def decision(
    server: RunningServer, actors: ActorFiles, request: risk_pb2.ScoreOrderRequest
) -> risk_pb2.Decision:
    """Return the decision on an order of the checkout."""
    with grpc.insecure_channel(server.address) as channel:
        return (
            risk_pb2_grpc.RiskServiceStub(channel)
            .ScoreOrder(request, metadata=actors.metadata("checkout"), timeout=10)
            .decision
        )


def order(request_id: str, ip: str = "203.0.113.7", **changes: str) -> risk_pb2.ScoreOrderRequest:
    """Return an order of an account, a device and an address of its own."""
    request = score_request(request_id)
    request.order.account.account_id = f"acc-{request_id}"
    request.order.device_id = f"dev-{request_id}"
    request.order.payment_instrument.payment_instrument_id = f"pay-{request_id}"
    request.order.ip = ip
    for name, value in changes.items():
        setattr(request.order, name, value)
    return request


def entry(entity: str, value: str, **more: object) -> dict[str, object]:
    """Return an entry as the client takes it."""
    return {"listed": {"entity": entity, "value": value}, "reason": "ring 17", **more}


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, server: RunningServer, token: str) -> Done:
    """Run a command against the server, in this process."""
    command = [*arguments, "--server", server.address]
    result = CliRunner().invoke(risk, command, env={"RISK_TOKEN": token})
    if result.exception is not None and not isinstance(result.exception, SystemExit | RiskError):
        raise result.exception
    told = f"error: {result.exception}" if isinstance(result.exception, RiskError) else ""
    return Done(returncode=result.exit_code, stdout=result.stdout, stderr=result.stderr + told)


def test_denied_device_is_denied_from_the_next_order_on(
    server: RunningServer, actors: ActorFiles, people: People
) -> None:
    """The answer names list, entry and version; taken out, the device may buy again."""
    before = decision(server, actors, order("d1"))
    assert (before.outcome, list(before.list_hits)) == (risk_pb2.OUTCOME_ALLOW, [])
    change = people[REVIEWER].call(
        "AddListEntries", list_id="devices", kind="deny", entries=[entry("device", "dev-d1")]
    )["change"]
    assert (change["state"], change["author"], change["entries"]) == ("applied", REVIEWER, 1)
    denied = decision(server, actors, order("d1b", device_id="dev-d1"))
    assert denied.outcome == risk_pb2.OUTCOME_DENY
    (hit,) = denied.list_hits
    assert hit.list_id == "devices"
    assert denied.versions.lists == people["auditor"].call("GetInForce")["lists"]
    shown = people["auditor"].call("ListEntries", list_id="devices")["entries"]
    assert [one["entry_id"] for one in shown] == [hit.entry_id]
    people[REVIEWER].call(
        "RemoveListEntries", list_id="devices", entry_ids=[hit.entry_id], note="appeal 9"
    )
    after = decision(server, actors, order("d1c", device_id="dev-d1"))
    assert list(after.list_hits) == []


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("198.18.64.0/18", "198.18.127.255", "198.18.128.0"),
        ("198.19.5.0/24", "198.19.5.9", "198.19.6.9"),
        ("2001:db8:77::/48", "2001:db8:77:1::5", "2001:db8:78::5"),
    ],
)
def test_network_of_any_prefix_is_denied(
    server: RunningServer,
    actors: ActorFiles,
    people: People,
    network: str,
    inside: str,
    outside: str,
) -> None:
    """A CIDR meets the orders from it, and no raw address is kept to do so."""
    people[REVIEWER].call(
        "AddListEntries", list_id="networks", kind="deny", entries=[entry("network", network)]
    )
    name = network.split("/")[1]
    assert decision(server, actors, order(f"n-in-{name}", inside)).outcome == risk_pb2.OUTCOME_DENY
    met = decision(server, actors, order(f"n-out-{name}", outside))
    assert not any(hit.list_id == "networks" for hit in met.list_hits)


def test_allow_entry_needs_another_person(
    server: RunningServer, actors: ActorFiles, people: People
) -> None:
    """Proposed by one, approved by another; then it suppresses a score, for its scope only."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    token = actors.tokens["analyst"]
    added = run(
        "lists", "add", "staff", "--kind", "allow", "--entity", "account", "--value", "acc-a1",
        "--reason", "staff test", "--promotion", "coupon", "--expires", soon,
        server=server, token=token,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert "is proposed" in added.stdout
    number = added.stdout.split()[1]
    assert run("lists", "approve", number, server=server, token=token).returncode == 1
    refused = run("lists", "approve", number, server=server, token=token)
    assert "lacks the scope approve" in refused.stderr
    approved = run("lists", "approve", number, server=server, token=actors.tokens["approver"])
    assert approved.returncode == 0, approved.stderr
    assert "approved by approver" in approved.stdout
    request = order("a1")
    request.order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_COUPON
    met = decision(server, actors, request)
    assert [hit.list_id for hit in met.list_hits] == ["staff"]
    other = order("a1b")
    other.order.account.account_id = "acc-a1"
    assert list(decision(server, actors, other).list_hits) == []


def test_import_is_all_or_nothing(
    server: RunningServer, actors: ActorFiles, people: People, tmp_path: Path
) -> None:
    """Every wrong row is told with its line; a sound file comes in as one change."""
    path = tmp_path / "ring.csv"
    rows = [f"account,acc-{number},ring 17" for number in range(1500)]
    rows[700] = "account,  ,ring 17"
    rows[900] = "ip,300.1.2.3,ring 17"
    path.write_text("entity,value,reason\n" + "\n".join(rows) + "\n")
    arguments = ("lists", "import", "ring", str(path), "--kind", "deny", "--json")
    token = actors.tokens["analyst"]
    refused = run(*arguments, server=server, token=token)
    assert refused.returncode == 1
    assert f"{path}, row 702: value: must not be empty" in refused.stderr
    assert f"{path}, row 902: value: is no IP address" in refused.stderr
    assert "2 entries are wrong; nothing was written" in refused.stderr
    assert "300.1.2.3" not in refused.stderr
    lists = people["auditor"].call("ListLists")["lists"]
    assert "ring" not in [one["list_id"] for one in lists]
    path.write_text("entity,value,reason\n" + "\n".join(rows[:700]) + "\n")
    done = run(*arguments, server=server, token=token)
    change = json.loads(done.stdout)
    assert (change["state"], change["entries"], change["kind"]) == ("applied", 700, "list.import")
    request = order("i1")
    request.order.account.account_id = "acc-699"
    assert decision(server, actors, request).outcome == risk_pb2.OUTCOME_DENY
    out = tmp_path / "out.csv"
    assert run("lists", "export", "ring", str(out), server=server, token=token).returncode == 0
    assert "acc-699" not in out.read_text()
    copied = run(
        "lists", "import", "copy", str(out), "--kind", "grey", "--json",
        server=server, token=token,
    )  # fmt: skip
    assert json.loads(copied.stdout)["entries"] == 700
    assert "copy" in [
        hit.list_id for hit in decision(server, actors, order_of("acc-699")).list_hits
    ]


def order_of(account_id: str) -> risk_pb2.ScoreOrderRequest:
    """Return an order of an account."""
    request = order(f"of-{account_id}")
    request.order.account.account_id = account_id
    return request


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty; its first line must name columns"),
        ("entity,colour\n", "row 1: there is no column 'colour'"),
        ("entity,value\naccount\n", "row 2: has 1 columns, the header has 2"),
        ("entity,value\nking,x\n", "row 2: entity: must be one of account"),
        ("entity,value,expires\naccount,x,tomorrow\n", "row 2: expires: must be a time"),
        ("entity,value,promotion_types\naccount,x,free\n", "row 2: promotion_types: must be of"),
        ("entity,value\n", "holds no entry"),
        ('entity,value\naccount,"x\n', "unexpected end of data"),
    ],
)
def test_wrong_file_is_told_by_line(
    server: RunningServer, actors: ActorFiles, tmp_path: Path, text: str, words: str
) -> None:
    """What is wrong with a file is said before anything is sent."""
    path = tmp_path / "x.csv"
    path.write_text(text)
    done = run(
        "lists", "import", "x", str(path), "--kind", "deny",
        server=server, token=actors.tokens["analyst"],
    )  # fmt: skip
    assert done.returncode == 1
    assert words in done.stderr


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
    assert "# EMERGENCY 紧急发布: the drop is now" in shown
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
    done = run(
        "rules", "publish", str(path), "--note", "a test",
        server=server, token=actors.tokens["analyst"],
    )  # fmt: skip
    assert done.returncode == 1
    assert "broken.toml:" in done.stderr
    assert people["auditor"].call("ListPublications", kind="rules") == before
    wrong = RULE.replace('skus = ["sku-2"]', 'skus = ["sku-1"]')
    with pytest.raises(InvalidRequest, match="test_sku: the example 'another SKU' gives match"):
        people["analyst"].call("PublishRules", files=[{"name": "w.toml", "text": wrong}], note="x")


def test_limits_are_published_like_rules(
    server: RunningServer, actors: ActorFiles, people: People
) -> None:
    """Limit policies have the same way; broken ones name file and line."""
    shipped = people["auditor"].call("GetPublication", kind="limits")
    text = shipped["files"][0]["text"]
    with pytest.raises(InvalidRequest, match=r"l\.toml:\d+"):
        people["analyst"].call(
            "PublishLimits", file={"name": "l.toml", "text": text + "\n[[policy]]\n"}, note="x"
        )
    comment = {"name": "l.toml", "text": text + "\n# reviewed\n"}
    with pytest.raises(ChallengeNotOpen, match=r"is in force, as limits number \d+"):
        people["analyst"].call("PublishLimits", file=comment, note="x")
    before = people["auditor"].call("GetInForce")["limits"]
    changed = re.sub(r"cap = (\d+)", lambda found: f"cap = {int(found[1]) + 1}", text, count=1)
    one = people["analyst"].call(
        "PublishLimits", file={"name": "l.toml", "text": changed}, note="one more"
    )["publication"]
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


@pytest.fixture(scope="module")
def _named_list(people: People) -> None:
    """Have a list to which a request may name entries that it has not."""
    people["analyst"].call(
        "AddListEntries", list_id="named", kind="grey", entries=[entry("sku", "sku-n")], note="n"
    )


@pytest.mark.usefixtures("_named_list")
@pytest.mark.parametrize(
    ("method", "values", "field"),
    [
        ("ListPublications", {}, "kind"),
        ("ListPublications", {"kind": "rules", "limit": 501}, "limit"),
        ("ListAudit", {"limit": -1}, "limit"),
        ("ListEntries", {"list_id": "x", "after_entry_id": "17"}, "after_entry_id"),
        ("RemoveListEntries", {"list_id": "named", "entry_ids": ["le_x"]}, r"entry_ids\[0\]"),
        ("RemoveListEntries", {"list_id": "named", "note": "n"}, "entry_ids"),
        ("AddListEntries", {"list_id": "x", "kind": "deny"}, "entries"),
        ("AddListEntries", {"list_id": "No", "kind": "deny", "entries": [entry("sku", "a")]},
         "list_id"),
        ("AddListEntries", {"list_id": "q", "kind": "deny", "entries": [{"reason": "r"}]},
         r"entries\[1\].entity"),
        ("AddListEntries", {"list_id": "q", "entries": [entry("sku", "a")]}, "kind"),
        ("FindEntries", {"listed": {"entity": "phone", "value": ""}}, "value"),
        ("PublishRules", {"note": "n"}, "sources"),
        ("PublishLimits", {"note": "n"}, "sources"),
        ("RejectChange", {"number": 1, "note": ""}, "note"),
        ("RejectChange", {"number": 1, "note": "x" * 501}, "note"),
    ],
)  # fmt: skip
def test_bad_request_names_its_field(
    people: People, method: str, values: dict[str, object], field: str
) -> None:
    """INVALID_ARGUMENT with the field, and nothing is changed."""
    names = {"ListAudit": "auditor", "ListPublications": "auditor"}
    with pytest.raises(InvalidRequest, match=f"{field}: "):
        people[names.get(method, "analyst")].call(method, **values)


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
    with pytest.raises(ChallengeNotOpen, match="is rejected, not proposed"):
        people["approver"].call("ApproveChange", number=change["number"])


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
