"""Where commands print their tables."""

import sys

from rich.console import Console

PIPED_WIDTH = 150


def tables_out(piped_width: int = PIPED_WIDTH) -> Console:
    """Return the terminal, or a file wide enough that no name in a table is cut short.

    Parameters
    ----------
    piped_width
        Characters of a line where there is no terminal to fit.
    """
    return Console() if sys.stdout.isatty() else Console(width=piped_width)
