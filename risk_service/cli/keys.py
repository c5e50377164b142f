"""``risk keys``: create the keys for identity tokens and for bundle signatures."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal
from risk_service.identity.keys import load_identity_key, new_identity_key, write_identity_key
from risk_service.models.signature import key_id_of, private_pem, public_pem

PURPOSES = {
    "identity.key": "turns identifiers into tokens; keep secret, keep for ever: without it no "
    "token ever matches again",
    "signing.key": "signs model bundles and reports of backtests; keep secret, on the training "
    "machine only",
    "signing.pub": "tells a genuine bundle from a forged one; give it to every server "
    "(risk serve --trust)",
}


@click.group()
def keys() -> None:
    """Create the keys for identity tokens and bundle signatures.

    Example: risk keys init --dir keys
    """


@keys.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory for the three key files; made when missing.",
)
@click.option(
    "--force", is_flag=True, help="Make new keys beside old ones, which are renamed, not deleted."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def init(directory: Path, force: bool, as_json: bool) -> None:
    """Create identity.key, signing.key and signing.pub.

    Example: risk keys init --dir keys
    """
    created = create_keys(directory, force=force)
    if as_json:
        click.echo(json.dumps(created, indent=2))
        return
    for name, purpose in PURPOSES.items():
        click.echo(f"{directory / name}: {purpose}")
    click.echo(f"signing key id: {created['signing_key_id']}")
    for old in created["set_aside"]:
        click.echo(f"old key kept as {old}")


def create_keys(directory: Path, *, force: bool = False) -> dict[str, str | list[str]]:
    """Write the three key files; return their paths, key ids and what was set aside.

    Parameters
    ----------
    force
        Rename keys that are there already instead of refusing.

    Raises
    ------
    ConfigFault
        A key file exists already, or the directory cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_id = _next_key_id(directory / "identity.key") if force else "k1"
        set_aside = _make_room(directory, force=force)
        identity, signing = new_identity_key(key_id), Ed25519PrivateKey.generate()
        write_identity_key(directory / "identity.key", identity)
        _write_new(directory / "signing.key", private_pem(signing), 0o600)
        _write_new(directory / "signing.pub", public_pem(signing.public_key()), 0o644)
    except OSError as error:
        told = refusal("keys_unwritable", path=directory, error=error.strerror)
        raise ConfigFault(told) from error
    return {
        "identity_key": str(directory / "identity.key"),
        "signing_key": str(directory / "signing.key"),
        "signing_pub": str(directory / "signing.pub"),
        "identity_key_id": identity.key_id,
        "signing_key_id": key_id_of(signing.public_key()),
        "set_aside": set_aside,
    }


def _next_key_id(path: Path) -> str:
    """Return an id that the tokens of the key at ``path`` do not carry."""
    if not path.exists():
        return "k1"
    numbered = re.fullmatch(r"k([0-9]{1,9})", load_identity_key(path).key_id)
    return f"k{int(numbered[1]) + 1}" if numbered else "k1"


def _make_room(directory: Path, *, force: bool) -> list[str]:
    there = [name for name in PURPOSES if os.path.lexists(directory / name)]
    if there and not force:
        raise ConfigFault(refusal("keys_there", path=directory, names=", ".join(there)))
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    moved = []
    for name in there:
        target = directory / f"{name}.{stamp}.old"
        (directory / name).rename(target)
        moved.append(str(target))
    return moved


def _write_new(path: Path, content: bytes, mode: int) -> None:
    # O_EXCL: never through a link that somebody put there, never over a key.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
