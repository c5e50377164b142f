"""Guesses what JSON objects within cells name: the address or the device in a payment's metadata.

Entities and categories are cut out by ``part``. Limits: texts and whole numbers of the outer object
alone; numbers that measure something need a column of their own.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.datasets.importing.guess.look import Look, says
from training.datasets.importing.guess.words import AFTER, ENTITIES, LABELS, MEASURES, OUTCOMES
from training.datasets.toml_text import quoted

_MOST_CELLS = 5_000
_LEAST_SOMEBODIES, _MOST_CATEGORIES = 10, 50
_KEY = re.compile(r"[A-Za-z_][\w .-]*")
# What came after the event, and what tells its label, is no input.
_LATER = f"{LABELS}|{OUTCOMES}|{AFTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A key of the objects in a column, and how many values the first cells have."""

    key: str
    told: str
    different: int
    is_entity: bool


def parts_of(look: Look) -> list[Part]:
    """Return what the keys of a column's objects name; nothing where a cell is no object."""
    values = _by_key(look.values[:_MOST_CELLS].to_pylist())
    found = (_part(look, key, of_key) for key, of_key in values.items())
    return [part for part in found if part is not None]


def _by_key(cells: Sequence[str]) -> Mapping[str, list[str | int]]:
    found: dict[str, list[str | int]] = {}
    for cell in cells:
        try:
            told = json.loads(cell)
        except ValueError:
            return {}
        if not isinstance(told, dict):
            return {}
        for key, value in told.items():
            if type(value) in (str, int):
                found.setdefault(key, []).append(value)
    return found


def _part(look: Look, key: str, values: Sequence[str | int]) -> Part | None:
    different = len(set(values))
    if not _KEY.fullmatch(key) or different < 2 or says(key, _LATER) or says(key, MEASURES):
        return None
    is_text = isinstance(values[0], str)
    if any(isinstance(value, str) is not is_text for value in values):
        return None
    is_entity = says(key, ENTITIES) and different > _LEAST_SOMEBODIES
    if not is_entity and not (is_text and different <= _MOST_CATEGORIES):
        return None
    value = '"([^"]+)"' if is_text else r"(-?\d+)"
    pattern = quoted(rf'"{re.escape(key)}"\s*:\s*{value}')
    told = f"{{ column = {quoted(look.name)}, part = {pattern} }}"
    return Part(key=key, told=told, different=different, is_entity=is_entity)
