"""Decisions that ``risk explain`` asks a service for."""

import time
from typing import Any

import click
import grpc
import msgspec
from click.testing import CliRunner

from risk_service.cli.explain import explain
from risk_service.cli.explain_text import explained
from risk_service.client import ClientOptions
from risk_service.domain.positional import by_name
from risk_service.pb.risk.v1 import risk_pb2
from tests.fixtures.records import record
from tests.unit.client.scripted import Scripted, serving


def test_a_service_with_much_to_do_is_waited_for() -> None:
    """Who reads a decision has more time than a checkout that waits for one."""
    stored = record("a")

    def slow(_request: Any, _context: grpc.ServicerContext) -> risk_pb2.GetDecisionRecordResponse:
        time.sleep(2 * ClientOptions().deadline_ms / 1_000)
        packed = msgspec.msgpack.encode(by_name(stored))
        return risk_pb2.GetDecisionRecordResponse(record=packed)

    service = Scripted()
    service.plays(slow)
    with serving(service):
        ended = CliRunner().invoke(explain, ["dec-a", "--server", service.target])
    assert ended.output == f"{click.unstyle(explained(stored, 'en'))}\n"
