"""In which language a command speaks: ``--lang``, or ``RISK_LANG`` for all commands."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, wraps
from importlib.resources import files
from typing import Any, ClassVar

import click

from risk_service.cli.chosen import LANGUAGES, VARIABLE
from risk_service.cli.output import refused
from risk_service.domain.counts import Count
from risk_service.domain.errors import RiskError

Command = Callable[..., None]


def spoken(command: Command) -> Command:
    """Give a command the option ``lang``; errors of ours end it in that language."""
    option = click.option(
        "--lang",
        envvar=VARIABLE,
        # Read before ``--help``, which then speaks it, and before what else may be wrong.
        is_eager=True,
        type=click.Choice(LANGUAGES),
        default="en",
        show_default=True,
        help="Language of the output; RISK_LANG sets it for all commands.",
    )

    @wraps(command)
    def run(*arguments: Any, lang: str, **values: Any) -> None:
        with told_in(lang):
            command(*arguments, lang=lang, **values)

    return option(run)


@contextmanager
def told_in(lang: str) -> Iterator[None]:
    """End the command in Chinese where an error of ours, or of a file, has Chinese words."""
    try:
        yield
    except RiskError as error:
        if lang != "zh" or not error.zh:
            raise
        raise refused(error.zh) from error
    except OSError as error:
        # The words of the system are its own; see ``main`` for English.
        if lang != "zh" or error.filename is None:
            raise
        raise refused(f"{error.filename}：{error.strerror}") from error


@cache
def _table(package: str, file: str) -> Mapping[str, list[str]]:
    return tomllib.loads(files(package).joinpath(file).read_text("utf-8"))


class Phrases:
    """Says things in one language, in the words of a file.

    Attributes
    ----------
    file
        By key, English and Chinese, with places that are filled in order.
    package
        Where the file lies.
    """

    file: ClassVar[str]
    package: ClassVar[str] = __package__

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = LANGUAGES.index(language)
        self.table = _table(self.package, self.file)

    def __call__(self, key: str, *values: object) -> str:
        """Return the words, filled; of a number they may tell one or several, see ``Count``."""
        told = (Count(value) if type(value) is int else value for value in values)
        return self.table[key][self._place].format(*told)

    def named(self, kind: str, name: str) -> str:
        """Return the word for a name of some kind; a name without one as it is."""
        key = f"{kind}_{name}"
        return self(key) if key in self.table else name
