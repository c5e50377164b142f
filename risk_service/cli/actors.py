"""``risk actors``: make, add, list, rotate and revoke the callers of a service."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from risk_service.domain.actor import Role, Scope
from risk_service.domain.errors import ConfigFault
from risk_service.rpc.actors_file import (
    ActorEntry,
    new_entry,
    new_token,
    read_actors,
    token_digest,
    write_actors,
)

# What `init` makes: a shop, and two people, because no change is approved by its author.
FIRST = (
    ("checkout", Role.CHECKOUT),
    ("analyst", Role.ANALYST),
    ("approver", Role.APPROVER),
    ("auditor", Role.AUDITOR),
)
ONCE = "Each token is shown this once; only its SHA-256 is kept."
RELOAD = "A running service reads the file again on SIGHUP."

file_option = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("actors.toml"),
    show_default=True,
    help="The actors file, as given to risk serve --actors.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group()
def actors() -> None:
    """Manage who may call the service, and what they may do.

    Example: risk actors init --file actors.toml
    """


@actors.command()
@file_option
@json_option
def init(path: Path, as_json: bool) -> None:
    """Make a file with a checkout, an analyst, an approver and an auditor.

    Example: risk actors init --file actors.toml
    """
    with _held(path):
        if path.exists():
            raise ConfigFault(f"{path}: exists already; add to it with `risk actors add`")
        tokens = [new_token() for _ in FIRST]
        entries = [
            new_entry(actor_id, role, (), token)
            for (actor_id, role), token in zip(FIRST, tokens, strict=True)
        ]
        write_actors(path, entries)
    _tell_tokens(path, entries, tokens, as_json)


@actors.command()
@click.argument("actor_id")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="What it may do.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="Single scopes in place of a role; may be given several times.",
)
@file_option
@json_option
def add(
    actor_id: str, role: str | None, scopes: tuple[str, ...], path: Path, as_json: bool
) -> None:
    """Add an actor and print its token.

    Example: risk actors add li.wei --role analyst
    """
    token = new_token()
    chosen = Role(role) if role else None
    with _held(path):
        entries = read_actors(path)
        if any(entry.id == actor_id for entry in entries):
            raise ConfigFault(
                f"{path}: actor {actor_id!r} is there already, or was and is revoked; its id "
                "stands in the trail of changes, so choose another or `risk actors rotate`"
            )
        made = new_entry(actor_id, chosen, [Scope(scope) for scope in scopes], token)
        write_actors(path, (*entries, made))
    _tell_tokens(path, [made], [token], as_json)


@actors.command()
@click.argument("actor_id")
@file_option
@json_option
def rotate(actor_id: str, path: Path, as_json: bool) -> None:
    """Give an actor a new token; the old one stops working at the next SIGHUP.

    Example: risk actors rotate checkout
    """
    token = new_token()
    with _held(path):
        entries = read_actors(path)
        fresh = _entry(path, entries, actor_id).model_copy(
            update={"token_sha256": token_digest(token).hex(), "revoked_at": None}
        )
        write_actors(path, [fresh if entry.id == actor_id else entry for entry in entries])
    _tell_tokens(path, [fresh], [token], as_json)


@actors.command()
@click.argument("actor_id")
@file_option
@json_option
def revoke(actor_id: str, path: Path, as_json: bool) -> None:
    """Revoke an actor's token; its id stays taken.

    Example: risk actors revoke li.wei
    """
    now = datetime.now(UTC).replace(microsecond=0)
    with _held(path):
        entries = read_actors(path)
        if _entry(path, entries, actor_id).revoked_at is not None:
            raise ConfigFault(f"{path}: actor {actor_id!r} is revoked already")
        write_actors(
            path,
            [
                entry.model_copy(update={"revoked_at": now}) if entry.id == actor_id else entry
                for entry in entries
            ],
        )
    if as_json:
        told = {"file": str(path), "id": actor_id, "revoked_at": now.isoformat()}
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{actor_id} is revoked. {RELOAD}")


@actors.command("list")
@file_option
@json_option
def list_actors(path: Path, as_json: bool) -> None:
    """Show the actors, their role or scopes, and since when.

    Example: risk actors list --json
    """
    entries = read_actors(path)
    if as_json:
        shown = [entry.model_dump(mode="json", exclude={"token_sha256"}) for entry in entries]
        click.echo(json.dumps(shown, indent=2))
        return
    for entry in entries:
        may = entry.role or ", ".join(entry.scopes or ())
        end = f", revoked {entry.revoked_at:%Y-%m-%d}" if entry.revoked_at else ""
        click.echo(f"{entry.id}: {may}, since {entry.created_at:%Y-%m-%d}{end}")


def _entry(path: Path, entries: Sequence[ActorEntry], actor_id: str) -> ActorEntry:
    found = next((entry for entry in entries if entry.id == actor_id), None)
    if found is None:
        known = ", ".join(entry.id for entry in entries) or "nobody"
        raise ConfigFault(f"{path}: no actor {actor_id!r}; the file knows {known}")
    return found


def _tell_tokens(
    path: Path, entries: Sequence[ActorEntry], tokens: Sequence[str], as_json: bool
) -> None:
    if as_json:
        told = {entry.id: token for entry, token in zip(entries, tokens, strict=True)}
        click.echo(json.dumps({"file": str(path), "tokens": told}, indent=2))
        return
    for entry, token in zip(entries, tokens, strict=True):
        click.echo(f"{entry.id} ({entry.role or 'scopes'}): {token}")
    click.echo(f"{ONCE} Use it as RISK_TOKEN. {RELOAD}")


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Let one command at a time change a file."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be written here: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
