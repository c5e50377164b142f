"""What commands print: nothing of it acts upon a terminal, whoever wrote it.

Names, reasons and sources of rules are others' words. Text with colours of ours is made of parts
that were looked at before, see ``explain``.
"""

import codecs
import json
import sys
from io import TextIOWrapper
from typing import IO, Any

import click

from risk_service.domain.shown import shown, shown_json
from risk_service.domain.text import LocalizedText


def escape_what_cannot_be_written() -> None:
    """Let output in another encoding than UTF-8 escape what that has no character for.

    Else the last line of minutes of work, such as a name in a table, would end it in a traceback.
    The escapes are JSON's, so that what a program reads stays JSON.
    """
    codecs.register_error("json_escapes", _json_escapes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="json_escapes")


def _json_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def tell(text: str, *, err: bool = False) -> None:
    """Print lines for people."""
    click.echo(shown(text), err=err)


class Refused(click.ClickException):
    """Ends a command; says that it is an error in the language of the command."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the words on standard error."""
        context = self._context
        if context is None or context.params.get("lang") != "zh":
            super().show(file)
        else:
            click.echo(f"错误：{self.format_message()}", file=file, err=file is None)

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._context = click.get_current_context(silent=True)


def refused(text: str) -> click.ClickException:
    """Return the error that ends a command with these words."""
    return Refused(shown(text))


def misused(text: LocalizedText, option: str = "") -> click.UsageError:
    """Return the error of options that do not fit, in the language of the command.

    Parameters
    ----------
    option
        The one whose value is at fault, where it is only one.
    """
    context = click.get_current_context(silent=True)
    lang = "en" if context is None else str(context.params.get("lang"))
    told = shown(text.of(lang))
    return click.BadParameter(told, param_hint=option) if option else click.UsageError(told)


def json_text(data: object, indent: int | None = 2) -> str:
    """Return data as JSON whose texts mean the same and show every character."""
    return shown_json(json.dumps(data, ensure_ascii=False, indent=indent))


def print_json(data: object) -> None:
    """Print data as JSON."""
    click.echo(json_text(data))
