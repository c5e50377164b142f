"""What an operator types about a person: prompts and files, never the command line.

There it would stay in the shell's history, and any user of the machine could see it.
"""

import sys
import tomllib
import warnings
from getpass import GetPassWarning
from pathlib import Path
from typing import Any

import click

from risk_service.cli.person_words import PersonWords
from risk_service.domain.errors import ConfigFault, InvalidInput
from risk_service.domain.listed import EntityKind, RawListed
from risk_service.domain.person import Identifier
from risk_service.domain.refusals import refusal
from risk_service.identity.keys import read_private
from risk_service.identity.person import KIND_OF, shown_token

FILE_BYTES_MAX = 1024 * 1024
IDENTIFIERS_MAX = 100
ADDRESS = ("region", "city", "district", "detail", "postcode")
Typed = tuple[str, RawListed]


def asked_of(kind: str, say: PersonWords) -> Typed:
    """Prompt for an identifier; what is typed is not shown."""
    entity = KIND_OF[kind]
    if entity is not EntityKind.ADDRESS_DOOR:
        return kind, RawListed(entity=entity, value=_typed(say(f"kind_{kind}")))
    parts = {part: _typed(say(f"part_{part}"), default="") for part in ADDRESS}
    return kind, _address(parts)


def of_token(text: str) -> Identifier:
    """Return the identifier of ``KIND=TOKEN``.

    Raises
    ------
    InvalidInput
        It is of another form.
    """
    kind, _, token = text.partition("=")
    if kind not in KIND_OF:
        raise InvalidInput.at("token", refusal("person_file_key", kinds=", ".join(KIND_OF)))
    return shown_token(KIND_OF[kind], token, "token")


def from_file(path: Path) -> list[Typed]:
    """Return the identifiers of a file; - stands for standard input.

    Raises
    ------
    ConfigFault
        It cannot be read, others may read it, or it is no TOML.
    InvalidInput
        It holds something else than identifiers; names the key, never a value.
    """
    text = sys.stdin.read(FILE_BYTES_MAX) if str(path) == "-" else _private(path)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # Without what stands there: the parser's words may repeat it.
        raise ConfigFault(refusal("person_file", path=path, why=_place(error))) from None
    typed = [one for kind, value in document.items() for one in _of_key(kind, value)]
    if len(typed) > IDENTIFIERS_MAX:
        raise InvalidInput.at("from", refusal("person_many", most=IDENTIFIERS_MAX))
    return typed


def _private(path: Path) -> str:
    try:
        return read_private(path, refusal("identifiers_file"), FILE_BYTES_MAX)
    except FileNotFoundError as error:
        raise ConfigFault(refusal("person_file", path=path, why=error.strerror)) from error


def _place(error: Exception) -> str:
    words = str(error)
    at = words.rfind("(at ")
    return f"TOML {words[at:]}" if at >= 0 else "TOML"


def _of_key(kind: str, value: Any) -> list[Typed]:
    if kind not in KIND_OF:
        # The name may be an identifier that was put on the wrong side.
        raise InvalidInput.at("from", refusal("person_file_key", kinds=", ".join(KIND_OF)))
    values = value if isinstance(value, list) else [value]
    of_several = [f"{kind}[{at}]" if len(values) > 1 else kind for at in range(len(values))]
    return [(field, _raw(kind, one)) for field, one in zip(of_several, values, strict=True)]


def _raw(kind: str, value: Any) -> RawListed:
    entity = KIND_OF[kind]
    is_address = entity is EntityKind.ADDRESS_DOOR
    if is_address and isinstance(value, dict) and set(value) <= set(ADDRESS):
        if all(isinstance(one, str) for one in value.values()):
            return _address(value)
    elif not is_address and isinstance(value, str):
        return RawListed(entity=entity, value=value)
    raise InvalidInput.at(kind, refusal("person_file_value"))


def _address(parts: dict[str, str]) -> RawListed:
    region, city, district, detail, postcode = [parts.get(part, "") for part in ADDRESS]
    return RawListed(
        entity=EntityKind.ADDRESS_DOOR, address=(region, city, district, detail, postcode)
    )


def _typed(label: str, default: str | None = None) -> str:
    with warnings.catch_warnings():
        # Of a pipe nothing is shown anyway; Python's words would stand between the prompts.
        warnings.simplefilter("ignore", GetPassWarning)
        text: str = click.prompt(
            label, hide_input=True, default=default, show_default=False, err=True
        )
    return text
