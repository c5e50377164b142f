"""Work that is broken off, by Ctrl-C or a fault, ends soon and leaves nothing."""

from concurrent.futures import Future
from pathlib import Path
from threading import Event

import pytest

from risk_service.cli.keys import create_keys
from risk_service.domain.errors import ConfigFault
from training.progress import Advance, uncounted
from training.promotion.train import TrainRequest, train
from training.side_by_side import NotNeeded, SideBySide
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate
from training.train.run_file import run_directory

PATIENCE_S = 20


def _endless(advance: Advance, begun: Event) -> None:
    while True:
        advance(1)
        begun.set()


def _broken_off(begun: Event, running: list[Future[None]]) -> None:
    with SideBySide(1) as pool:
        advance = pool.counted(uncounted)
        running += [pool.submit(_endless, advance, begun) for _ in range(2)]
        assert begun.wait(PATIENCE_S)
        raise KeyboardInterrupt


def _begun(path: Path, holds: str) -> None:
    with run_directory(path):
        assert path.is_dir()
        if holds:
            (path / holds).touch()
        raise KeyboardInterrupt


def test_threads_end_when_nobody_waits_for_them() -> None:
    """A fit of minutes stops at its next tree, and what has not begun never does."""
    begun = Event()
    running: list[Future[None]] = []
    with pytest.raises(KeyboardInterrupt):
        _broken_off(begun, running)
    assert isinstance(running[0].exception(PATIENCE_S), NotNeeded)
    assert running[1].cancelled()


def test_threads_that_are_waited_for_finish() -> None:
    """Without an error all work is done when the block is left, and counted."""
    counted: list[int] = []
    with SideBySide(2) as pool:
        advance = pool.counted(counted.append)
        for step in range(8):
            pool.submit(advance, step)
    assert sorted(counted) == list(range(8))


def test_a_run_that_came_to_nothing_leaves_no_directory(tmp_path: Path) -> None:
    """What holds files stays, and so does a directory that was there before."""
    new, old, begun = tmp_path / "a" / "run", tmp_path / "old", tmp_path / "begun"
    old.mkdir()
    for path, holds in ((new, ""), (old, ""), (begun, "model.txt")):
        with pytest.raises(KeyboardInterrupt):
            _begun(path, holds)
    assert not new.exists()
    assert old.is_dir()
    assert (begun / "model.txt").exists()


def test_short_world_is_refused_before_any_work(tmp_path: Path) -> None:
    """Sixty days cannot hold four refund slices; the error says how many would."""
    create_keys(tmp_path / "keys")
    simulate(WorldSettings(seed=4, days=60, orders=2_000), tmp_path / "world")
    request = TrainRequest(
        data=tmp_path / "world",
        out=tmp_path / "run",
        keys=tmp_path / "keys",
        warehouse=tmp_path / "warehouse",
    )
    with pytest.raises(ConfigFault, match=r"needs at least \d+ "):
        train(request)
    assert not (tmp_path / "warehouse").exists()
