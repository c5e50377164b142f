"""Which language was chosen, known before any option is read; imports nothing of ours."""

import os

import click

LANGUAGES = ("en", "zh")
VARIABLE = "RISK_LANG"


def language_of(context: click.Context | None) -> str:
    """Return the language that a command was asked for, else that of all commands.

    Help and faults of the command line need it where no option was read, or where there is none.
    """
    asked = (context.params.get("lang") if context else None) or os.environ.get(VARIABLE)
    return asked if asked in LANGUAGES else LANGUAGES[0]


def speak(_context: click.Context, _option: click.Parameter, language: str | None) -> None:
    """Let this process speak a language that was asked for before the name of the command."""
    if language is not None:
        # Where every command looks, and what says of a fault that no command was found.
        os.environ[VARIABLE] = language
