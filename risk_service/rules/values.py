"""Values of variables as rules read them: what is missing reads as NaN."""

import math
from collections.abc import Mapping
from typing import Any

from risk_service.rules.language import Value

MISSING = math.nan


class Values(dict[str, Any]):
    """Values by name; what is absent reads as missing.

    None is dropped. Whole numbers become numbers, since no shipped variable is an INTEGER.

    Examples
    --------
    >>> values = Values({"attempts": 3, "channel": None})
    >>> values["attempts"], "channel" in values
    (3.0, False)
    """

    def __init__(self, known: Mapping[str, Value | None] | None = None) -> None:
        super().__init__()
        for name, value in (known or {}).items():
            if value is not None:
                self[name] = float(value) if type(value) is int else value

    def __missing__(self, name: str) -> Any:  # any kind of value, or NaN
        """Return NaN: the value is missing."""
        return MISSING

    def get(self, name: str, default: Any = None) -> Any:  # as above
        """Return the value, looked for wherever ``[]`` looks for it; ``default`` is not used."""
        return self[name]
