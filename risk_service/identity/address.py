"""Addresses at two levels: the building and the door in it.

An address goes through one of two grammars: Chinese (largest unit first, markers such as
``号楼``, ``单元``, ``室``) or western (number and street, flat or suite). Equal places in different
spellings should give equal keys; different doors must not.

Limits: no gazetteer. A street that was renamed, a building known by name and by number, or
a door written with and without its stairway count as different places.
"""

from dataclasses import dataclass

from risk_service.identity.address_chinese import chinese_keys
from risk_service.identity.address_text import has_han
from risk_service.identity.address_western import western_keys
from risk_service.identity.regions import MUNICIPALITIES, leading_region, region_of
from risk_service.identity.text import clean

_SEPARATOR = "\x1f"
# The last two parts of either grammar's building key: street or estate, and building.
_PLACE_PARTS = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Keys of a parsed address; ``door`` is empty where none was given.

    ``region`` is a province of the closed list in ``regions``, or empty.
    """

    building: str
    door: str
    region: str


def parse_address(region: str, city: str, district: str, detail: str, postcode: str) -> Address:
    """Return the keys of an address; all are empty where there is nothing to key."""
    region, city, district, detail = clean(region), clean(city), clean(district), clean(detail)
    name = region_of(region) or leading_region(region)[0] or _city_region(city)
    if not detail:
        return Address(building="", door="", region=name)
    if has_han(detail):
        name = name or leading_region(detail)[0]
        building, door = chinese_keys(name or region, city, district, detail)
    else:
        building, door = western_keys((region, city), detail, clean(postcode))
    if not any(building[_PLACE_PARTS:]):
        # Only a city, or a room of no building: everybody there would become one household.
        return Address(building="", door="", region=name)
    key = _SEPARATOR.join(building)
    return Address(building=key, door=_SEPARATOR.join((key, *door)) if door else "", region=name)


def _city_region(city: str) -> str:
    """Return the region of a city that is one; shops often leave the region out then."""
    name = region_of(city)
    return name if name in MUNICIPALITIES else ""
