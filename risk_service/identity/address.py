"""Addresses at two levels: the building and the door in it.

An address goes through one of two grammars: Chinese (largest unit first, markers such as
``号楼``, ``单元``, ``室``) or western (number and street, flat or suite). Equal places in different
spellings should give equal keys; different doors must not.

Limits: no gazetteer. A street that was renamed, a building known by name and by number, or
a door written with and without its stairway count as different places.
"""

import re
from functools import lru_cache

from msgspec import Struct

from risk_service.identity.address_chinese import chinese_keys, short_place
from risk_service.identity.address_text import has_han
from risk_service.identity.address_western import Words, place_words, western_keys
from risk_service.identity.regions import MUNICIPALITIES, leading_region, region_of
from risk_service.identity.text import clean

# No province, city and district are longer together; a longer text may be anything.
_PLACE_CHARS = 32
_SEPARATOR = "\x1f"
# The last two parts of either grammar's building key: street or estate, and building.
_PLACE_PARTS = -2
# Hidden numbers: 1**号, ***室, 12** Main St. A star elsewhere is decoration (12-1-301*急*).
_MASKED = re.compile(r"\*[号栋幢座单层楼室房户弄]|\d\*\*")


class Address(Struct, frozen=True, gc=False):
    """Keys of a parsed address; ``door`` is empty where none was given.

    ``region`` is a province of the closed list in ``regions``, or empty.
    """

    building: str
    door: str
    region: str


class _Places(Struct, frozen=True, kw_only=True, gc=False):
    """Cleaned place names; ``city`` and ``district`` short, ``name`` as in ``Address.region``.

    ``words`` are those of region and city for the western grammar.
    """

    region: str
    words: tuple[Words, Words]
    city: str
    district: str
    name: str


def parse_address(region: str, city: str, district: str, detail: str, postcode: str) -> Address:
    """Return the keys of an address; all are empty where there is nothing to key."""
    short = len(region) + len(city) + len(district) <= _PLACE_CHARS
    places = (_remembered if short else _places)(region, city, district)
    name, detail = places.name, clean(detail)
    if not detail or ("*" in detail and _MASKED.search(detail)):
        # Behind a hidden number stands the whole street: it would become one household.
        return Address(building="", door="", region=name)
    if has_han(detail):
        name = name or leading_region(detail)[0]
        building, door = chinese_keys(name or places.region, places.city, places.district, detail)
    else:
        building, door = western_keys(places.words, detail, clean(postcode))
    if not any(building[_PLACE_PARTS:]):
        # Only a city, or a room of no building: everybody there would become one household.
        return Address(building="", door="", region=name)
    key = _SEPARATOR.join(building)
    return Address(key, _SEPARATOR.join((key, *door)) if door else "", name)


def _places(region: str, city: str, district: str) -> _Places:
    region, city, district = clean(region), clean(city), clean(district)
    return _Places(
        region=region,
        words=(place_words(region), place_words(city)),
        city=short_place(city),
        district=short_place(district),
        name=region_of(region) or leading_region(region)[0] or _city_region(city),
    )


# The one memory between orders: names of places, which belong to nobody
# (docs/adr/0011-no-cache-of-raw-values.md).
_remembered = lru_cache(maxsize=4096)(_places)


def _city_region(city: str) -> str:
    """Return the region of a city that is one; shops often leave the region out then."""
    name = region_of(city)
    return name if name in MUNICIPALITIES else ""
