"""Writes plain data as TOML text: tables, lists of scalars, texts, numbers, truth values.

Limits: no dates (RFC 3339 texts instead) and no tables within lists.
"""

import json
from collections.abc import Mapping, Sequence

from risk_service.domain.shown import shown

Scalar = str | int | float | bool


def toml_text(document: Mapping[str, object]) -> str:
    """Return the TOML text of nested mappings; entries that are None are left out."""
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def quoted(text: str) -> str:
    """Return a text as a TOML basic string."""
    # JSON escapes what TOML wants escaped, except for the delete character; its escapes of
    # characters beyond 16 bits are no TOML, so those are left as they are.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def shown_toml(text: str) -> str:
    """Return TOML that means the same, without what a terminal would act upon.

    Its texts must be basic strings, as ``quoted`` writes them: others know no escapes.
    """
    return "".join(one if shown(one) == one else f"\\U{ord(one):08x}" for one in text)


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    inner = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in table.items() if name not in inner}
    lines = [
        f"{_key(name)} = {_value(value)}" for name, value in plain.items() if value is not None
    ]
    if path and (lines or not inner):
        lines.insert(0, f"\n[{'.'.join(map(_key, path))}]")
    for name, value in inner.items():
        lines += _table(value, (*path, name))
    return lines


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else quoted(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(item) for item in value)}]"
    raise TypeError(f"{type(value).__name__} has no place in a TOML file of ours")
