"""Connections of the offline half."""

from pathlib import Path

from training.frames.duck import connect


def test_a_connection_writes_no_bar_and_counts_time_in_utc(tmp_path: Path) -> None:
    """What a command prints can be piped, and no file depends on the machine's zone."""
    asked = "SELECT current_setting('enable_progress_bar'), current_setting('TimeZone')"
    with connect(tmp_path) as connection:
        assert connection.execute(asked).fetchone() == (False, "UTC")
    assert not list(tmp_path.iterdir())
