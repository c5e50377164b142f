"""Durations as people write them: ``7d``, ``36h``, ``1d12h``."""

import re

from training.words import WrongValue

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])\s*")
# A century; what is longer is a slip of the unit.
_LONGEST_S = 100 * 366 * 86_400


def seconds_of(text: object) -> int:
    """Return a duration in whole seconds.

    Raises
    ------
    ValueError
        The text is no duration.
    """
    parts = _PART.findall(text) if isinstance(text, str) else []
    if not isinstance(text, str) or not parts or _PART.sub("", text).strip():
        raise WrongValue.of("no_duration", text=text)
    total = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if total > _LONGEST_S:
        raise WrongValue.of("a_century", text=text)
    return round(total)
