"""Decisions that purchase limits had a say in, decided again: untouched ones and changed ones."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from risk_service.domain.decision import DecisionRecord
from risk_service.pb.risk.v1 import order_pb2, risk_pb2_grpc
from tests.fixtures.changed_records import changed_record, copied, records_of
from tests.fixtures.events import life, report
from tests.fixtures.limit_texts import policy
from tests.fixtures.service import ServiceFiles, copy_files, score_request, start_server

# The small models have nothing against the first, cut the second, and challenge the last.
UNITS = (2, 5, 10)
LIMITS = (
    "format = 1\n"
    + policy(cap=1, on_exceed="cap_quantity")
    + policy("drop", cap=1)
    + 'include = { promotion_types = ["FLASH_SALE"] }\n'
)
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def decided(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceFiles]:
    """Return the files of a service that cut orders, was paid for them and was asked again."""
    directory = tmp_path_factory.mktemp("replayed-limits")
    files, limits = copy_files(master_files, directory), directory / "limits.toml"
    limits.write_text(LIMITS, "utf-8")
    with (
        start_server(files, environment={"RISK_LIMITS": str(limits)}) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        for units in UNITS:
            request = score_request(f"cut-{units}", units=units)
            request.order.account.account_id = f"acc-{units}"
            stub.ScoreOrder(request, timeout=20)
            report(stub, [life(f"paid-{units}", request.order.order_id)])
            request.request_id += "-again"
            stub.ScoreOrder(request, timeout=20)
        request = score_request("full", units=2)
        request.order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
        request.order.account.account_id = "acc-full"
        stub.ScoreOrder(request, timeout=20)
        yield files


def replayed(state: Path, files: ServiceFiles) -> tuple[dict[str, Any], int]:
    """Return what the command found, as JSON, and its exit code."""
    command = ["replay", "--state", str(state), "--trust", str(files.trust), "--json"]
    done = CliRunner().invoke(risk, command, catch_exceptions=False)
    return json.loads(done.stdout), done.exit_code


def _of(files: ServiceFiles, order_id: str, number: int = 1) -> DecisionRecord:
    return next(
        one
        for one in records_of(files.state)
        if (one.order.order_id, one.decision.number) == (order_id, number)
    )


def test_what_limits_said_comes_out_the_same(decided: ServiceFiles) -> None:
    """Cut, refused, and an order of which a part was paid for, which no limit is counted for."""
    again = _of(decided, "o-cut-5", 2).decision
    assert not again.limit_uses
    assert [(one.requested, one.allowed) for one in again.quantity_limits] == [(5, 1)]
    assert {cause.step for cause in again.causes} == {"score", "limit"}
    assert _of(decided, "o-full").decision.blocking == "account"
    found, exit_code = replayed(decided.state, decided)
    assert (found["differences"], exit_code) == ([], 0)
    assert found["alike"] == found["decisions"] == 2 * len(UNITS) + 1


def _set(**values: object) -> Change:
    return lambda record: record["decision"].update(values)


def _spared(record: dict[str, Any]) -> None:
    _set(outcome=1, causes=[], reasons=[], quantity_limits=[])(record)


def _sold(record: dict[str, Any]) -> None:
    record["decision"]["quantity_limits"][0]["allowed"] += 1


def _told(record: dict[str, Any]) -> None:
    for reason in record["decision"]["reasons"]:
        reason["customer_text"]["en"] += "!"


def _until(record: dict[str, Any]) -> None:
    record["decision"]["challenge"]["expires_at_us"] += 1


@pytest.mark.parametrize(
    ("order_id", "change", "part"),
    [
        ("o-full", _spared, "outcome"),
        ("o-cut-2", _sold, "outcome"),
        ("o-cut-2", _told, "reasons"),
        ("o-cut-2", _set(blocking="device"), "outcome"),
        ("o-cut-2", _set(order_id="o-other"), "outcome"),
        ("o-cut-2", _set(decided_at_us=1), "outcome"),
        ("o-cut-2", _set(mode=4), "outcome"),
        ("o-cut-2", _set(mode=7), "outcome"),
        ("o-cut-10", _until, "outcome"),
        ("o-cut-10", _set(required_level=2), "outcome"),
    ],
    ids=[
        "spared", "sold", "told", "blocking", "order id", "time", "without models", "uncounted",
        "challenge", "level",
    ],
)  # fmt: skip
def test_a_change_of_what_limits_said_is_found(
    decided: ServiceFiles, tmp_path: Path, order_id: str, change: Change, part: str
) -> None:
    """What follows from the rest of the record is not taken as it stands."""
    state = copied(decided.state, tmp_path)
    changed = changed_record(state, order_id, change)
    found, exit_code = replayed(state, decided)
    assert exit_code == 1
    assert part in {one["part"] for one in found["differences"] if one["decision_id"] == changed}
    assert found["differing"] == 1
