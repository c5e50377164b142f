"""The actors file: who may call the service, by the SHA-256 of a token.

TOML, one ``[[actor]]`` per actor: ``id``, a ``role`` or ``scopes``, ``token_sha256``,
``created_at``, and ``revoked_at`` once its token is void. A revoked actor stays, so that its id in
the trail of changes never comes to mean somebody else. Tokens are 32 random bytes: their hash
tells nothing, yet whoever may write the file could add an actor, so such a file is refused.
"""

import hashlib
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from risk_service.domain.actor import RESERVED_IDS, SCOPES_OF, Role, Scope
from risk_service.domain.errors import ConfigFault

ACTOR_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
TOKEN_PREFIX = "risk_"  # noqa: S105 - the mark by which scanners find leaked tokens
TOKEN_BYTES = 32
ACTORS_MAX = 10_000
_FILE_BYTES_MAX = 8 * 1024 * 1024
_HEAD = """\
# Actors of promoguard. Made by `risk actors`; it keeps no comments but these lines.
# A token is shown once, when it is made: here stands only its SHA-256.
"""


class ActorEntry(BaseModel):
    """One actor of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=f"^{ACTOR_ID.pattern}$")]
    role: Role | None = None
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] | None = None
    token_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    created_at: AwareDatetime
    revoked_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_of_role_and_scopes(self) -> "ActorEntry":
        if (self.role is None) == (self.scopes is None):
            raise ValueError("give either role or scopes")
        if self.id in RESERVED_IDS:
            raise ValueError(f"the id {self.id!r} is reserved")
        return self

    @property
    def granted(self) -> frozenset[Scope]:
        """Return what the actor may do."""
        return SCOPES_OF[self.role] if self.role is not None else frozenset(self.scopes or ())


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_entry(actor_id: str, role: Role | None, scopes: Sequence[Scope], token: str) -> ActorEntry:
    """Return an entry made now.

    Raises
    ------
    ConfigFault
        The id is none, or it is reserved, or role and scopes do not go together.
    """
    entry = {
        "id": actor_id,
        "role": role,
        "scopes": tuple(scopes) or None,
        "token_sha256": token_digest(token).hex(),
        "created_at": datetime.now(UTC).replace(microsecond=0),
    }
    try:
        return ActorEntry.model_validate(entry)
    except ValidationError as error:
        raise ConfigFault(f"actor {actor_id!r}: {_told(error)}") from error


def read_actors(path: Path) -> tuple[ActorEntry, ...]:
    """Read and check an actors file.

    Raises
    ------
    ConfigFault
        The file cannot be read, others may write it, or an entry is wrong: names it.
    """
    document = _document(path)
    blocks = document.pop("actor", [])
    if document or not isinstance(blocks, list):
        raise ConfigFault(f"{path}: holds {sorted(document)}; only [[actor]] blocks may stand here")
    if len(blocks) > ACTORS_MAX:
        raise ConfigFault(f"{path}: {len(blocks)} actors, at most {ACTORS_MAX} are taken")
    entries = tuple(_entry(path, number, block) for number, block in enumerate(blocks, 1))
    _check_distinct(path, entries)
    return entries


def write_actors(path: Path, entries: Sequence[ActorEntry]) -> None:
    """Write the file anew, whole or not at all.

    Raises
    ------
    ConfigFault
        It cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HEAD + "".join(map(_block, entries)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _document(path: Path) -> dict[str, Any]:
    try:
        # One handle for check and read, so that the file cannot be swapped in between.
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IWGRP | stat.S_IWOTH):
                words = f"group or others may write it (mode {stat.S_IMODE(mode):04o})"
                raise ConfigFault(f"{path}: {words}; run `chmod 600 {path}`")
            return tomllib.loads(file.read(_FILE_BYTES_MAX).decode("utf-8"))
    except FileNotFoundError as error:
        raise ConfigFault(f"{path}: no such file; make one with `risk actors init`") from error
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        # No UTF-8, no TOML, a number of thousands of digits, or brackets in brackets.
        raise ConfigFault(f"{path}: {error}") from error


def _entry(path: Path, number: int, block: Any) -> ActorEntry:
    name = block.get("id", "without id") if isinstance(block, dict) else "no table"
    try:
        return ActorEntry.model_validate(block)
    except ValidationError as error:
        raise ConfigFault(f"{path}: actor {number} ({name!r}): {_told(error)}") from error


def _told(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'actor'}: {fault['msg']}" for fault in faults
    )


def _check_distinct(path: Path, entries: Sequence[ActorEntry]) -> None:
    ids: set[str] = set()
    tokens: dict[str, str] = {}
    for entry in entries:
        if entry.id in ids:
            raise ConfigFault(f"{path}: actor {entry.id!r} stands there twice; remove one")
        if entry.token_sha256 in tokens:
            other = tokens[entry.token_sha256]
            raise ConfigFault(
                f"{path}: actors {other!r} and {entry.id!r} have the same token; whose call would "
                "it be? Give one of them a new token with `risk actors rotate`"
            )
        ids.add(entry.id)
        tokens[entry.token_sha256] = entry.id


def _block(entry: ActorEntry) -> str:
    # Every value is of an alphabet that needs no escaping in TOML.
    lines = ["", "[[actor]]", f'id = "{entry.id}"']
    if entry.role is not None:
        lines.append(f'role = "{entry.role}"')
    else:
        scopes = ", ".join(f'"{scope}"' for scope in entry.scopes or ())
        lines.append(f"scopes = [{scopes}]")
    lines.append(f'token_sha256 = "{entry.token_sha256}"')
    lines.append(f"created_at = {entry.created_at.isoformat()}")
    if entry.revoked_at is not None:
        lines.append(f"revoked_at = {entry.revoked_at.isoformat()}")
    return "\n".join(lines) + "\n"
