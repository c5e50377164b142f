"""A service that is killed while it brings its windows to the end of the log."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from risk_service.adapters.embedded import open_state
from risk_service.adapters.live import recovery
from risk_service.adapters.live.records_file import Reached, RecordsFile, Row
from risk_service.adapters.sqlite.tail import Place
from tests.fixtures import live_shop
from tests.fixtures.live_shop import LiveShop

GROUP = 16
KILLED_AT = 3


def test_killed_replay_goes_on_where_it_had_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each start would read the same tail again; and nothing of it counts twice."""
    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(30)
    written: list[Reached] = []
    write, killed = RecordsFile.write, tmp_path / "killed"

    def noted(file: RecordsFile, rows: Sequence[Row], reached: Reached, *rest: object) -> None:
        write(file, rows, reached, *rest)  # type: ignore[arg-type]  # passed on as it is
        written.append(reached)
        if len(written) == KILLED_AT:
            shutil.copytree(shop.directory, killed)

    with monkeypatch.context() as small:
        small.setattr(recovery, "REPLAY_GROUP", GROUP)
        small.setattr(RecordsFile, "write", noted)
        small.setattr(live_shop, "open_state", partial(open_state, records_max=20))
        shop.crash(tmp_path / "crashed")
    whole = shop.state.windows.replayed
    shop.state.close()
    shop.directory = killed
    shop.open()
    assert not shop.state.windows.rebuilt
    reached = Place(written[KILLED_AT - 1].seq, written[KILLED_AT - 1].event_us)
    left = len(list(shop.tail().after(reached)))
    assert shop.state.windows.replayed == left <= whole - 2 * GROUP
    assert shop.check()
    shop.state.close()
