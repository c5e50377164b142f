"""What the language of rules has: kinds of variables, functions, limits, names.

CEL with less in it: no maps, no fields, no null, no clock. What is left is pinned by the
conformance corpus in ``tests/unit/rules/corpus.toml``.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum

SOURCE_MAX = 4096
DEPTH_MAX = 24
TERMS_MAX = 256
LOOPS_MAX = 4
# Loops inside loops multiply: with patterns in them, one evaluation took 20 seconds.
LOOP_DEPTH_MAX = 1
PATTERNS_MAX = 4
PATTERN_CHARS_MAX = 100
# Product of the counts in braces: the engine compiles a pattern at every evaluation.
PATTERN_REPEATS_MAX = 1000

# A shorter beginning is that of too many names.
BEGINNING_MIN = 4

KNOWN = "known"
RATIO = "ratio"
# As long as "known(" and ")" around a name: rewriting keeps every place in the source.
KNOWN_PREFIX = "known__"

ARITHMETIC = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%"}
COMPARISONS = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_==_": "==", "_!=_": "!="}
LOGIC = {"_&&_": "&&", "_||_": "||", "!_": "!"}
OPERATORS = {
    **ARITHMETIC,
    **COMPARISONS,
    **LOGIC,
    "-_": "-",
    "_?_:_": "? :",
    "@in": "in",
    "_[_]": "[ ]",
}
FUNCTIONS = frozenset(
    {"size", "startsWith", "endsWith", "contains", "matches", "double", "int", "string"}
)
# Macros are gone once parsed; they are named here for hints only.
MACROS = ("exists", "all", "exists_one", "filter", "map")
CALLS = frozenset({*OPERATORS, *FUNCTIONS, KNOWN, RATIO})

_RESERVED_WORDS = (
    "as break const continue else false for function if import in let loop package namespace "
    "null return true var void while known ratio size startsWith endsWith contains matches "
    "double int string bool bytes uint list map type duration timestamp dyn has "
    "exists all exists_one filter"
)
RESERVED = frozenset(_RESERVED_WORDS.split())
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Kind(StrEnum):
    """Kind of a variable. A NUMBER is a CEL double, an INTEGER an int of 64 bits."""

    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    TEXT = "text"
    TEXTS = "texts"


Variables = Mapping[str, Kind]
Value = float | int | bool | str | list[str]


def is_variable_name(name: str) -> bool:
    """Tell whether a variable may have this name."""
    return (
        _NAME.match(name) is not None and name not in RESERVED and not name.startswith(KNOWN_PREFIX)
    )


def near(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to two names that are close to one that does not exist, or begin like it."""
    lowered = {one.lower(): one for one in names}
    word = name.lower()
    found = get_close_matches(word, list(lowered), n=2, cutoff=0.72)
    if not found and len(word) >= BEGINNING_MIN:
        found = sorted(one for one in lowered if one.startswith(word))[:2]
    return tuple(lowered[one] for one in found)
