"""Click's faults of a command line in Chinese.

Click forms its sentences in English before anybody can choose: they are taken apart again by the
forms that it writes them in. A sentence of another form is told as it is.
"""

import re
from functools import cache
from typing import IO, Any

import click

from risk_service.cli.help.texts import HelpWords
from risk_service.cli.language import Phrases

_PLACE = re.compile(r"\\\{(\w+)\\\}")
# What stands there is a sentence or word of click itself.
_NESTED = ("message", "kind")


class MisuseWords(Phrases):
    """Holds the forms of click's sentences."""

    file = "misuse.toml"
    package = __package__


class Misuse(click.UsageError):
    """A fault of the command line that is told in Chinese."""

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(_told(error.format_message()), error.ctx)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print how the command is called, where its help is, and what is wrong."""
        says = HelpWords("zh")
        if self.ctx is not None:
            asked = f"{self.ctx.command_path} --help"
            click.echo(f"{self.ctx.get_usage()}\n{says('try_help', asked)}\n", file, err=True)
        click.echo(says("error", self.message), file, err=True)


def _told(sentence: str) -> str:
    for form, chinese in _forms():
        if found := form.fullmatch(sentence):
            places = found.groupdict()
            nested = {name: _told(places[name]) for name in _NESTED if name in places}
            return chinese.format(**places | nested)
    return sentence


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    pairs = MisuseWords("en").table.values()
    return [
        (re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(english)), re.DOTALL), chinese)
        for english, chinese in pairs
    ]
