"""Commands where only part of the packages is installed, as on a server."""

import subprocess
import sys

import pytest

# Makes packages missing for a process of its own.
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {gone}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""


def ran(gone: set[str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return how a program ends where packages are missing."""
    code = WITHOUT.format(gone=gone) + program
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def test_a_service_without_shared_stores_needs_none_of_their_packages() -> None:
    """``pip install .`` is enough; one that names a Redis is told what it lacks."""
    program = (
        "import risk_service.bootstrap.serve\n"
        "from risk_service.adapters.redis.node import require_hiredis\n"
        "require_hiredis()"
    )
    run = ran({"hiredis", "psycopg"}, program)
    assert "Redis needs hiredis, which is not installed" in run.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", "Error: risk train needs rich, which is not installed"), ("zh", "尚未安装")],
)
def test_an_offline_command_on_a_server_says_what_to_install(lang: str, words: str) -> None:
    """Not where in the program the import stands."""
    program = "from risk_service.cli.main import main; main()"
    run = ran({"rich"}, program, "--lang", lang, "train", "--help")
    assert run.returncode == 1
    assert words in run.stderr
    assert "pip install -c constraints.txt '.[training]'" in run.stderr
    assert "Traceback" not in run.stderr
