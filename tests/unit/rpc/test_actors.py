"""Who asks: the actors file and the look-up of a token."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.actor import LOCAL, RESERVED_IDS, SCOPES_OF, Actor, Role, Scope
from risk_service.domain.errors import ConfigFault, Forbidden, Unauthenticated
from risk_service.rpc.actors import Actors, allow, is_loopback, load_actors
from risk_service.rpc.actors_file import (
    new_entry,
    new_token,
    read_actors,
    token_digest,
    write_actors,
)

TOKEN = "risk_" + "a" * 43
KNOWN = Actors({token_digest(TOKEN): Actor(actor_id="li", scopes=SCOPES_OF[Role.ANALYST])})
BLOCK = f"""
[[actor]]
id = "li"
role = "analyst"
token_sha256 = "{"0" * 64}"
created_at = 2026-01-01T00:00:00Z
"""


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a call with a token."""
    return (("user-agent", "x"), ("authorization", f"Bearer {token}"))


def test_token_leads_to_its_actor() -> None:
    """The scheme's case does not matter, as HTTP has it; the token's does."""
    assert KNOWN.of(bearer(TOKEN)).actor_id == "li"
    assert KNOWN.of((("authorization", f"BEARER   {TOKEN} "),)).actor_id == "li"
    with pytest.raises(Unauthenticated, match="of no actor"):
        KNOWN.of(bearer(TOKEN.upper()))


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", ""),),
        (("authorization", TOKEN),),
        (("authorization", "Bearer"),),
        (("authorization", "Basic " + TOKEN),),
        (("authorization-bin", b"Bearer " + TOKEN.encode()),),
        (("authorization", b"Bearer " + TOKEN.encode()),),
        (*bearer(TOKEN), *bearer(TOKEN)),
        (("Authorization", f"Bearer {TOKEN}"),),
    ],
)
def test_odd_metadata_is_nobody(metadata: tuple[tuple[str, str | bytes], ...]) -> None:
    """No header, another scheme, bytes, two headers: none of them is an actor."""
    with pytest.raises(Unauthenticated) as caught:
        KNOWN.of(metadata)
    assert TOKEN not in str(caught.value)


@given(st.lists(st.tuples(st.text(), st.one_of(st.text(), st.binary())), max_size=4))
def test_hostile_metadata_never_passes(metadata: list[tuple[str, str | bytes]]) -> None:
    """Whatever is sent, the answer is UNAUTHENTICATED and no other error."""
    with pytest.raises(Unauthenticated):
        KNOWN.of([("authorization", value) for _, value in metadata])


def test_missing_scope_is_named() -> None:
    """The refusal says who lacks what."""
    actor = KNOWN.of(bearer(TOKEN))
    allow(actor, Scope.RULES_WRITE)
    with pytest.raises(Forbidden, match=r"actor li lacks the scope score"):
        allow(actor, Scope.SCORE)


def test_roles_keep_writing_apart_from_approving() -> None:
    """No role approves what it may write; the auditor and the admin change nothing."""
    writing = {Scope.RULES_WRITE, Scope.LIMITS_WRITE, Scope.LISTS_WRITE, Scope.LIMITS_ADJUST}
    for role, scopes in SCOPES_OF.items():
        assert not (Scope.APPROVE in scopes and scopes & writing), role
    reading = {Scope.AUDIT_READ, Scope.GOVERNANCE_READ, Scope.DECISIONS_READ}
    assert SCOPES_OF[Role.AUDITOR] | SCOPES_OF[Role.ADMIN] <= reading
    assert SCOPES_OF.keys() == set(Role)


def test_without_actors_this_machine_may_do_everything() -> None:
    """The default of a laptop: no token, all scopes."""
    actors = load_actors(None, "127.0.0.1:0")
    assert actors.is_open
    assert actors.of(()) == LOCAL
    assert LOCAL.scopes == frozenset(Scope)


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "risk.example:1"])
def test_an_open_service_is_not_offered_to_others(listen: str) -> None:
    """Beyond loopback a service without actors does not start, and says what to do."""
    with pytest.raises(ConfigFault, match="risk actors init"):
        load_actors(None, listen)


def test_loopback_is_told_by_its_address() -> None:
    """A name that only looks like loopback is none."""
    assert all(map(is_loopback, ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"]))
    assert not any(map(is_loopback, ["localhost.example:1", "127.0.0.1.example:1", "[::]:1"]))


def test_file_gives_back_what_was_written(tmp_path: Path) -> None:
    """Roles, scopes and revocations survive; the token itself does not stand there."""
    path, token = tmp_path / "actors.toml", new_token()
    revoked = new_entry("old", Role.ADMIN, (), new_token()).model_copy(
        update={"revoked_at": datetime(2026, 1, 2, tzinfo=UTC)}
    )
    entries = (new_entry("bot", None, (Scope.SCORE, Scope.EVENTS), token), revoked)
    write_actors(path, entries)
    assert read_actors(path) == entries
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    actors = load_actors(path, "0.0.0.0:1")
    assert actors.of(bearer(token)).scopes == {Scope.SCORE, Scope.EVENTS}


def test_tokens_do_not_repeat() -> None:
    """32 random bytes each, with a mark that scanners for leaked secrets can find."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("risk_") and len(token) == 48 for token in tokens)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[actor]\n", "line 1"),
        ("a = " + "[" * 3_000, "recursion"),
        ("a = " + "9" * 5_000, "integer string"),
        ("name = 1\n", "only \\[\\[actor\\]\\] blocks"),
        (BLOCK.replace("analyst", "king"), "actor 1 \\('li'\\): role"),
        (BLOCK.replace('"li"', '"Li Wei"'), "id: String should match"),
        (BLOCK.replace('"li"', '"local"'), "reserved"),
        (BLOCK.replace("0" * 64, "0" * 63), "token_sha256"),
        (BLOCK.replace('role = "analyst"', ""), "either role or scopes"),
        (BLOCK + 'scopes = ["score"]\n', "either role or scopes"),
        (BLOCK + "admin = true\n", "admin: Extra inputs"),
        (BLOCK + BLOCK, "'li' stands there twice"),
        (BLOCK + BLOCK.replace('"li"', '"wang"'), "same token"),
        (BLOCK + "revoked_at = 2026-01-02T00:00:00Z\n", "no actor that is not revoked"),
        ("", "no actor that is not revoked"),
    ],
)
def test_wrong_file_is_refused_by_entry(tmp_path: Path, text: str, words: str) -> None:
    """The message names the file, the actor and the field."""
    path = tmp_path / "actors.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigFault, match=words) as caught:
        load_actors(path, "127.0.0.1:0")
    assert "actors.toml" in str(caught.value)


def test_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """Whoever may write the file could make themselves an actor."""
    path = tmp_path / "actors.toml"
    path.write_text(BLOCK)
    path.chmod(0o620)
    with pytest.raises(ConfigFault, match="chmod 600"):
        read_actors(path)


def test_reload_never_opens_a_service() -> None:
    """A service that knows actors stays closed, whatever is loaded."""
    actors = Actors({token_digest(TOKEN): LOCAL})
    with pytest.raises(ConfigFault, match="not opened"):
        actors.use(Actors(None))
    assert not actors.is_open


def test_reserved_ids_are_those_of_the_trail() -> None:
    """Nobody can be made who would read like the machine in the trail of changes."""
    for actor_id in RESERVED_IDS:
        with pytest.raises(ConfigFault, match="reserved"):
            new_entry(actor_id, Role.ADMIN, (), TOKEN)
