"""What people read in place of names that programs use: the words of ``names.toml``.

Names are parts of keys and of the contract and never change; words may. What has no word is
shown as it is, so that a record of another version can always be told.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from risk_service.domain.currency import amount_text, money_text
from risk_service.domain.grant import LimitUse, Measure
from risk_service.domain.text import LocalizedText, listed

MONEY = frozenset({Measure.AMOUNT, Measure.DISCOUNT})
_SPAN = re.compile(r"(\d+)([smhd])")


@cache
def names_text() -> str:
    """Return the file: texts that are formed with it are of its version."""
    return files(__package__).joinpath("names.toml").read_text("utf-8")


@cache
def _names() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads(names_text())


def subject_name(key: str) -> LocalizedText:
    """Return what a limit counts or a list holds, such as ``account+address_door``."""
    parts = [_pair("subject", part) for part in key.split("+")]
    return LocalizedText(
        zh="+".join(part.zh for part in parts), en=" + ".join(part.en for part in parts)
    )


def subject_names(keys: Iterable[str]) -> LocalizedText:
    """Return several of them, one after another."""
    return listed(subject_name(key) for key in keys)


def word_name(word: str) -> LocalizedText:
    """Return what a word of a closed vocabulary means, such as ``DIRECT_LINK``."""
    return _pair("word", word)


def measure_name(measure: Measure, count: int) -> LocalizedText:
    """Return what a limit counts: so many units, orders or draws."""
    one, many, chinese = _names()["measure"][measure.name]
    return LocalizedText(zh=chinese, en=one if abs(count) == 1 else many)


def counted(measure: Measure, count: int, currency_code: str) -> LocalizedText:
    """Return so much of a measure, such as ``2 units``, or an amount in its currency."""
    if measure in MONEY:
        told = amount_text(count, currency_code)
        return LocalizedText(zh=told, en=told)
    name = measure_name(measure, count)
    return LocalizedText(zh=f"{count:,} {name.zh}", en=f"{count:,} {name.en}")


def bare_count(measure: Measure, count: int, currency_code: str) -> str:
    """Return the number alone, where what it counts is told beside it."""
    return money_text(count, currency_code) if measure in MONEY else f"{count:,}"


def use_facts(use: LimitUse, currency_code: str) -> dict[str, object]:
    """Return what texts about a limit tell of its use: ``policy``, ``subject``, ``used``, ``cap``.

    Parameters
    ----------
    currency_code
        Of the order: a limit on money counts no other.
    """
    return {
        "policy": use.policy_id,
        "subject": subject_name(use.subject),
        "used": bare_count(use.measure, use.used, currency_code),
        "cap": counted(use.measure, use.cap, currency_code),
    }


def window_name(window: str) -> LocalizedText:
    """Return over which time a limit counts, from what its policy says."""
    words = [_window_word(word) for word in window.split(" ")]
    return LocalizedText(
        # 自然日, 自然周: the kind and the unit are one word.
        zh=" ".join(word.zh for word in words).replace("自然 ", "自然"),
        en=" ".join(word.en for word in words),
    )


def _window_word(word: str) -> LocalizedText:
    span = _SPAN.fullmatch(word)
    if span is None:
        return _pair("window", word)
    unit = _pair("window", span[2])
    return LocalizedText(zh=f"{span[1]} {unit.zh}", en=f"{span[1]} {unit.en}")


def _pair(table: str, key: str) -> LocalizedText:
    en, zh = _names()[table].get(key) or (key, key)
    return LocalizedText(zh=zh, en=en)
