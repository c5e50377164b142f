"""In which language a command speaks: ``--lang``, or ``RISK_LANG`` for all commands."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from risk_service.cli.output import refused
from risk_service.domain.errors import RiskError

LANGUAGES = ("en", "zh")
Command = Callable[..., None]


def spoken(command: Command) -> Command:
    """Give a command the option ``lang``; errors of ours end it in that language."""
    option = click.option(
        "--lang",
        envvar="RISK_LANG",
        type=click.Choice(LANGUAGES),
        default="en",
        show_default=True,
        help="Language of the text; RISK_LANG sets it for all commands.",
    )

    @wraps(command)
    def run(*arguments: Any, lang: str, **values: Any) -> None:
        with told_in(lang):
            command(*arguments, lang=lang, **values)

    return option(run)


@contextmanager
def told_in(lang: str) -> Iterator[None]:
    """End the command in Chinese where an error of ours has Chinese words."""
    try:
        yield
    except RiskError as error:
        if lang != "zh" or not error.zh:
            raise
        raise refused(error.zh) from error


class Phrases:
    """Says things in one language.

    Parameters
    ----------
    table
        By key, English and Chinese, with places that are filled in order.
    """

    def __init__(self, language: str, table: Mapping[str, tuple[str, str]]) -> None:
        self.language = language
        self._place = LANGUAGES.index(language)
        self._table = table

    def __call__(self, key: str, *values: object) -> str:
        """Return the words, filled."""
        return self._table[key][self._place].format(*values)
