"""Arrays in PostgreSQL's own notation: one type whatever they hold, and quick to write."""

from collections.abc import Sequence


def texts(values: Sequence[str]) -> str:
    """Return an array of texts."""
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def numbers(values: Sequence[int | None]) -> str:
    """Return an array of numbers."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def binaries(values: Sequence[bytes]) -> str:
    """Return an array of byte strings."""
    return '{"' + '","'.join(["\\\\x" + value.hex() for value in values]) + '"}' if values else "{}"
