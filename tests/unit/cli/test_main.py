"""The ``risk`` command before any of its commands runs."""

import os
import subprocess
import sys

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
