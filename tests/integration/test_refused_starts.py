"""Starts that are refused: what is lost, damaged, wrong, or another process's own."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from risk_service.bootstrap.start_checks import check_address
from risk_service.domain.errors import ConfigFault
from risk_service.identity.keys import IdentityKey, write_identity_key
from tests.fixtures.asking import ask
from tests.fixtures.keys import KEY
from tests.fixtures.service import ServiceFiles, score_request, serve_command, start_server


@pytest.mark.parametrize("name", ["decisions.sqlite3", "governance.sqlite3"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_lost_file_is_not_begun_anew(files: ServiceFiles, name: str, how: str) -> None:
    """Where decisions or what was published are gone the start is refused; put back, it serves."""
    request = score_request("kept")
    with start_server(files) as server:
        first = ask(server.address, request)
        assert server.stop() == 0
    kept = (files.state / name).read_bytes()
    (files.state / name).unlink()
    if how == "empty":
        (files.state / name).touch()
    words = failed_start(serve_command(files))
    assert f"{files.state / name} is missing or empty" in words
    assert "restore it from a backup" in words
    (files.state / name).write_bytes(kept)
    with start_server(files) as server:
        assert ask(server.address, request) == first


def test_a_state_of_another_identity_key_is_refused(files: ServiceFiles, tmp_path: Path) -> None:
    """With another key no token would match and nothing would look wrong; its own key serves."""
    request = score_request("keyed")
    with start_server(files) as server:
        first = ask(server.address, request)
        assert server.stop() == 0
    other = tmp_path / "other.key"
    write_identity_key(other, IdentityKey(key_id=KEY.key_id, secret=bytes(32)))
    words = failed_start(serve_command(replace(files, identity_key=other)))
    assert "was made with another identity key" in words
    with start_server(files) as server:
        assert ask(server.address, request) == first


def test_a_damaged_file_is_named(files: ServiceFiles) -> None:
    """Who must put a backup back is told of which file."""
    with start_server(files) as server:
        ask(server.address, score_request("kept"))
        assert server.stop() == 0
    for name in ("governance.sqlite3", "decisions.sqlite3"):
        (files.state / name).write_bytes(b"no database " * 1000)
        words = failed_start(serve_command(files))
        assert f"Error: {files.state / name}: file is not a database; move it away" in words
        assert "put the backup in place" in words


def failed_start(command: list[str]) -> str:
    """Return what a server that must not start says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_second_process_on_the_same_state_is_refused(files: ServiceFiles, tmp_path: Path) -> None:
    """One process owns a database; the second is told so and the first goes on."""
    with start_server(files) as server:
        assert "in use by another process" in failed_start(serve_command(files))
        assert ask(server.address, score_request("still")).number == 1


def test_second_process_on_the_same_port_is_refused(files: ServiceFiles, tmp_path: Path) -> None:
    """One process owns a port; nobody shares it silently."""
    with start_server(files) as server:
        other = replace(files, state=tmp_path / "other")
        words = failed_start(serve_command(other, ["--listen", server.address]))
        assert f"cannot listen on {server.address}: the port is taken" in words
        # Told before anything is opened or loaded, which takes its time.
        assert not other.state.exists()


def test_too_few_descriptors_are_told(files: ServiceFiles) -> None:
    """Else gRPC's core ends the process later, with words of its own."""
    few = ["/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh"]
    words = failed_start([*few, *serve_command(files)])
    assert "may open 64 files and connections at once, too few to serve" in words
    assert not files.state.exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nowhere.invalid:50051", "nobody knows the host nowhere.invalid"),
        ("192.0.2.1:50051", "the host is not this machine"),
        (f"{'a' * 70}.example:50051", "nobody knows the host"),
    ],
)
def test_an_address_that_is_not_ours_is_told_why(address: str, words: str) -> None:
    """A name that does not resolve is no port that is taken."""
    with pytest.raises(ConfigFault, match=f"cannot listen on {address}: {words}.* with --listen"):
        check_address(address, "--listen")


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", "[::]:0", "ipv4:127.0.0.1:0"])
def test_an_address_that_grpc_takes_is_none_to_refuse(address: str) -> None:
    """Names, both families, and forms that gRPC alone reads."""
    check_address(address, "--listen")


def test_wrong_settings_are_all_named() -> None:
    """A start without its files says which, in one line."""
    words = failed_start([sys.executable, "-m", "risk_service.cli", "serve", "--listen", "x"])
    for name in ("bundle", "trust", "identity_key", "features", "state", "listen"):
        assert name in words


def test_without_any_good_bundle_there_is_no_start(files: ServiceFiles) -> None:
    """Nothing is served rather than an unverified model."""
    (files.bundle / "manifest.sig").unlink()
    assert "unsigned" in failed_start(serve_command(files))
