"""Lists that people change, over gRPC and at the command line, on the real service."""

import json
import re
import time
from pathlib import Path

import pytest

from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from tests.fixtures.actors import ActorFiles
from tests.fixtures.governed import People, decision, entry, order, run
from tests.fixtures.service import (
    RunningServer,
)

REVIEWER = "reviewer"


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
    trail = run("audit", "list", "--subject", "lists/staff", "--json", server=server,
                token=actors.tokens["auditor"])  # fmt: skip
    assert "staff test" in trail.stdout
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
    assert f"{path}, row 902: value: is not an IP address" in refused.stderr
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


def test_lists_speak_chinese(server: RunningServer, actors: ActorFiles, tmp_path: Path) -> None:
    """Entries, changes and what is wrong: with the rows of a file, a field, a state, a scope."""
    path = tmp_path / "zh.csv"
    path.write_text("entity,value,reason\nip,300.1.2.3,r\nphone,,r\n")
    analyst, approver = actors.tokens["analyst"], actors.tokens["approver"]

    def said(*arguments: str, token: str = analyst) -> str:
        done = run("lists", *arguments, "--lang", "zh", server=server, token=token)
        return done.stdout + done.stderr

    refused = said("import", "zh-ring", str(path), "--kind", "deny")
    assert f"{path} 第 2 行：value：不是 IP 地址" in refused
    assert "2 个条目有误；未写入任何内容" in refused
    entry = ("--entity", "real_name", "--value", "11010519491231002X", "--reason", "团伙 17")
    assert "名单 zh-ring 是新名单" in said("add", "zh-ring", *entry)
    added = said("add", "zh-ring", "--kind", "deny", *entry)
    assert "（新增，zh-ring）已生效：1 个条目，提交人 analyst" in added
    shown = said("show", "zh-ring")
    assert "生效  zh-ring (黑名单)  实名身份 " in shown
    assert "所有订单" in shown
    assert "zh-ring：黑名单，生效 1 条，待审批 0 条" in said("show")
    number = added.split()[1].partition("（")[0]
    assert "调用方 analyst 缺少权限 approve" in said("approve", number)
    assert f"变更 {number} 的状态是“已生效”" in said("approve", number, token=approver)
    assert "没有变更 9999" in said("change", "9999")


def test_faults_of_the_file_hide_none_of_the_service(
    server: RunningServer, actors: ActorFiles, people: People, tmp_path: Path
) -> None:
    """Both are told in the order of lines, as is a list without a kind; nothing is written."""
    path = tmp_path / "both.csv"
    path.write_text(
        "entity,value,reason\ndevice,d-1,r\ndevise,d-2,r\nip,300.1.2.3,r\ndevice,d-3,r,more\n"
        'device,d-4,\ndevice,"d-5,r\n'
    )
    arguments = ("lists", "import", "both", str(path))
    token = actors.tokens["analyst"]
    refused = run(*arguments, "--kind", "deny", server=server, token=token)
    rows = re.findall(r"row (\d+): (\w+)", refused.stderr)
    assert rows == [("3", "entity"), ("4", "value"), ("5", "has"), ("6", "reason"), ("7", "no")]
    assert "5 entries are wrong; nothing was written" in refused.stderr
    refused = run(*arguments, server=server, token=token)
    assert re.findall(r"row (\d+): ", refused.stderr) == ["3", "5", "7"]
    assert "the list both is new" in refused.stderr
    assert "both" not in [one["list_id"] for one in people["auditor"].call("ListLists")["lists"]]


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
        ("entity,value\naccount\n", "row 2: has 1 column, the header has 2"),
        ("entity,value\nking,x\n", "row 2: entity: must be one of account"),
        ("entity,value,expires\naccount,x,tomorrow\n", "row 2: expires: must be a time"),
        ("entity,value,promotion_types\naccount,x,free\n", "row 2: promotion_types: must be of"),
        ("entity,value\n", "holds no entry"),
        ('entity,value\naccount,a\naccount,"x\ny,z\n', "row 3: no CSV can be read from here on"),
        ("entity,value,entity\n", "row 1: the column entity is there twice"),
    ],
)
def test_wrong_file_is_told_by_line(
    server: RunningServer, actors: ActorFiles, tmp_path: Path, text: str, words: str
) -> None:
    """What is wrong with a file is said with its line, and what would be right."""
    path = tmp_path / "x.csv"
    path.write_text(text)
    done = run(
        "lists", "import", "x", str(path), "--kind", "deny",
        server=server, token=actors.tokens["analyst"],
    )  # fmt: skip
    assert done.returncode == 1
    assert words in done.stderr


def test_what_is_not_there_is_said(
    server: RunningServer, actors: ActorFiles, people: People, tmp_path: Path
) -> None:
    """No list of a name is no empty list, and silence is no answer."""
    token, out = actors.tokens[REVIEWER], tmp_path / "out.csv"
    people[REVIEWER].call(
        "AddListEntries", list_id="known", kind="grey", entries=[entry("sku", "sku-k")]
    )
    for command in (("lists", "show", "unknown"), ("lists", "export", "unknown", str(out))):
        done = run(*command, server=server, token=token)
        assert done.returncode == 1
        assert re.search(r"there is no list unknown; there are: .*\bknown\b", done.stderr)
    assert not out.exists()
    out.touch()
    there = run("lists", "export", "known", str(out), server=server, token=token)
    assert "exists already; name another file" in there.stderr
    nobody = ("lists", "find", "--entity", "account", "--value", "nobody", "--lang", "zh")
    assert run(*nobody, server=server, token=token).stdout == "没有记录\n"
    shown = run("lists", "changes", server=server, token=token).stdout
    assert re.search(r"^ *\d+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  change ", shown)
