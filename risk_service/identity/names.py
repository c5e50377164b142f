"""Names of people: one spelling, and whether two of them are the same person's.

Payment channels mask names (``张*``, ``*三``, ``J*** Smith``). A masked name that contradicts the
other is a mismatch; one that agrees counts as a match only when it shows at least half.
"""

import math
import re

from risk_service.identity.text import clean

_MASKS = re.compile(r"[*×○●某]+")
_PUNCTUATION = re.compile(r"[^\w*×○●]+|_+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_SHOWN_AT_LEAST = 0.5


def normalise_name(text: str) -> str:
    """Return the comparable form: Chinese without spaces and dots, else sorted words.

    Words are sorted because ``Smith, John`` and ``John Smith`` are one name.
    """
    cleaned = clean(text)
    if _PUNCTUATION.search(cleaned) is None:  # at most one word
        return cleaned
    words = _PUNCTUATION.sub(" ", cleaned).split()
    return "".join(words) if _HAN.search("".join(words)) else " ".join(sorted(words))


def is_masked(name: str) -> bool:
    """Tell whether a part of the name is hidden."""
    return _MASKS.search(name) is not None


def match_names(payer: str, recipient: str) -> float:
    """Compare two normalised names: 1.0 same, 0.0 different, NaN when it cannot be told."""
    if not payer or not recipient:
        return math.nan
    payer_masked, recipient_masked = _MASKS.search(payer), _MASKS.search(recipient)
    if payer_masked and recipient_masked:
        return math.nan
    if payer_masked:
        return _match_masked(payer, recipient)
    if recipient_masked:
        return _match_masked(recipient, payer)
    return float(payer == recipient)


def _match_masked(masked: str, full: str) -> float:
    parts = _MASKS.split(masked)
    head, tail = parts[0], parts[-1]
    shown = len(head) + len(tail)
    if not (full.startswith(head) and full.endswith(tail) and len(full) > shown):
        return 0.0
    return 1.0 if shown >= _SHOWN_AT_LEAST * len(full) else math.nan
