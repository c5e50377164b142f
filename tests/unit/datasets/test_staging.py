"""A directory that appears whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

from training.datasets.staging import appearing_whole


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """That of a process that runs stays, and so does what only looks alike."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()
    abandoned = tmp_path / f".out.partial-{ended.pid}"
    kept = [tmp_path / f".out.partial-{os.getppid()}", tmp_path / f".out2.partial-{ended.pid}",
            tmp_path / ".out.partial-mine"]  # fmt: skip
    for directory in (abandoned, *kept):
        directory.mkdir()
        (directory / "events.parquet").write_bytes(b"half")
    with appearing_whole(tmp_path / "out") as partial:
        (partial / "events.parquet").write_bytes(b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "out"])
