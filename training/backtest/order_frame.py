"""Builds history, live features and the point-in-time frame of a prepared data set."""

from collections.abc import Callable
from pathlib import Path

from training.frames.build import build_views
from training.frames.feast_repo import apply_repo
from training.frames.live import build_live
from training.frames.point_in_time import point_in_time
from training.frames.vectors import frame_path


def build_frame(warehouse: Path, tell: Callable[[str, int, int], None]) -> None:
    """Build them in the warehouse, as training does; each file appears whole.

    Parameters
    ----------
    tell
        Called with the name of each step as it begins.
    """
    tell("history", 0, 0)
    build_views(warehouse)
    tell("live features", 0, 0)
    build_live(warehouse)
    apply_repo(warehouse)
    tell("point-in-time join", 0, 0)
    point_in_time(warehouse, warehouse / "orders.parquet", frame_path(warehouse))
