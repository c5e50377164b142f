"""Decisions of a real service, decided again beside it: the same to the last bit, or told."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from click.testing import CliRunner, Result

from risk_service.cli.main import risk
from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from risk_service.rules.rule_set import shipped_rules
from tests.fixtures.actors import ActorFiles
from tests.fixtures.changed_records import changed_record, copied, records_of
from tests.fixtures.governed import People, decision, entry, order, run
from tests.fixtures.record_changes import CHANGES, Record
from tests.fixtures.service import RunningServer, ServiceFiles, start_server
from tests.fixtures.small_models import make_bundle

PARTS = ("vector", "scores", "rules", "outcome", "reasons")
# The small models ask for a quantity limit, challenges, a review and a refusal.
UNITS = (1, 5, 10, 12, 25, 60)
RULE = """
format = 1
topic = "tests"
[[rule]]
id = "test_big"
owner = "tests"
subject = "order"
outcome = "REVIEW"
state = "shadow"
reason = "TEST_BIG"
when = "order__units > 4.0"
description_zh = "测试规则"
description_en = "The rule of a test"
customer_zh = "订单需要核实。"
customer_en = "The order needs a check."
analyst_zh = "件数 {order__units}。"
analyst_en = "{order__units} units."
honest_zh = "公司采购。"
honest_en = "A company."
[rule.scope]
promotions = ["NONE", "FLASH_SALE"]
[[rule.example]]
about = "many"
matches = true
values = { order__units = 5 }
[[rule.example]]
about = "few"
matches = false
values = { order__units = 1 }
"""


@pytest.fixture(scope="module")
def decided(
    server: RunningServer,
    actors: ActorFiles,
    people: People,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the state directory of a server that still runs, with decisions of every kind."""
    listed = [entry("device", "dev-denied"), entry("account", "acc-grey")]
    people["reviewer"].call("AddListEntries", list_id="ring", kind="deny", entries=listed[:1])
    people["reviewer"].call(
        "AddListEntries", list_id="watch", kind="grey", entries=listed[1:], note="seen"
    )
    _shop(server, actors, "shipped")
    rules = tmp_path_factory.mktemp("published") / "rules"
    rules.mkdir()
    for name, text in (shipped_rules().texts | {"zz_test.toml": RULE}).items():
        (rules / name).write_text(text)
    publish = ("rules", "publish", str(rules), "--note", "a test", "--json")
    published = run(*publish, server=server, token=actors.tokens["analyst"])
    assert published.returncode == 0, published.stderr
    number = json.loads(published.stdout)["publication"]["number"]
    run("rules", "approve", str(number), server=server, token=actors.tokens["approver"])
    hits = _shop(server, actors, "published")
    assert "test_big" in hits
    return server.log.parent / "state"


def _shop(server: RunningServer, actors: ActorFiles, name: str) -> set[str]:
    """Place orders that meet models, lists, limits and challenges; return the rules they hit."""
    requests = [_order(f"{name}-{units}", units=units) for units in UNITS]
    requests += [_order(f"{name}-f{n}", flash=True, account_id="same") for n in range(3)]
    requests.append(_order(f"{name}-direct", direct=True))
    denied, grey = _order(f"{name}-denied"), _order(f"{name}-grey")
    denied.order.device_id, grey.order.account.account_id = "dev-denied", "acc-grey"
    answers = [decision(server, actors, one) for one in (*requests, denied, grey)]
    found = {hit.rule_id for one in answers for hit in one.rule_hits}
    results = (risk_pb2.CHALLENGE_RESULT_PASSED, risk_pb2.CHALLENGE_RESULT_FAILED)
    asked = [one for one in answers if one.HasField("challenge")]
    assert len(asked) >= len(results)
    with grpc.insecure_channel(server.address) as channel:
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        for one, result in zip(asked, results, strict=False):
            ended = risk_pb2.CompleteChallengeRequest(
                request_id=f"{one.request_id}-ended",
                challenge_id=one.challenge.challenge_id,
                result=result,
            )
            stub.CompleteChallenge(ended, metadata=actors.metadata("checkout"), timeout=10)
    return found


def _order(
    request_id: str,
    *,
    units: int = 1,
    flash: bool = False,
    direct: bool = False,
    account_id: str = "",
) -> risk_pb2.ScoreOrderRequest:
    request = order(request_id)
    (line,) = request.order.lines
    line.quantity = units
    request.order.totals.goods_minor = request.order.totals.payable_minor = units * 1999
    if flash:
        line.promotion_type, line.campaign_id = order_pb2.PROMOTION_TYPE_FLASH_SALE, "campaign-1"
        request.order.session.drop_id = "drop-1"
    if direct:
        request.order.session.entry_path = order_pb2.ENTRY_PATH_DIRECT_LINK
    request.order.account.account_id = account_id or request.order.account.account_id
    return request


def replayed(state: Path, *options: object) -> tuple[dict[str, Any], Result]:
    """Return what the command found, as JSON, and how it ended."""
    command = ["replay", "--state", str(state), *map(str, options), "--json"]
    done = CliRunner().invoke(risk, command, catch_exceptions=False)
    return json.loads(done.stdout), done


def test_every_decision_comes_out_the_same(decided: Path, master_files: ServiceFiles) -> None:
    """Beside the running server: every part of every decision, under two rule sets."""
    found, done = replayed(decided, "--trust", master_files.trust)
    assert done.exit_code == 0, done.stdout
    count = found["decisions"]
    assert count >= 2 * (len(UNITS) + 8)
    whole = {"same": count, "different": 0, "not_at_hand": 0}
    assert found["parts"] == dict.fromkeys(PARTS, whole)
    outcomes = {record.decision.outcome.name for record in records_of(decided)}
    assert outcomes == {"ALLOW", "CHALLENGE", "LIMIT_QUANTITY", "REVIEW", "DENY"}
    steps = {cause.step for record in records_of(decided) for cause in record.decision.causes}
    assert steps >= {"list", "score", "challenge", "limit"}


