"""The ``risk`` command before any of its commands runs."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from risk_service.cli.main import SUMMARIES, main, risk

PROGRAM = """
import os, sys
from unittest.mock import patch
from risk_service.cli import main
with patch.object(main, "risk"):
    main.main()
print(os.environ["GRPC_EXPERIMENTS"], "grpc" in sys.modules)
"""


def said(environment: dict[str, str]) -> str:
    """Return what a process that begins the command says of gRPC."""
    inherited = {key: value for key, value in os.environ.items() if key != "GRPC_EXPERIMENTS"}
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, env=inherited | environment
    )
    return run.stdout.strip()


def test_listener_is_chosen_before_grpc_is_imported() -> None:
    """Experiments are read when grpc is imported: a later choice would change nothing."""
    assert said({}) == "-event_engine_listener False"


WRITER = """
import sys
from unittest.mock import patch
from risk_service.cli import main
with patch.object(main, "risk", lambda standalone_mode: sys.stdout.write('"重 ñ 😀"')):
    main.main()
"""


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_a_terminal_that_has_no_such_character_reads_an_escape(encoding: str) -> None:
    """A name must not end a command in a traceback; JSON that is printed stays the same JSON."""
    run = subprocess.run(
        [sys.executable, "-c", WRITER],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert json.loads(run.stdout.decode(encoding)) == "重 ñ 😀"


def test_a_choice_from_outside_stands() -> None:
    """An operator can go back to gRPC's own default, or try another experiment."""
    assert said({"GRPC_EXPERIMENTS": "event_engine_listener"}) == "event_engine_listener False"


@pytest.mark.parametrize("line", ["--lang zh serve", "serve"])
def test_faults_are_told_in_chinese_by_every_command(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``risk serve`` has no ``--lang`` of its own; who asked for Chinese reads it all the same."""
    monkeypatch.setenv("RISK_LANG", "zh" if line == "serve" else "en")
    monkeypatch.setattr(sys, "argv", ["risk", *line.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert str(ended.value.code).startswith("错误：设置：\n  bundle：缺少")


@pytest.mark.parametrize(("lang", "begins"), [("en", "Error: "), ("zh", "错误：")])
def test_every_error_begins_alike(
    lang: str, begins: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a file that cannot be written as well: it had `error:` before Chinese words."""
    nowhere = tmp_path / "none" / "file"

    def writes(**_options: bool) -> None:
        nowhere.write_text("")

    monkeypatch.setattr("risk_service.cli.main.risk", writes)
    monkeypatch.setenv("RISK_LANG", lang)
    with pytest.raises(SystemExit) as ended:
        main()
    assert str(ended.value.code) == f"{begins}{nowhere}: No such file or directory"


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command with all below it, each with the words that call it."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from commands(found, f"{name} {below}")


def test_every_command_and_option_says_what_it_is_for() -> None:
    """``--help`` leaves nothing unexplained, wherever it is asked."""
    silent = [
        (name, getattr(parameter, "opts", []))
        for name, command in commands(risk, "risk")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []
    assert [name for name, command in commands(risk, "risk") if not command.help] == []


def printed_examples(name: str) -> list[str]:
    """Return the commands that a shell would run of what ``--help`` shows as examples."""
    printed = CliRunner().invoke(risk, [*name.split()[1:], "--help"], terminal_width=80).output
    lines = printed.replace("\\\n", " ").splitlines()
    return [line.partition("Example: ")[2] for line in lines if line.strip().startswith("Example:")]


def test_every_command_shows_an_example_that_can_be_copied() -> None:
    """An example is one command for the shell, whole and as it was written, with known options."""
    for name, command in commands(risk, "risk"):
        text = " ".join(f"{command.help} {command.epilog or ''}".replace("\\\n", " ").split())
        examples = printed_examples(name)
        assert examples, name
        for example in examples:
            assert " ".join(example.split()) in text
            words = shlex.split(example)
            assert words[0] == "risk"
            called = risk
            while isinstance(called, click.Group) and words[1:] and words[1][0] not in "-<":
                found = called.get_command(click.Context(called), words.pop(1))
                assert found is not None, example
                called = found
            known = {one for parameter in called.params for one in parameter.opts}
            assert {word for word in words if re.match("--[a-z]", word)} <= known, example


def test_every_command_is_told_in_one_line() -> None:
    """The list of commands is written by hand, since it imports none of them."""
    assert set(SUMMARIES) == set(risk.list_commands(click.Context(risk)))
    # Whoever has a file of events of their own finds the two commands that take it.
    assert all("own events" in SUMMARIES[name] for name in ("dataset", "train"))
