"""Where commands print their tables, and texts of others in them."""

import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from risk_service.domain.shown import shown

PIPED_WIDTH = 150


def tables_out(piped_width: int = PIPED_WIDTH) -> Console:
    """Return the terminal, or a file wide enough that no name in a table is cut short.

    Parameters
    ----------
    piped_width
        Characters of a line where there is no terminal to fit.
    """
    return Console() if sys.stdout.isatty() else Console(width=piped_width)


def plain_text(text: str) -> str:
    """Return a text of another, with nothing that rich or the terminal would act upon."""
    return escape(shown(text))


def folding(*heads: str, title: str | None = None) -> Table:
    """Return a table whose names go on in the next line where a terminal is narrow."""
    columns = [Column(head, overflow="fold") for head in heads]
    return Table(*columns, title=title, title_justify="left")
