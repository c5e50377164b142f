"""The example of the documentation runs as it is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.unit.client.scripted import Scripted

PAGE = Path(__file__).parents[3] / "docs" / "client.md"


def run_example(target: str) -> str:
    """Run the page's example, its first program, against a server and return what it prints."""
    program, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=os.environ | {"TARGET": target},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def test_the_example_gets_a_decision(service: Scripted) -> None:
    """Against a server the example prints a decision and its id."""
    assert run_example(service.target) == "decided ALLOW FULL dec_1\n"


def test_the_example_gets_a_fallback() -> None:
    """Without a server the same program prints a fallback."""
    assert run_example("127.0.0.1:1") == "fallback ALLOW UNAVAILABLE\n"
