"""Examples in ``--help``: printed so that a shell takes them as they stand.

Click fills paragraphs, and an example that it breaks in two would run as two commands.
"""

import re
from inspect import cleandoc

import click

BEGIN = "Example: "
WIDTH = 76
# Click leaves a paragraph alone that begins with this character.
_AS_IT_STANDS = "\b\n"
_NEXT_LINE = " \\\n    "


def with_examples(command: click.Command) -> click.Command:
    """Return the command, with the examples of its help and of all below it to be copied."""
    command.help = command.help and _text(command.help)
    command.epilog = command.epilog and _text(command.epilog)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        with_examples(below)
    return command


def _text(text: str) -> str:
    return "\n\n".join(map(_paragraph, re.split(r"\n[ \t]*\n", cleandoc(text))))


def _paragraph(paragraph: str) -> str:
    words = " ".join(paragraph.split())
    return _AS_IT_STANDS + _lines(words) if words.startswith(BEGIN) else paragraph


def _lines(words: str) -> str:
    """Break before options, where the shell's sign for "goes on" does no harm."""
    done, line = "", ""
    for part in re.split(r" (?=--)", words):
        if line and len(line) + len(part) + 3 > WIDTH:
            done, line = done + line + _NEXT_LINE, part
        else:
            line = f"{line} {part}" if line else part
    return done + line
