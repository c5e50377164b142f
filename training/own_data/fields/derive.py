"""What texts tell beyond being equal: e-mail domains, networks of IPs, shapes of names.

A field is looked at as a whole: when nearly all of its texts read as e-mail addresses, IP
addresses or free text, keys (texts that many share) and traits (numbers) are derived. Works
on each distinct text once. Limits: looks at the text alone, resolves nothing.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.own_data.events import MISSING, Coded
from training.own_data.plan import TextKind

SAMPLE_TEXTS = 2_000
NEARLY_ALL = 0.8
FREE_TEXT_LENGTH = 10
FREE_TEXT_LEVELS = 100
E_MAIL = r"^[^@\s]+@[^@\s]+$"
LONG_NUMBER = r"^\+?\d{9,19}$"
IP_V4 = r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$"
IP_V6 = r"^[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}$"

Floats32 = NDArray[np.float32]


# Key derived -> pattern whose first group is the key, on the text in small letters.
KEY_PATTERNS: dict[TextKind, dict[str, str]] = {
    TextKind.E_MAIL: {"domain": r"@(?P<key>[^@]+)$", "stem": r"^(?P<key>[^@0-9]*[^@0-9._-])"},
    TextKind.IP: {
        "net24": r"^(?P<key>\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f]*:[0-9a-f]*:[0-9a-f]*)",
        "net16": r"^(?P<key>\d+\.\d+|[0-9a-f]*:[0-9a-f]*)",
    },
    TextKind.FREE: {"stem": r"^[^a-z]*(?P<key>[a-z]+)"},
    # Neighbouring numbers were given out together: SIM cards, accounts, cards of one batch.
    TextKind.DIGITS: {"block": r"^\+?(?P<key>\d+)\d{3}$", "head": r"^\+?(?P<key>\d{8})"},
    TextKind.OPAQUE: {},
}
TRAITS: dict[TextKind, tuple[str, ...]] = {
    TextKind.E_MAIL: ("length", "digits", "letters"),
    TextKind.IP: (),
    TextKind.FREE: ("length", "digits", "words"),
    TextKind.DIGITS: (),
    TextKind.OPAQUE: (),
}
_TRAIT_PATTERNS = {"digits": r"\d", "words": r"\S+", "letters": r"[A-Za-z]"}


def text_kind(coded: Coded) -> TextKind:
    """Tell what the texts of a field are, by up to 2,000 of them."""
    texts = coded.levels.slice(0, SAMPLE_TEXTS)
    if not len(texts):
        return TextKind.OPAQUE
    if _share(texts, E_MAIL) >= NEARLY_ALL:
        return TextKind.E_MAIL
    if _share(texts, IP_V4) + _share(texts, IP_V6) >= NEARLY_ALL:
        return TextKind.IP
    if _share(texts, LONG_NUMBER) >= NEARLY_ALL:
        return TextKind.DIGITS
    long = pc.mean(pc.utf8_length(texts)).as_py() >= FREE_TEXT_LENGTH
    wordy = _share(texts, r"[A-Za-z]{3,}.*[\s/,;()].*") >= NEARLY_ALL
    if long and wordy and len(coded.levels) >= FREE_TEXT_LEVELS:
        return TextKind.FREE
    return TextKind.OPAQUE


def derived_keys(coded: Coded, kind: TextKind) -> Iterator[tuple[str, Coded]]:
    """Yield (name, key of each event) of the keys that a field of this kind has."""
    texts = pc.utf8_lower(coded.levels)
    for name, pattern in KEY_PATTERNS[kind].items():
        yield name, _spread(coded, pc.struct_field(pc.extract_regex(texts, pattern), "key"))
    if kind is TextKind.E_MAIL:
        yield "mailbox", _spread(coded, _mailboxes(texts))


def _mailboxes(texts: pa.Array) -> pa.Array:
    """Return addresses without what many providers ignore: dots, and from a plus on."""
    parts = pc.extract_regex(texts, r"^(?P<local>[^@+]*)[^@]*@(?P<domain>[^@]+)$")
    local = pc.replace_substring(pc.struct_field(parts, "local"), ".", "")
    return pc.binary_join_element_wise(local, pc.struct_field(parts, "domain"), "@")


def _spread(coded: Coded, keys: pa.Array) -> Coded:
    """Return the key of each event, given that of each level."""
    encoded = pc.dictionary_encode(keys)
    level = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
    spread = np.append(level.astype(np.int32), np.int32(MISSING))
    return Coded(codes=spread[coded.codes], levels=encoded.dictionary)


def traits(coded: Coded, kind: TextKind) -> Iterator[tuple[str, Floats32]]:
    """Yield (name, number of each event) of the shapes of a field of this kind."""
    texts = coded.levels
    if kind is TextKind.E_MAIL:
        texts = pc.extract_regex(texts, r"^(?P<local>[^@]*)").field("local")
    for name in TRAITS[kind]:
        if name == "length":
            numbers = pc.utf8_length(texts)
        else:
            numbers = pc.count_substring_regex(texts, _TRAIT_PATTERNS[name])
        level = numbers.cast(pa.float32()).to_numpy(zero_copy_only=False)
        yield name, np.append(level, np.float32(np.nan))[coded.codes]


def _share(texts: pa.Array, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(texts, pattern).cast(pa.int8())).as_py())
