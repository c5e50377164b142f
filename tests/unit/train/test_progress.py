"""How far long work is: told once, counted whole, a bar on a terminal and lines in a file."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rich.console import Console

from training.cli import bars as room
from training.cli.bars import LINE_EVERY_S, Bars
from training.progress import Tally, Timer, summed
from training.train.booster import PARAMETERS, Rows, binned, boost

Told = list[tuple[str, int, int]]


class Clock:
    """A clock that stands still until the test moves it."""

    now_s = 100.0

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the bars; nobody looks at it by himself as it is moved."""
    found = Clock()
    monkeypatch.setattr(room, "LOOK_EVERY_S", 3_600.0)
    monkeypatch.setattr(room, "time", found)
    return found


def lines(bars: Bars) -> list[str]:
    """Return what was written so far."""
    file = bars.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


def test_a_file_gets_a_line_as_each_step_begins(clock: Clock) -> None:
    """However often it is told how far a step is; one that lasts says it now and then."""
    with Bars(steps=2, started_s=clock.now_s, console=Console(file=io.StringIO())) as bars:
        bars.report("read", 0, 0)
        for tree in range(1_000):
            bars.report("fit", tree, 4_000)
        assert lines(bars) == ["     0 s  1/2 read", "     0 s  2/2 fit"]
        clock.now_s += LINE_EVERY_S
        bars.report("fit", 1_000, 4_000)
        bars.report("fit", 1_001, 4_000)
        clock.now_s += LINE_EVERY_S
        bars.report("read", 12_345, 0)
    assert lines(bars)[2:] == ["    30 s  2/2 fit: 1,000 of 4,000", "    60 s  1/2 read: 12,345"]


def test_a_step_that_tells_nothing_has_its_lines_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A join or a report cannot say how far it is; the file still shows that it goes on."""
    monkeypatch.setattr(room, "LINE_EVERY_S", 0.02)
    monkeypatch.setattr(room, "LOOK_EVERY_S", 0.01)
    with Bars(console=Console(file=io.StringIO())) as bars:
        bars.report("point-in-time join", 0, 0)
        deadline_s = time.monotonic() + 20
        while len(lines(bars)) < 3 and time.monotonic() < deadline_s:
            time.sleep(0.01)
    told = lines(bars)
    assert len(told) >= 3
    assert {line.partition(" s  ")[2] for line in told} == {"point-in-time join"}
    time.sleep(0.05)
    assert lines(bars) == told


def test_quick_work_writes_no_line(clock: Clock) -> None:
    """Lines are for what takes more than some seconds, whole steps of which went by unseen."""
    with Bars(
        appear_after_s=2.0, started_s=clock.now_s, console=Console(file=io.StringIO())
    ) as bars:
        bars.report("reading", 1, 3)
        assert lines(bars) == []
        clock.now_s += 3
        bars.report("writing", 2, 3)
    assert lines(bars) == ["     3 s  writing"]


@pytest.mark.parametrize(("one_line", "shown"), [(True, ["fit"]), (False, ["read", "fit"])])
def test_a_terminal_gets_bars_and_no_lines(
    monkeypatch: pytest.MonkeyPatch, one_line: bool, shown: list[str]
) -> None:
    """With the count of the running step, and the steps before it if they are to stay."""
    monkeypatch.setenv("TERM", "xterm")  # whatever terminal there is, if any
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30)
    with Bars(one_line=one_line, console=console) as bars:
        bars.report("read", 0, 0)
        bars.report("fit", 240, 600)
        assert [task.description for task in bars.bars.tasks if task.visible] == shown
        assert [(task.completed, task.total) for task in bars.bars.tasks] == [(1, 1), (240, 600)]
        bars.bars.refresh()
    assert "240/600" in str(lines(bars))
    assert " 0 s  " not in str(lines(bars))


def test_threads_count_towards_one_total() -> None:
    """No count is lost, and none is told after a larger one."""
    told: list[tuple[int, int]] = []
    tally = Tally(lambda done, total: told.append((done, total)), 8_000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: [tally(1) for _ in range(1_000)], range(8)))
    assert told == [(done, 8_000) for done in range(8_001)]


def test_parts_beside_each_other_are_one_step() -> None:
    """Orders and lines of a data set are prepared at once."""
    told: Told = []
    report = summed(lambda *one: told.append(one), "prepare")
    for part, done in (("orders", 10), ("lines", 20), ("orders", 50)):
        report(part, done, 100)
    assert told == [("prepare", 10, 100), ("prepare", 30, 200), ("prepare", 70, 200)]


def test_a_step_begins_with_its_first_report() -> None:
    """Seconds are those of the steps, whoever told them."""
    told: Told = []
    timer = Timer(lambda *one: told.append(one))
    timer.report("windows", 0, 3)
    timer.report("windows", 1, 3)
    timer.step("fit")
    timer.tally(2)(2)
    timer.stop()
    assert told == [
        ("windows", 0, 0), ("windows", 0, 3), ("windows", 1, 3),
        ("fit", 0, 0), ("fit", 0, 2), ("fit", 2, 2),
    ]  # fmt: skip
    assert list(timer.seconds) == ["windows", "fit"]


def test_every_tree_is_counted() -> None:
    """A fit takes its whole share of the bar, tree by tree."""
    rng = np.random.default_rng(1)
    matrix, label = rng.normal(size=(600, 3)), (rng.random(600) < 0.3).astype(np.int8)
    fitting = binned(Rows(matrix=matrix, label=label), ("a", "b", "c"), PARAMETERS)
    counted: list[int] = []
    boost(fitting, PARAMETERS, 20, counted.append)
    assert sum(counted) == 20
    assert set(counted[:-1]) == {1}
