"""The Chinese texts of one command, from its file."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import click

from risk_service.cli.language import Phrases

ROOT = "risk"
# Tables of texts that several commands share, and of what the list of all commands says.
SHARED, SUMMARIES = "shared", "summaries"
Tables = Mapping[str, Mapping[str, list[str]]]


class HelpWords(Phrases):
    """Says click's own words: headings, ``[default: ...]``."""

    file = "words.toml"
    package = __package__


class HelpTexts:
    """Says in Chinese what a command's help says; what has no Chinese text as it is.

    Parameters
    ----------
    context
        Of the command.
    """

    def __init__(self, context: click.Context) -> None:
        self.path = " ".join(_names(context))
        self._root = tables(__package__, ROOT)
        self._own = _tables_of(context)

    def text(self, key: str, english: str) -> str:
        """Return the text of a parameter, or of the command itself by the key ``help``."""
        return self._found(self.path, key, english)

    def below(self, command: click.Command, english: str) -> str:
        """Return the help of a command that stands below this one."""
        return self._found(f"{self.path} {command.name}", "help", english)

    def summary(self, name: str, english: str) -> str:
        """Return what the list of all commands says of one."""
        return self._root[SUMMARIES].get(name, [english, english])[1]

    def _found(self, path: str, key: str, english: str) -> str:
        own = self._own.get(path, {}).get(key)
        if own is not None:
            return own[1]
        # One name may stand for different things: a shared text is that of equal English.
        shared = (each.get(SHARED, {}).get(key) for each in (self._own, self._root))
        return next((zh for pair in shared if pair for en, zh in [pair] if en == english), english)


@cache
def tables(package: str, name: str) -> Tables:
    """Return the texts of a command of ``risk``; none where it has no file."""
    file = files(package).joinpath(f"{name}.toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


def _tables_of(context: click.Context) -> Tables:
    """Return the texts that lie beside the command, whichever package it comes from."""
    names = _names(context)
    if len(names) == 1:
        return tables(__package__, ROOT)
    module = getattr(context.command.callback, "__module__", __name__)
    return tables(f"{module.rpartition('.')[0]}.help", names[1])


def _names(context: click.Context) -> list[str]:
    return [str(each.command.name) for each in reversed(list(_upwards(context)))]


def _upwards(context: click.Context | None) -> Iterator[click.Context]:
    while context is not None:
        yield context
        context = context.parent
