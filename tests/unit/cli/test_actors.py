"""``risk actors``: what the commands write and say."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.actors import actors
from risk_service.domain.errors import ConfigFault
from risk_service.rpc.actors import load_actors
from risk_service.rpc.actors_file import read_actors


def run(path: Path, *arguments: str) -> str:
    """Run a command on a file and return what it printed; its own errors pass through."""
    done = CliRunner().invoke(actors, [*arguments, "--file", str(path)], catch_exceptions=False)
    return done.output


def tokens(text: str) -> dict[str, str]:
    """Return the tokens that a command printed as JSON."""
    made: dict[str, str] = json.loads(text)["tokens"]
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to be."""
    return tmp_path / "actors.toml"


def test_first_file_has_two_people_for_four_eyes(path: Path) -> None:
    """One may write rules, another approve, and their tokens work at once."""
    made = tokens(run(path, "init", "--json"))
    assert set(made) == {"checkout", "analyst", "approver", "auditor"}
    known = load_actors(path, "127.0.0.1:0")
    for actor_id, token in made.items():
        assert known.of((("authorization", f"Bearer {token}"),)).actor_id == actor_id
    with pytest.raises(ConfigFault, match="exists already"):
        run(path, "init")


def test_added_actor_is_listed_and_never_twice(path: Path) -> None:
    """An id is given once, also after it was revoked."""
    run(path, "init")
    assert set(tokens(run(path, "add", "li", "--role", "analyst", "--json"))) == {"li"}
    assert "li: analyst, since" in run(path, "list")
    assert run(path, "revoke", "li").startswith("li is revoked")
    assert "revoked" in run(path, "list")
    with pytest.raises(ConfigFault, match="there already, or was and is revoked"):
        run(path, "add", "li", "--role", "admin")
    with pytest.raises(ConfigFault, match="revoked already"):
        run(path, "revoke", "li")


def test_rotated_token_replaces_the_old_one(path: Path) -> None:
    """The actor stays who it is, with another token."""
    old = tokens(run(path, "init", "--json"))["checkout"]
    new = tokens(run(path, "rotate", "checkout", "--json"))["checkout"]
    assert new != old
    assert [entry.id for entry in read_actors(path)].count("checkout") == 1


def test_unknown_actor_is_told_with_those_known(path: Path) -> None:
    """A slip in the name shows the names there are."""
    run(path, "init")
    with pytest.raises(ConfigFault, match=r"no actor 'lee'; the file knows checkout, analyst"):
        run(path, "revoke", "lee")
    with pytest.raises(ConfigFault, match="either role or scopes"):
        run(path, "add", "both", "--role", "admin", "--scope", "score")


def test_list_shows_no_hash(path: Path) -> None:
    """Neither form of the list tells anything of a token."""
    run(path, "init")
    digests = [entry.token_sha256 for entry in read_actors(path)]
    shown = run(path, "list") + run(path, "list", "--json")
    assert not any(digest in shown for digest in digests)
