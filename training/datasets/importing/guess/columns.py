"""What a column is by its name and its values: somebody, a kind, a measure, an order of lines."""

import re

from training.datasets.importing.guess.look import Look
from training.datasets.importing.guess.words import (
    AMOUNTS,
    DAYS,
    ENTITIES,
    KINDS,
    MEASURES,
    MONTHS,
    PHONES,
    TIMES,
    YEARS,
)
from training.datasets.importing.mapping_faults import words_of
from training.datasets.importing.numbers import LENGTH_OF_TIME
from training.datasets.toml_text import quoted

MOST_CATEGORIES = 100
# A line of totals has no time, and no id.
NEARLY_ALL = 0.999
# Of fewer values than this in many rows, each is a kind of event rather than somebody.
_LEAST_SOMEBODIES, MANY_ROWS = 10, 1_000
_PHONE = re.compile(r"[\d\s()+./-]{6,}")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_OF_SIGNS = {"€": "EUR", "£": "GBP", "元": "CNY", "円": "JPY", "RMB": "CNY"}


def number_told(look: Look) -> str:
    """Return a numeric attribute as it stands in a mapping."""
    column = quoted(look.name)
    return f"{{ column = {column}, missing = [{quoted(look.dash)}] }}" if look.dash else column


def entity_told(look: Look) -> str:
    """Return an entity as it stands in a mapping: what is written in several ways made one."""
    column = quoted(look.name)
    if look.says("e?mail"):
        return f"{{ column = {column}, lower = true }}"
    if look.says(PHONES) and all(_PHONE.fullmatch(value) for value, _ in look.common):
        # Who is called without the country is the same.
        part = r", part = '(\d{1,11})$'" if look.has_country else ""
        return f"{{ column = {column}, digits = true{part} }}"
    return column


def currency_like(look: Look) -> str:
    """Return the code of the currency that an amount's cells tell, or nothing.

    A sign of several currencies tells none: a dollar is anybody's, and a yen is only a yuan
    where the column is called in Chinese.
    """
    if look.currency == "¥":
        return "CNY" if _CHINESE.search(look.name) else ""
    code = _OF_SIGNS.get(look.currency, look.currency)
    return code if re.fullmatch("[A-Z]{3}", code) else ""


def comes_again(look: Look) -> bool:
    """Tell whether values name something that comes again, whatever the column is called."""
    names = look.is_whole or not look.marks
    # Months and days come again as well, and a sum of money names nobody.
    if look.says(f"{YEARS}|{MONTHS}|{DAYS}") or (look.marks and look.says(f"{MEASURES}|{AMOUNTS}")):
        return False
    return names and not look.time and look.different > _LEAST_SOMEBODIES and look.repeats


def is_kind(look: Look) -> bool:
    """Tell whether values are kinds of events."""
    # One value is a kind where others have none: the voucher that an order came with.
    if look.different < 1 + (look.share == 1):
        return False
    if look.different > MOST_CATEGORIES and not look.repeats:
        return False
    # Numbers that would name somebody are kinds of it where there are few: three kinds of device.
    is_short = 2 < look.different < _LEAST_SOMEBODIES
    named = look.says(KINDS) or (is_short and re.match(ENTITIES, words_of(look.name)[-1]))
    return not look.marks or bool(look.is_whole and named and not look.says(MEASURES))


def is_length(look: Look) -> bool:
    """Tell whether values are lengths of time, such as 0:25:16."""
    return bool(look.common) and all(re.match(LENGTH_OF_TIME, value) for value, _ in look.common)


def is_counter(look: Look) -> bool:
    """Tell whether each row has a whole number of its own."""
    return look.is_unique and look.is_whole


def only_rises(look: Look) -> bool:
    """Tell whether values of many rows only rise, each for some rows."""
    return look.rises and look.rows >= MANY_ROWS and 1 < look.different < look.rows


def is_entity(look: Look) -> bool:
    """Tell whether values name somebody or something that events happen to."""
    # A measure has fractions, and a yes or no names nobody.
    named = look.says(ENTITIES) and (look.is_whole or not look.marks or look.says(r"ip\b"))
    if (look.marks and look.says(MEASURES)) or look.says("text|comment|title"):
        return False
    if look.rows >= MANY_ROWS and look.different < _LEAST_SOMEBODIES:
        return False
    # Phones and numbers of devices may be as large as Unix times.
    is_time = look.time and not ("unix" in look.time and named and not look.says(TIMES))
    return (named or look.is_code) and look.different > 2 and not is_time
