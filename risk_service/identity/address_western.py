"""Grammar of addresses in Latin and other scripts: words, a unit word, a postcode.

Limits: word lists cover English and the commonest French, German and Spanish street words.
"""

import re
import unicodedata
from itertools import pairwise

from risk_service.identity.address_text import hyphenate

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LATIN_MARK = re.compile("[\u0300-\u036f]")
_APOSTROPHE = re.compile(r"['’`´]")
_ORDINAL_TAIL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_ZIP_PLUS_4 = re.compile(r"^(\d{5})-\d{4}$")
_GLUED_UNIT = re.compile(r"^(?:apt|unit|suite|ste|flat|room|rm)(\d+[a-z]?)$")
_HASH = re.compile(r"(?:apt|unit|suite|ste|flat|room)?\.?\s*#\s*")
_KIND_OF_WORD = {
    word: kind
    for kind, words in {
        "unit": "apt apartment flat unit suite ste room rm door appt piso puerta wohnung whg",
        "floor": "floor fl level",
        "building": "building bldg block blk",
    }.items()
    for word in words.split()
}
_FILLERS = frozenset({"no", "nr", "number", "the", "attn"})
_SHORT = {
    "st": "street", "str": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane",
    "dr": "drive", "blvd": "boulevard", "bd": "boulevard", "pl": "place", "sq": "square",
    "ct": "court", "cres": "crescent", "gdns": "gardens", "pkwy": "parkway", "hwy": "highway",
    "ter": "terrace", "terr": "terrace", "cl": "close", "gr": "grove", "mt": "mount",
    "hse": "house", "n": "north", "s": "south", "e": "east", "w": "west", "c": "calle",
    "strasse": "street",
}  # fmt: skip
_GERMAN_STREET = re.compile(r"^(\w{3,}?)(?:strasse|str)$")
_GERMAN_ENDS = ("strasse", "str")
_NOT_ALNUM = re.compile(r"[\W_]+")

Words = tuple[str, ...]


def western_keys(
    places: tuple[Words, Words], detail: str, postcode: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parts of the building key and of the door key (empty without a door).

    The postcode names the place when there is one, else region and city do: a postcode
    has one spelling, a city may be left to the detail.

    Parameters
    ----------
    places
        Words of region and city, see ``place_words``.
    detail
        Cleaned detail, not empty.
    postcode
        Cleaned postcode, empty when unknown.
    """
    code = _postcode(postcode)
    words, door, building = _split(_words(detail))
    street = _without_tail(words, {*places[0], *places[1], *_words(postcode), code})
    place = (code,) if code else tuple(" ".join(place) for place in places)
    return (*place, " ".join(street), building), door


def place_words(cleaned: str) -> Words:
    """Return the words of a region's or city's name, spelled as in an address."""
    return tuple(_words(cleaned))


def _postcode(text: str) -> str:
    plus_4 = _ZIP_PLUS_4.match(text)
    return plus_4.group(1) if plus_4 else _NOT_ALNUM.sub("", text)


def _words(text: str) -> list[str]:
    if not text:
        return []
    plain = _HASH.sub(" apt ", text) if "#" in text else text
    if not plain.isascii():
        plain = _LATIN_MARK.sub("", unicodedata.normalize("NFD", plain))
        plain = unicodedata.normalize("NFC", plain)
    return [_word(word) for word in _WORD.findall(_APOSTROPHE.sub("", hyphenate(plain)))]


def _word(word: str) -> str:
    ordinal = _ORDINAL_TAIL.match(word) if word[0].isdigit() else None
    if ordinal:
        return ordinal.group(1)
    german = _GERMAN_STREET.match(word) if word.endswith(_GERMAN_ENDS) else None
    return f"{german.group(1)} street" if german else _SHORT.get(word, word)


def _split(words: list[str]) -> tuple[list[str], tuple[str, ...], str]:
    """Take the words of door, floor and building out of the street's."""
    street: list[str] = []
    found = {"unit": "", "floor": "", "building": ""}
    rest = pairwise([*words, ""])
    for word, following in rest:
        kind = _KIND_OF_WORD.get(word)
        glued = None if word.isalpha() else _GLUED_UNIT.match(word)
        if kind and _is_number(following):
            found[kind] = following
            next(rest, None)
        elif word.isdigit() and _KIND_OF_WORD.get(following) == "floor":
            found["floor"] = word
            next(rest, None)
        elif glued:
            found["unit"] = glued.group(1)
        elif word not in _FILLERS:
            street.append(word)
    door = (found["unit"], found["floor"])
    return street, door if any(door) else (), found["building"]


def _is_number(word: str) -> bool:
    return any(char.isdigit() for char in word) or len(word) == 1


def _without_tail(words: list[str], known: set[str]) -> list[str]:
    """Drop the city, region and postcode that many people repeat at the end."""
    end = len(words)
    while end > 1 and words[end - 1] in known:
        end -= 1
    return words[:end]