def test_one_decision_is_decided_again(decided: Path, master_files: ServiceFiles) -> None:
    """By its id, as an appeal names it; an id that nobody gave is refused."""
    record = next(records_of(decided))
    decision_id = record.decision.decision_id
    found, done = replayed(decided, "--trust", master_files.trust, "--decision", decision_id)
    assert (found["decisions"], found["alike"], done.exit_code) == (1, 1, 0)
    refused = CliRunner().invoke(risk, ["replay", "--state", str(decided), "--decision", "dec_0"])
    assert "dec_0" in str(refused.exception)


def test_what_is_not_at_hand_is_told(
    decided: Path, master_files: ServiceFiles, tmp_path: Path
) -> None:
    """Without the key no bundle counts, without the publications no rule set but the shipped."""
    found, done = replayed(decided)
    assert done.exit_code == 0
    assert found["parts"]["scores"]["not_at_hand"] == found["decisions"]
    assert found["parts"]["rules"]["same"] == found["decisions"]
    assert "unknown key" in done.stderr
    moved = copied(decided, tmp_path)
    (moved / "governance.sqlite3").rename(tmp_path / "elsewhere.sqlite3")
    without, _ = replayed(moved, "--trust", master_files.trust)
    assert 0 < without["parts"]["rules"]["not_at_hand"] < found["decisions"]
    assert without["parts"]["outcome"]["same"] == found["decisions"]
    given, _ = replayed(
        moved, "--trust", master_files.trust, "--governance", tmp_path / "elsewhere.sqlite3"
    )
    assert given["not_at_hand"] == []


@pytest.mark.parametrize(("change", "part"), CHANGES.values(), ids=CHANGES)
def test_a_record_that_somebody_changed_is_found(
    decided: Path,
    master_files: ServiceFiles,
    tmp_path: Path,
    change: Callable[[Record], None],
    part: str,
) -> None:
    """One bit of one record; the decision is named, and the part."""
    state = copied(decided, tmp_path)
    found, done = replayed(state, "--trust", master_files.trust)
    assert done.exit_code == 0
    changed = changed_record(state, "o-published-60", change)
    found, done = replayed(state, "--trust", master_files.trust)
    assert done.exit_code == 1
    assert found["differing"] == 1
    assert {one["decision_id"] for one in found["differences"]} == {changed}
    assert part in {one["part"] for one in found["differences"]}
    text = CliRunner().invoke(
        risk,
        ["replay", "--state", str(state), "--trust", str(master_files.trust), "--lang", "zh"],
    )
    assert text.exit_code == 1
    assert "1 条决策 与记录不一致" in text.output
    assert changed in text.output


def test_a_record_that_cannot_be_read_is_named(decided: Path, tmp_path: Path) -> None:
    """By its place, in both languages; nothing is passed over."""
    state = copied(decided, tmp_path)
    with sqlite3.connect(state / "decisions.sqlite3") as log:
        (row,) = log.execute("SELECT max(row) FROM decision_rows").fetchone()
        broken = msgspec.msgpack.encode([{"decision": "gone"}])
        log.execute("UPDATE decision_rows SET records = ? WHERE row = ?", (broken, row))
    done = CliRunner().invoke(risk, ["replay", "--state", str(state)])
    assert f"the record at place {row * 8} cannot be read" in str(done.exception)
    done = CliRunner().invoke(risk, ["replay", "--state", str(state), "--lang", "zh"])
    assert f"位置 {row * 8} 的记录无法读取" in done.output


def test_degraded_decisions_come_out_the_same(files: ServiceFiles, tmp_path: Path) -> None:
    """Without models, without history, and under two bundles, of which one was kept."""
    shutil.rmtree(files.bundle)
    (files.features.parent / "online.db").unlink()
    with (
        start_server(files, ["--models-optional"]) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        modes = {
            stub.ScoreOrder(_order(f"bare-{n}", units=n), timeout=10).decision.mode for n in UNITS
        }
        assert modes == {risk_pb2.MODE_RULES_ONLY}
    make_bundle(files.bundle, files.signing_key)
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        modes = {
            stub.ScoreOrder(_order(f"blind-{n}", units=n), timeout=10).decision.mode for n in UNITS
        }
        assert modes == {risk_pb2.MODE_NO_FEATURES}
    found, done = replayed(files.state, "--trust", files.trust)
    assert done.exit_code == 0, done.stdout
    assert found["decisions"] == 2 * len(UNITS)
    assert found["not_at_hand"] == []
    bundle = files.state / "bundles"
    bundle.rename(tmp_path / "away")
    without, _ = replayed(files.state, "--trust", files.trust)
    assert [one["what"] for one in without["not_at_hand"]] == ["bundle"]
    given, _ = replayed(files.state, "--trust", files.trust, "--bundle", files.bundle)
    assert given["not_at_hand"] == []


def test_a_directory_without_a_log_is_refused(tmp_path: Path) -> None:
    """In words, in both languages."""
    done = CliRunner().invoke(risk, ["replay", "--state", str(tmp_path)])
    assert "there is no log of decisions" in str(done.exception)
    done = CliRunner().invoke(risk, ["replay", "--state", str(tmp_path), "--lang", "zh"])
    assert "没有决策日志" in done.output
