"""Commands whose help and faults of the command line are told in the language that was chosen.

What makes the Chinese is imported where it is wanted: it takes longer than all of ``risk --help``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import click

from risk_service.cli.chosen import language_of

_ROOM = __package__


class SpokenContext(click.Context):
    """Context of a command whose help is told in the language that was chosen."""

    def get_help(self) -> str:
        """Return the page of ``--help``."""
        return super().get_help() if language_of(self) == "en" else _told("page", "page", self)

    def get_usage(self) -> str:
        """Return the line that tells how the command is called."""
        return super().get_usage() if language_of(self) == "en" else _told("page", "usage", self)


def with_spoken_help(command: click.Command) -> click.Command:
    """Return the command; its help, and that of all below it, is told in either language."""
    command.context_class = SpokenContext
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        with_spoken_help(below)
    return command


@contextmanager
def misuse_told() -> Iterator[None]:
    """End a command that was called wrongly in the language that was chosen."""
    try:
        yield
    except click.UsageError as error:
        # Some show something else, such as help: what they show is spoken already.
        is_plain = type(error).show is click.UsageError.show
        if not is_plain or language_of(error.ctx) == "en":
            raise
        raise import_module(f"{_ROOM}.misuse").Misuse(error) from error


def _told(module: str, function: str, context: click.Context) -> str:
    return str(getattr(import_module(f"{_ROOM}.{module}"), function)(context))
