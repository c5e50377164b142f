"""Compiles all loops ahead of the first start: ``python -m risk_service.adapters.live.flat``."""

import tempfile
from pathlib import Path

from risk_service.adapters.live.flat.looking import FlatLook
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.rebuild import Rebuild
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.trips import groups_of
from risk_service.adapters.sqlite.tail import Logged
from risk_service.domain.event import Event
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows

if __name__ == "__main__":
    windows = load_windows()
    compiled = compile_windows(windows)
    with tempfile.TemporaryDirectory() as scratch:
        file = RecordsFile(Path(scratch))
        records = FlatRecords(compiled, file, 1)
        records.adder(ClusterFeatures(windows, load_clusters()))
        FlatLook(load_clusters().rules)
        # And what makes all records anew: one event is enough to call it.
        fields, columns = ("-",) * len(windows.fields), (0,) * len(windows.columns)
        event = Event("", 0, 1, fields, columns)
        Rebuild(Path(scratch), compiled, records).fill(file, [Logged(1, 1, event)], 1)
        file.close()
    FlatEntities(compiled, groups_of(compiled, ""), 1)
