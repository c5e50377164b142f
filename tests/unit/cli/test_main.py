"""The ``risk`` command before any of its commands runs."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click

from risk_service.cli.main import risk

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


def test_a_choice_from_outside_stands() -> None:
    """An operator can go back to gRPC's own default, or try another experiment."""
    assert said({"GRPC_EXPERIMENTS": "event_engine_listener"}) == "event_engine_listener False"


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
