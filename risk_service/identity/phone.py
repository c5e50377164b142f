"""Phone numbers: one E.164-like form, the class of the prefix, the region of a landline.

Mobile numbers get no region: since portability (2019) and without the regulator's HLR table
a prefix tells none, and a guess would look like a fact. For the same reason there is one
class for the carriers. A masked number (``138****0000``) is no identifier and counts as absent.
"""

import re
import unicodedata

from msgspec import Struct

from risk_service.domain.vocabulary import PhonePrefixClass
from risk_service.identity.regions import REGION_BY_AREA_CODE, REGION_BY_CALLING_CODE
from risk_service.identity.text import clean

_EXTENSION = re.compile(r"(?P<sep>转|分机号?|extension|ext\.?|[x#,;]|-)\s?:?\s?(?P<ext>\d{1,6})$")
_NOT_DIGIT = re.compile(r"[^0-9]+")
_MOBILE = re.compile(r"0?(1[3-9]\d{9}|1(?:4[0-9]|06)\d{10})")
_LANDLINE = re.compile(r"0(10|2\d|[3-9]\d{2})(\d{7,8})")
_LANDLINE_WITH_TAIL = re.compile(r"(0(?:10|2\d)\d{8})\d{1,5}")
_SERVICE = re.compile(r"(?:400|800)\d{7}|9[56]\d{3,6}")

# Most numbers are these; one look spares them the long way, with the same result.
_PLAIN_MOBILE = re.compile(r"(?:(?:\+|00)?86[ -]?)?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})", re.ASCII)

# Facts of the numbering plan; the rest of 13x to 19x are carriers.
_CLASS_OF_PREFIX = {
    prefix: prefix_class
    for prefix_class, prefixes in {
        PhonePrefixClass.SATELLITE: "1349 1749",
        PhonePrefixClass.M2M: "140 141 144 146 148 149 172 106",
        PhonePrefixClass.VIRTUAL_OPERATOR: "162 165 167 170 171",
        PhonePrefixClass.UNKNOWN: "142 143 154 160 161 163 164 168 169 179 194",
    }.items()
    for prefix in prefixes.split()
}


class Phone(Struct, frozen=True, gc=False):
    """A normalised number; ``region`` is empty where the number does not tell it.

    ``canonical`` is ``+`` and digits, for a mobile with an extension (a platform's relay
    number) followed by ``x`` and the extension, and ``?`` and digits where the plan of the
    number is unknown.
    """

    canonical: str
    prefix_class: PhonePrefixClass
    region: str


def parse_phone(text: str) -> Phone | None:
    """Return the parsed number, or None when there is none."""
    plain = _PLAIN_MOBILE.fullmatch(text)
    if plain:
        return _mobile("".join(plain.groups()))
    cleaned = _ascii_digits(clean(text)).replace("(0)", "")
    if "*" in cleaned:
        return None
    main, extension = _split_extension(cleaned)
    digits = _digits(main)
    if not digits:
        return None
    national = _national(main.startswith("+"), digits)
    if national is None:
        return _foreign(digits.removeprefix("00"))
    return _chinese(national, extension)


def _chinese(national: str, extension: str) -> Phone:
    mobile = _MOBILE.fullmatch(national)
    if mobile:
        number = mobile.group(1)
        tail = f"x{extension}" if extension else ""
        return Phone(canonical=f"+86{number}{tail}", prefix_class=_mobile_class(number), region="")
    # The extension of an office line is dropped: it is the same office.
    with_tail = _LANDLINE_WITH_TAIL.fullmatch(national)
    landline = _LANDLINE.fullmatch(with_tail.group(1) if with_tail else national)
    if landline:
        area, number = landline.groups()
        return Phone(
            canonical=f"+86{area}{number}",
            prefix_class=PhonePrefixClass.LANDLINE,
            region=REGION_BY_AREA_CODE.get(area, ""),
        )
    if _SERVICE.fullmatch(national):
        return Phone(canonical=f"+86{national}", prefix_class=PhonePrefixClass.SERVICE, region="")
    return Phone(canonical=f"?{national}", prefix_class=PhonePrefixClass.UNKNOWN, region="")


def _mobile(number: str) -> Phone:
    return Phone(f"+86{number}", _mobile_class(number), "")


def _foreign(digits: str) -> Phone:
    region = REGION_BY_CALLING_CODE.get(digits[:3], "")
    # E.164 allows 15 digits; below 7 there is no subscriber number behind a country code.
    known = 7 <= len(digits) <= 15
    return Phone(
        canonical=f"+{digits}",
        prefix_class=PhonePrefixClass.FOREIGN if known else PhonePrefixClass.UNKNOWN,
        region=region if known else "",
    )


def _national(international: bool, digits: str) -> str | None:
    """Return the number as dialled within China, or None for a foreign one."""
    if not international and not digits.startswith("00"):
        bare = digits.removeprefix("86")
        return _domestic(bare) if len(digits) >= 12 and bare != digits else digits
    digits = digits.removeprefix("00")
    return _domestic(digits[2:]) if digits.startswith("86") else None


def _domestic(number: str) -> str:
    """Put the trunk 0 back that a landline loses behind +86."""
    if _SERVICE.fullmatch(number):  # 400 and 800 read as area codes too
        return number
    return "0" + number if _LANDLINE.fullmatch("0" + number) else number


def _mobile_class(number: str) -> PhonePrefixClass:
    return _CLASS_OF_PREFIX.get(number[:4]) or _CLASS_OF_PREFIX.get(
        number[:3], PhonePrefixClass.CARRIER
    )


def _split_extension(cleaned: str) -> tuple[str, str]:
    match = _EXTENSION.search(cleaned)
    if match is None:
        return cleaned, ""
    main, (separator, extension) = cleaned[: match.start()], match.group("sep", "ext")
    # A hyphen also groups the digits of a number: 138-0013-8000, 010-8888-8888.
    if separator == "-" and not _complete(main):
        return cleaned, ""
    return main, extension


def _complete(main: str) -> bool:
    national = _national(main.startswith("+"), _digits(main))
    return national is not None and bool(
        _MOBILE.fullmatch(national) or _LANDLINE.fullmatch(national)
    )


def _digits(text: str) -> str:
    return _NOT_DIGIT.sub("", text)


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char, char)) for char in text)
