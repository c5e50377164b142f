"""What people read of faults of the offline half, in both languages: the files beside this one."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from risk_service.domain.counts import Count
from risk_service.domain.text import LocalizedText, filled

FILES = ("backtest.toml", "data.toml", "importing.toml", "simulate.toml", "training.toml")
NOTHING = LocalizedText(en="", zh="")


class WrongValue(ValueError):
    """A value that a file may not hold, told in both languages; validators raise it."""

    def __init__(self, text: LocalizedText) -> None:
        super().__init__(text.en)
        self.text = text

    @classmethod
    def of(cls, code: str, /, **facts: object) -> "WrongValue":
        """Return the error that has the text of a code."""
        return cls(fault(code, **facts))


@cache
def texts_of(file: str) -> Mapping[str, LocalizedText]:
    """Return every text of a file by its code, with its places."""
    raw = tomllib.loads(files(__package__).joinpath(file).read_text("utf-8"))
    return {code: LocalizedText(zh=text["zh"], en=text["en"]) for code, text in raw.items()}


def fault(code: str, /, **facts: object) -> LocalizedText:
    """Return the text of a code, filled; a fact may be a text in both languages itself."""
    told = {name: Count(fact) if type(fact) is int else fact for name, fact in facts.items()}
    return filled(_texts()[code], told)


def as_it_is(words: object) -> LocalizedText:
    """Return words that have no other language, or those of a value that brings both."""
    if isinstance(words, WrongValue):
        return words.text
    return LocalizedText(zh=str(words), en=str(words))


def in_lines(texts: Iterable[LocalizedText]) -> LocalizedText:
    """Return texts on a line each, all but the first further right."""
    found = tuple(texts)
    return LocalizedText(
        zh="\n  ".join(text.zh for text in found), en="\n  ".join(text.en for text in found)
    )


@cache
def _texts() -> Mapping[str, LocalizedText]:
    return {code: text for file in FILES for code, text in texts_of(file).items()}
