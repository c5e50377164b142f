"""How the demo ends."""

import os
import signal
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from training.cli.demo import demo


def test_a_demo_that_is_terminated_takes_its_server_along(tmp_path: Path) -> None:
    """SIGTERM unwinds the demo as Ctrl-C does, so the server that it started is stopped too."""
    before = signal.getsignal(signal.SIGTERM)

    def terminated(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("went on after SIGTERM")

    try:
        with patch("training.cli.demo._prepare", terminated):
            result = CliRunner().invoke(demo, ["--once", "--work", str(tmp_path)])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert result.exit_code != 0
    assert "Aborted" in result.output
