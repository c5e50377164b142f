"""How the demo says that it can be called."""

import io
import re
import shlex
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from click.testing import CliRunner
from rich.console import Console

from tests.unit.client.scripted import Scripted, serving
from training.cli import demo as command
from training.cli.words import CommandWords
from training.demo.call import call

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_an_order_is_sent_and_its_answer_told() -> None:
    """The program gets a decision from a service, at the time that it is given."""
    with serving(Scripted()) as service:
        ran = CliRunner().invoke(call, [service.target, NOON.isoformat()], catch_exceptions=False)
        assert ran.output.startswith("ALLOW  dec_1  order try-")
        assert service.seen[-1].order.ordered_at.ToDatetime(UTC) == NOON


def test_without_a_service_the_fallback_is_told() -> None:
    """Nobody takes a fallback for a decision: it has no decision id."""
    ran = CliRunner().invoke(call, ["127.0.0.1:1"], catch_exceptions=False)
    assert ran.output.startswith("fallback 兜底应答: REVIEW, UNAVAILABLE")


def test_commands_stand_on_one_line_each() -> None:
    """What is to be copied is not broken, however narrow the terminal is."""
    out = Console(file=io.StringIO(), width=40)
    server = SimpleNamespace(address="127.0.0.1:40000", wait=lambda: None)
    files = SimpleNamespace(state="build/demo/state", log="build/demo/serve.log", trust="k.pub")
    figures = SimpleNamespace(examples=[SimpleNamespace(decision_id="dec_01m82exm1k")])
    result = SimpleNamespace(figures=figures)
    settings = SimpleNamespace(world_end=NOON)
    stage = SimpleNamespace(settings=settings, server=server, files=files)
    command._serve_on(cast(Any, stage), out, cast(Any, result), CommandWords("en"))
    said = cast(io.StringIO, out.file).getvalue()
    found = re.findall(r"^  ((?:python|risk) .*)$", said, re.MULTILINE)
    commands = [shlex.split(one, comments=True) for one in found]
    assert commands[0][1:] == [
        "-m",
        "training.demo.call",
        "127.0.0.1:40000",
        "2026-07-01T12:00:00Z",
    ]
    assert commands[1][:4] == ["risk", "decisions", "--state", "build/demo/state"]
    assert commands[2][:3] == ["risk", "explain", "dec_01m82exm1k"]
    assert commands[3] == ["risk", "replay", "--state", "build/demo/state", "--trust", "k.pub"]
