"""What a new clone does before there is any package: `.ci/python-environment`, run on its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / ".ci" / "python-environment"
OLD = """#!/bin/sh
test "$1" = -V && echo "Python 3.9.18" && exit 0
test "$1" = -m && mkdir -p .venv/bin && exit 0
exit 1
"""
# Debian's without python3-venv, until the package is installed.
BARE = """#!/bin/sh
case "$*" in
  *ensurepip*) test -e installed ;;
  *venv*) test -e installed && mkdir -p .venv/bin ;;
esac
"""
APT = """#!/bin/sh
case "$*" in install*python3-venv) touch installed ;; esac
"""
SUDO = """#!/bin/sh
exec "$@"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a directory with the script alone; what it would install comes from nowhere."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "apt-get", "#!/bin/sh\n")
    program(tmp_path / "bin" / "sudo", SUDO)
    return tmp_path


def program(path: Path, text: str) -> Path:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)
    return path


def made(clone: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a Python."""
    command = ["/bin/bash", clone / ".ci" / SCRIPT.name]
    environment = {"PYTHON": python, "PATH": f"{clone}/bin:/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_an_old_python_is_refused_before_anything_is_made(clone: Path) -> None:
    """Pip would say that packages conflict, and the environment would stay for the next try."""
    run = made(clone, str(program(clone / "old", OLD)))
    assert run.returncode == 1
    assert "needs Python 3.11 or newer" in run.stderr
    assert "is Python 3.9.18; name another one: make setup PYTHON=python3.12" in run.stderr
    assert not (clone / ".venv").exists()


def test_a_python_that_is_not_there_is_told(clone: Path) -> None:
    """With what to install or to name."""
    run = made(clone, "python3.99")
    assert run.returncode == 1
    assert "there is no python3.99 here; install Python 3.11 or newer" in run.stderr


def test_an_environment_that_does_not_work_is_made_anew(clone: Path) -> None:
    """One of an older Python, or without pip, as a first try on Debian leaves it; then it stays."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    program(clone / ".venv" / "bin" / "python", OLD)
    assert made(clone, sys.executable).returncode == 0
    marked = clone / ".venv" / "mark"
    marked.touch()
    version = [clone / ".venv" / "bin" / "python", "-m", "pip", "--version"]
    assert subprocess.run(version, check=False, capture_output=True).returncode == 0
    assert made(clone, "python3.99").returncode == 0
    assert marked.exists()


def test_debians_package_is_installed_where_it_is_missing(clone: Path) -> None:
    """A fresh Debian has a Python that can make no environment."""
    program(clone / "bin" / "apt-get", APT)
    run = made(clone, str(program(clone / "bare", BARE)))
    assert run.returncode == 0, run.stderr
    assert run.stdout == "Installing the Debian package python3-venv ...\n"
    assert (clone / ".venv" / "bin").exists()


def test_a_package_that_cannot_be_had_is_named(clone: Path) -> None:
    """As without a network, or for a Python that is none of Debian's."""
    run = made(clone, str(program(clone / "bare", BARE)))
    assert run.returncode == 1
    assert "apt install python3-venv" in run.stderr
    assert not (clone / ".venv").exists()
