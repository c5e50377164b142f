"""How far a command has read tables, once it takes longer than two seconds."""

import sys
import time
from types import TracebackType

import click

from risk_service.cli.language import Phrases

FIRST_AFTER_S, EVERY_S = 2.0, 2.0


class Progress:
    """Tells on standard error what is read: one line on a terminal, a line each elsewhere."""

    def __init__(self, say: Phrases) -> None:
        self._say = say
        self._due_s = time.monotonic() + FIRST_AFTER_S
        self._open = False

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def tell(self, table: str, done: int, whole: int) -> None:
        """Be told; say so when it is time."""
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + EVERY_S
        line = self._say("reading", self._say.named("table", table), done * 100 // max(whole, 1))
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{line}", err=True, nl=False)
            self._open = True
        else:
            click.echo(line, err=True)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Wipe the line."""
        if self._open:
            click.echo("\r\x1b[K", err=True, nl=False)
