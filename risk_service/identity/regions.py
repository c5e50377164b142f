"""Province-level regions of China: one name for each, and the landline codes that tell one.

Limits: only spellings and codes of ``regions.toml`` are known; anything else has no region.
That is on purpose: a region goes into features and records as plain text, so it must come
from a closed list and never from what a customer typed.
"""

import re
import tomllib
from importlib.resources import files

_DATA = tomllib.loads(
    (files("risk_service.identity") / "regions.toml").read_text(encoding="utf-8")
)["region"]

REGION_BY_SPELLING: dict[str, str] = {
    spelling: name for name, entry in _DATA.items() for spelling in entry["spellings"]
}
REGION_BY_AREA_CODE: dict[str, str] = {
    code: name for name, entry in _DATA.items() for code in entry["area_codes"].split()
}
REGION_BY_CALLING_CODE = {"852": "香港", "853": "澳门", "886": "台湾"}
MUNICIPALITIES = frozenset({"北京", "天津", "上海", "重庆", "香港", "澳门"})
_LEADING = re.compile(
    "|".join(sorted((s for s in REGION_BY_SPELLING if not s.isascii()), key=len, reverse=True))
)


def region_of(cleaned: str) -> str:
    """Return the canonical region of a cleaned text, empty when it is none of them."""
    return REGION_BY_SPELLING.get(cleaned, "")


def leading_region(cleaned: str) -> tuple[str, str]:
    """Return the region that a cleaned address begins with, as (name, spelling found)."""
    match = _LEADING.match(cleaned)
    return (REGION_BY_SPELLING[match.group()], match.group()) if match else ("", "")
