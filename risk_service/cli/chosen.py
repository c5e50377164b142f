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
