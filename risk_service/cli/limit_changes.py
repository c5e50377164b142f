"""What changes from one file of limit policies to another, policy by policy.

For whoever approves: the policies are compared as they are written, so that every key shows.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from risk_service.domain.shown import shown

Policy = Mapping[str, Any]
# A change of these begins to count from 0; the rest of a policy goes on from what was used.
COUNTED_BY = frozenset({"measure", "currency", "window", "count_per"})
WORDS_ONLY = frozenset({"name", "description", "owner", "approver", "priority"})
_WORDS = {
    "added": ("added", "新增"),
    "removed": ("removed: its counters are kept", "删除：计数保留"),
    "changed": ("changed", "修改"),
    "from_0": ("changed: counts from 0", "修改：从零开始计数"),
    "words": ("words only", "仅文案"),
    "same": ("no limit changes", "限购无变化"),
}


def limit_changes(before: str, after: str, lang: str) -> str:
    """Return how two files differ; both have been published, so both can be read."""
    old, new = _policies(before), _policies(after)
    gone = [one for one in old if one not in new]
    lines = [
        line for one in (*new, *gone) for line in _change(one, old.get(one), new.get(one), lang)
    ]
    return shown("\n".join(lines)) if lines else _word("same", lang)


def _policies(text: str) -> dict[str, Policy]:
    return {one["id"]: one for one in tomllib.loads(text).get("policy", [])}


def _change(policy: str, old: Policy | None, new: Policy | None, lang: str) -> Iterator[str]:
    before, after = old or {}, new or {}
    differs = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if not differs:
        return
    yield f"{policy}: {_word(_kind(old, new, frozenset(differs)), lang)}"
    if new is None:
        return
    for key in differs:
        if key in before:
            yield f"  - {key}: {_value(before[key])}"
        if key in after and key != "id":
            yield f"  + {key}: {_value(after[key])}"


def _kind(old: Policy | None, new: Policy | None, keys: frozenset[str]) -> str:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if keys <= WORDS_ONLY:
        return "words"
    return "from_0" if keys & COUNTED_BY else "changed"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _word(key: str, lang: str) -> str:
    return _WORDS[key][lang == "zh"]
