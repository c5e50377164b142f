"""Values of a TOML file as the file writes them: what a fault quotes is found there."""

from collections.abc import Mapping
from datetime import date, time


def as_toml(value: object) -> str:
    """Return a value as TOML writes it within a line; texts stand in single quotes if they can."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return repr(value)
