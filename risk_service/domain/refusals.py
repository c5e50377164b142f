"""What people read when a call of theirs is refused: the words of ``refusals.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from risk_service.domain.counts import Count
from risk_service.domain.states import state_name
from risk_service.domain.text import LocalizedText, filled

# Facts whose values are words of ours, told in the reader's language.
_NAMED = ("kind", "state", "there", "asked")


@cache
def refusal_texts() -> Mapping[str, LocalizedText]:
    """Return every text by its code, with its places."""
    raw = tomllib.loads(files(__package__).joinpath("refusals.toml").read_text("utf-8"))
    return {code: LocalizedText(zh=text["zh"], en=text["en"]) for code, text in raw.items()}


def refusal(code: str, /, **facts: object) -> LocalizedText:
    """Return the text of a code, filled; a fact may be a text in both languages itself.

    Where one of them is a ``kind``, the texts may name its commands by ``group``.
    """
    told: dict[str, object] = {"group": facts.get("kind")}
    for name, fact in facts.items():
        told[name] = Count(fact) if type(fact) is int else fact
        if name in _NAMED and isinstance(fact, str):
            told[name] = state_name(fact)
    return filled(refusal_texts()[code], told)
