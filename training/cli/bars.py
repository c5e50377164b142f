"""How far the steps of a command are, on standard error so that output can be piped.

A terminal shows bars. A file gets a plain line as each step begins, and while one lasts a
further line now and then, so that whoever looks into it sees what goes on: also of a step that
cannot tell how far it is, such as a join.
"""

import sys
import time
from dataclasses import dataclass, field
from threading import Event, RLock, Thread

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

from training.cli.words import CommandWords

# How often a file gets a line of a step that lasts.
LINE_EVERY_S = 30.0
# How often it is looked whether one is due, of a step that tells nothing by itself.
LOOK_EVERY_S = 3.0
BAR_WIDTH = 24


def _stderr() -> Console:
    return Console(file=sys.stderr)


@dataclass(slots=True)
class Bars:
    """A bar per step, or one bar that shows the step which is running.

    Parameters
    ----------
    appear_after_s
        Work that is done sooner shows nothing.
    one_line
        Whether only the running step is shown.
    steps
        How many steps there will be; 0 is not told.
    lang
        In which language steps are told.
    console
        Of the terminal or file; whoever prints beside the bars prints there.
    """

    appear_after_s: float = 0.0
    one_line: bool = False
    steps: int = 0
    lang: str = "en"
    console: Console = field(default_factory=_stderr)
    started_s: float = field(default_factory=time.monotonic)
    bars: Progress = field(init=False)
    tasks: dict[str, TaskID] = field(default_factory=dict)
    _words: CommandWords = field(init=False)
    _running: str = ""
    _line_s: float = 0.0
    _lock: RLock = field(default_factory=RLock)
    _over: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        """Lay out the columns."""
        self._words = CommandWords(self.lang)
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<24}"),
            BarColumn(BAR_WIDTH),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self._is_terminal,
        )

    def __enter__(self) -> "Bars":
        """Return itself; nothing is shown yet."""
        if not self._is_terminal:
            Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the lines as they are."""
        self._over.set()
        with self._lock:
            if self.tasks:
                self._finish()
                self.bars.stop()

    def report(self, step: str, done: int, total: int) -> None:
        """Show how far a step is; a total of 0 is not told."""
        if time.monotonic() - self.started_s < self.appear_after_s:
            return
        with self._lock:
            self.bars.start()
            is_new = step not in self.tasks
            if step != self._running:
                self._begin(step)
            self.bars.update(self.tasks[step], completed=done, total=total or None)
            if not self._is_terminal:
                self._say(step, is_new, done, total)

    @property
    def _is_terminal(self) -> bool:
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def _begin(self, step: str) -> None:
        self._finish()
        if step not in self.tasks:
            place = f"{len(self.tasks) + 1}/{self.steps} " if self.steps else ""
            named = f"{place}{self._words.step(step)}"
            self.tasks[step] = self.bars.add_task(named, total=None)
        self._running = step
        if self.one_line:
            for name, task in self.tasks.items():
                self.bars.update(task, visible=name == step)

    def _look(self) -> None:
        """Write the lines of steps that tell nothing while they last."""
        while not self._over.wait(LOOK_EVERY_S):
            with self._lock:
                if self._running and not self._over.is_set():
                    task = self.bars.tasks[self.tasks[self._running]]
                    self._say(self._running, False, int(task.completed), int(task.total or 0))

    def _say(self, step: str, is_new: bool, done: int, total: int) -> None:
        """Write a line of a step that begins, or lasts."""
        now_s = time.monotonic()
        if not is_new and now_s - self._line_s < LINE_EVERY_S:
            return
        self._line_s = now_s
        name = self.bars.tasks[self.tasks[step]].description
        told = self._words("done_of", done, total) if total else self._words("done", done)
        counted = "" if is_new or not done else told
        line = f"{now_s - self.started_s:6.0f} s  {name}{counted}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _finish(self) -> None:
        """Show the steps so far as done, also those that could not tell how far they were."""
        for task in self.tasks.values():
            done = max(self.bars.tasks[task].completed, 1)
            self.bars.update(task, completed=done, total=done)
