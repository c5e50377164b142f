"""What a service that shares its windows in Redis is refused at the start."""

import random
from pathlib import Path
from typing import cast

import pytest

from risk_service.adapters.shared.opening import SharedIn
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.domain.errors import ConfigFault
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.window_replay import random_windows

NOT_ASKED = cast("LogTail", None)


def test_windows_since_ever_are_refused(tmp_path: Path) -> None:
    """What Redis has lost counts again from 90 days of the log: ever would be too little."""
    compiled = compile_windows(random_windows(random.Random(1)))
    ever = [one.name for one in compiled.window_set.features if one.window == "ever"]
    with pytest.raises(ConfigFault, match=f"feature {ever[0]}: the window ever"):
        SharedIn([("127.0.0.1", 1)])(tmp_path, compiled, NOT_ASKED)
    assert not [*tmp_path.iterdir()]
