"""Who has the core while orders wait: ``python -m tests.bench.waits --rate 800``.

The load of ``tests.bench.tail``, with the kernel's record of who ran when on the server's core
(``perf``, as root). Prints for how long the thread that decides was due and did not run, by the
thread or the program that ran in its place: what a p99 owes to housekeeping, to other programs
on the machine, and to nobody.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.processes import cores
from tests.bench.tail import load_of, measured, print_latency

DECIDES = "MainThread"
LONG_MS = (1.0, 3.0, 6.0)
ROWS = 12
EVENTS = "sched:sched_switch,sched:sched_wakeup"
_LINE = re.compile(r"\s*\[(?P<core>\d+)\]\s+(?P<at>[\d.]+):\s+sched:(?P<event>\w+):\s+(?P<told>.*)")
_SWITCH = re.compile(
    r"prev_comm=.* prev_pid=(?P<before>\d+) prev_prio=\d+ prev_state=(?P<state>\S+) "
    r"==> next_comm=(?P<name>.*) next_pid=(?P<after>\d+)"
)
_WAKEUP = re.compile(r"comm=.* pid=(?P<thread>\d+)")


@dataclass
class Waits:
    """Milliseconds that one thread was due and did not run, by who ran."""

    thread: int
    names: dict[int, str]
    by_name: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _running: str = "?"
    _since_s: float | None = None
    _runs: bool = False
    _now: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def switch(self, at_s: float, told: re.Match[str]) -> None:
        """Take note that the core goes to another thread."""
        self._pass(at_s)
        if int(told["before"]) == self.thread:
            # R: it would have gone on, another was put in its place.
            self._since_s = at_s if told["state"].startswith("R") else None
        after = int(told["after"])
        self._runs = after == self.thread
        if self._runs:
            for name, waited_ms in self._now.items():
                self.by_name[name].append(waited_ms)
            self._now.clear()
            self._since_s = None
        self._running = self.names.get(after, f"not of Python: {told['name']}")

    def wakeup(self, at_s: float, told: re.Match[str]) -> None:
        """Take note that a thread is due."""
        if int(told["thread"]) == self.thread and not self._runs and self._since_s is None:
            self._since_s = at_s

    def _pass(self, at_s: float) -> None:
        if self._since_s is not None and not self._runs:
            self._now[self._running] += (at_s - self._since_s) * 1_000
            self._since_s = at_s


@contextmanager
def recorded(file: Path, core: int) -> Iterator[None]:
    """Record who runs on which core."""
    if shutil.which("perf") is None:
        raise SystemExit("perf is not installed: it comes with the Debian package linux-perf")
    command = ["perf", "record", "-q", "-k", "CLOCK_MONOTONIC", "-e", EVENTS, "-a", "-o", str(file)]
    with subprocess.Popen([*command], stderr=subprocess.PIPE, text=True) as perf:
        try:
            yield
        finally:
            perf.send_signal(signal.SIGINT)
            _, said = perf.communicate()
    if not file.exists() or not file.stat().st_size:
        raise SystemExit(f"perf recorded nothing of core {core}: {said.strip()}")


def lines_of(file: Path) -> Iterable[str]:
    """Return what perf recorded, a line per event."""
    command = ["perf", "script", "-i", str(file), "-F", "cpu,time,event,trace"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def waits_of(lines: Iterable[str], core: int, names: dict[int, str]) -> Waits:
    """Return how long the thread that decides waited, and for whom."""
    (thread,) = [number for number, name in names.items() if name == DECIDES]
    waits = Waits(thread, names)
    for line in lines:
        event = _LINE.match(line)
        if event is None:
            continue
        if event["event"] == "sched_switch" and int(event["core"]) == core:
            if told := _SWITCH.match(event["told"]):
                waits.switch(float(event["at"]), told)
        elif event["event"] == "sched_wakeup" and (told := _WAKEUP.match(event["told"])):
            waits.wakeup(float(event["at"]), told)
    return waits


def print_waits(waits: Waits, seconds: float) -> None:
    """Print them, the longest sum first; the few milliseconds of the rest are left out."""
    longer = " | ".join(f"over {limit:g} ms" for limit in LONG_MS)
    _say(f"\n| the core had | ms a second | times | {longer} | longest ms |")
    _say("|---|" + "---:|" * (len(LONG_MS) + 3))
    longest_first = sorted(waits.by_name.items(), key=lambda one: -sum(one[1]))
    for name, times in longest_first[:ROWS]:
        counts = " | ".join(str(sum(each > limit for each in times)) for limit in LONG_MS)
        _say(
            f"| {name} | {sum(times) / seconds:.1f} | {len(times)} | {counts} | {max(times):.1f} |"
        )


def _main() -> None:
    load, core = load_of(sys.argv[1:], __doc__), cores().server
    if os.geteuid():
        raise SystemExit("only root may record what the kernel schedules")
    with tempfile.TemporaryDirectory(prefix="promoguard-waits-") as scratch:
        file = Path(scratch) / "perf.data"
        told, trace = measured(load, recorded(file, core))
        names: dict[str, Any] = trace["threads"]
        found = waits_of(lines_of(file), core, {int(one): name for one, name in names.items()})
    print_latency(load, told)
    print_waits(found, load.seconds)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # the command's output


if __name__ == "__main__":
    _main()
