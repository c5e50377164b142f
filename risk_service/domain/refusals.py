"""What people read when a call of theirs is refused: the words of ``refusals.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from risk_service.domain.text import LocalizedText, filled


@cache
def refusal_texts() -> Mapping[str, LocalizedText]:
    """Return every text by its code, with its places."""
    raw = tomllib.loads(files(__package__).joinpath("refusals.toml").read_text("utf-8"))
    return {code: LocalizedText(zh=text["zh"], en=text["en"]) for code, text in raw.items()}


def refusal(code: str, /, **facts: object) -> LocalizedText:
    """Return the text of a code, filled; a fact may be a text in both languages itself."""
    return filled(refusal_texts()[code], facts)
