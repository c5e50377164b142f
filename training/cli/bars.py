"""Progress bars of the stages of a command, on standard error so that output can be piped."""

import sys
import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


@dataclass(slots=True)
class Bars:
    """One line per stage.

    Parameters
    ----------
    appear_after_s
        Work that is done sooner shows nothing.
    """

    appear_after_s: float = 0.0
    started_s: float = field(default_factory=time.monotonic)
    bars: Progress = field(
        default_factory=lambda: Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=sys.stderr),
        )
    )
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def __enter__(self) -> "Bars":
        """Return itself; nothing is shown yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the lines as they are."""
        if self.tasks:
            self._finish()
            self.bars.stop()

    def report(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is; a total of 0 is not told."""
        if time.monotonic() - self.started_s < self.appear_after_s:
            return
        self.bars.start()
        if stage not in self.tasks:
            self._finish()
            self.tasks[stage] = self.bars.add_task(stage, total=None)
        self.bars.update(self.tasks[stage], completed=done, total=total or None)

    def _finish(self) -> None:
        """Show the stages so far as done, also those that could not tell how far they were."""
        for task in self.tasks.values():
            done = max(self.bars.tasks[task].completed, 1)
            self.bars.update(task, completed=done, total=done)
