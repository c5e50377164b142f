"""Canonical JSON: one value, one spelling, so that what was signed can be compared.

Holds the writer and the strict reader. Keys are sorted, no white space, ASCII, no NaN and
no infinity, one newline at the end.
"""

import json


def canonical_json(value: object) -> bytes:
    """Return the one spelling of ``value``.

    Raises
    ------
    ValueError
        The value holds NaN or an infinity.
    TypeError
        The value holds something that JSON does not know.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode("ascii") + b"\n"


def read_canonical(data: bytes) -> object:
    """Parse canonical JSON; another spelling of the same value is refused.

    Duplicate keys, NaN and odd spellings of numbers all show as a difference.

    Raises
    ------
    ValueError
        The bytes are not canonical JSON.
    """
    try:
        value: object = json.loads(data)
        spelled = canonical_json(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if spelled != data:
        raise ValueError("not canonical JSON (duplicate key, white space or odd number)")
    return value
