"""Compiles all loops ahead of the first start: ``python -m risk_service.adapters.live.flat``."""

import tempfile
from pathlib import Path

from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.trips import groups_of
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows

if __name__ == "__main__":
    compiled = compile_windows(load_windows())
    with tempfile.TemporaryDirectory() as scratch:
        file = RecordsFile(Path(scratch))
        records = FlatRecords(compiled, file, 1)
        records.adder(ClusterFeatures(load_windows(), load_clusters()))
        file.close()
    FlatEntities(compiled, groups_of(compiled, ""), 1)
