"""Compiles all loops ahead of the first start: ``python -m risk_service.adapters.live.flat``."""

import tempfile
from pathlib import Path

from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        file = RecordsFile(Path(scratch))
        FlatRecords(compile_windows(load_windows()), file, 1)
        file.close()
