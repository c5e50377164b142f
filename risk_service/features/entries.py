"""Entries of a declaration in TOML, checked alike in every file that an analyst edits."""

import tomllib
from collections.abc import Mapping
from typing import Any

from risk_service.domain.errors import ConfigFault


def read_declaration(name: str, text: str, format_: int) -> dict[str, Any]:
    """Return the content of a declaration.

    Raises
    ------
    ConfigFault
        The text is no TOML, or of another format.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigFault(f"{name}: not readable as TOML: {error}") from error
    if raw.get("format") != format_:
        raise ConfigFault(f"{name}: format is {raw.get('format')!r}, this version reads {format_}")
    return raw


def checked_entries(where: str, spec: object, known: Mapping[str, type]) -> dict[str, Any]:
    """Return a table whose entries are all known, there, and of their type.

    Parameters
    ----------
    known
        Types by name; a name that ends in ``?`` may be absent. A float may be written whole.

    Raises
    ------
    ConfigFault
        Names the entry at fault and what would be right.
    """
    if not isinstance(spec, dict):
        raise ConfigFault(f"{where}: must be a table, is {spec!r}")
    types = {name.rstrip("?"): kind for name, kind in known.items()}
    unknown = [name for name in spec if name not in types]
    if unknown:
        raise ConfigFault(f"{where}: unknown entry {unknown[0]}; known are {', '.join(types)}")
    missing = [name for name in known if not name.endswith("?") and name not in spec]
    if missing:
        raise ConfigFault(f"{where}: {missing[0]} is missing")
    for name, value in spec.items():
        kind = types[name]
        accepted = (int, float) if kind is float else (kind,)
        if type(value) not in accepted:
            raise ConfigFault(f"{where}: {name} is {value!r}, it must be {kind.__name__}")
    return spec
