"""What people write beside a change: reasons and notes are shown, stored and never tokenised.

So they are bounded, hold nothing that a terminal would act upon, and no number of a person.
"""

import re
import unicodedata

from risk_service.domain.errors import InvalidInput
from risk_service.domain.refusals import refusal

WHY_CHARS_MAX = 500
_LOOKS_PERSONAL = re.compile(r"\d{11}|\d{3}[-\s]\d{4}[-\s]\d{4}")


def check_printable(field: str, text: str, most: int, low: int = 0) -> None:
    """Refuse a text of the wrong length, or with characters that are not shown.

    Raises
    ------
    InvalidInput
        Names the field.
    """
    # Not stripped for this: a line end before the first word begins a line of its own.
    if len(text.strip()) < low or len(text) > most:
        raise InvalidInput.at(field, refusal("printable", low=low, most=most))
    unseen = "" if text.isprintable() else next(filter(_is_unseen, text), "")
    if unseen:
        # Nobody would find it by looking.
        raise InvalidInput.at(field, refusal("unseen", number=f"{ord(unseen):04X}"))


def _is_unseen(one: str) -> bool:
    # Blanks of other kinds, as the full-width one, are shown: Python says of none that it is.
    return not one.isprintable() and unicodedata.category(one) != "Zs"


def check_why(field: str, text: str, low: int = 1) -> None:
    """Refuse what is no reason to keep: none, too long a one, or one that names a person.

    Raises
    ------
    InvalidInput
        Names the field.
    """
    check_printable(field, text, WHY_CHARS_MAX, low)
    if _LOOKS_PERSONAL.search(text):
        raise InvalidInput.at(field, refusal("personal"))
