"""Live features of past orders: windows and clusters as each order would have read them.

One row per attempt, keyed by event id and stamped with the order's own time, which is how
Feast's offline-only views of them join. The offline kernels and the online records give the
same numbers to the last digit (tests/parity).
"""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from risk_service.features.schema import ViewSpec, load_schema
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.terms import WindowSet
from training.clusters.build import build_clusters
from training.frames.duck import connect, literal
from training.progress import Progress, silent
from training.windows.build import build_windows, groups_done
from training.windows.log import EventLog
from training.windows.warehouse_log import log_of_warehouse

Maker = Callable[[EventLog, WindowSet, Path, Progress], Path]


def live_path(warehouse: Path, view: ViewSpec) -> Path:
    """Return where the values of an event view lie."""
    return warehouse / "features" / f"{view.name}.parquet"


def build_live(warehouse: Path, progress: Progress = silent) -> dict[str, Path]:
    """Compute windows and clusters for every order of a warehouse.

    Parameters
    ----------
    progress
        Called with the name of what is made, and what is done of how much of it.

    Returns
    -------
    The file of each event view, by name. A file is replaced only when it is complete.

    Raises
    ------
    DataFault
        A file of the warehouse is absent or has other columns.
    """
    progress("event log", 0, 0)
    log = log_of_warehouse(warehouse)
    declared = load_windows()
    paths = {}
    for view in load_schema().event_views:
        progress(view.name, 0, 0)
        paths[view.name] = live_path(warehouse, view)
        paths[view.name].parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=paths[view.name].parent, prefix=".live-") as folder:
            made = MAKERS[view.name](log, declared, Path(folder) / "values.parquet", progress)
            stamped = _stamped(warehouse, made, Path(folder))
            os.replace(stamped, paths[view.name])
    return paths


def _windows(log: EventLog, declared: WindowSet, out: Path, progress: Progress) -> Path:
    return build_windows(
        log, declared, out, progress=groups_done(declared, progress, "event_windows")
    )


def _clusters(log: EventLog, declared: WindowSet, out: Path, progress: Progress) -> Path:
    return build_clusters(
        log, declared, out, done=lambda done, total: progress("event_clusters", done, total)
    )


MAKERS: dict[str, Maker] = {"event_windows": _windows, "event_clusters": _clusters}


def _stamped(warehouse: Path, values: Path, folder: Path) -> Path:
    """Add the times that Feast joins by."""
    out = folder / "stamped.parquet"
    orders = literal(warehouse / "orders.parquet")
    with connect(folder) as duck:
        duck.execute(
            f"COPY (SELECT v.*, o.ordered_at AS event_timestamp, o.ordered_at AS created_at "  # noqa: S608 (own names)
            f"FROM read_parquet({literal(values)}) v "
            f"JOIN read_parquet({orders}) o ON o.order_id = v.event_id) "
            f"TO {literal(out)} (FORMAT parquet, COMPRESSION zstd)"
        )
    return out
