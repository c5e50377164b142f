"""Compiles all loops ahead of the first start: ``python -m risk_service.adapters.live.flat``."""

import tempfile
from pathlib import Path

from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.rebuild import Rebuild
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.sqlite.tail import Logged
from risk_service.domain.event import Event
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        windows = load_windows()
        compiled, file = compile_windows(windows), RecordsFile(Path(scratch))
        # Its records call what a start calls; one event more, what makes all records anew.
        rebuild = Rebuild(Path(scratch), compiled, FlatRecords(compiled, file, 1))
        fields, columns = ("-",) * len(windows.fields), (0,) * len(windows.columns)
        rebuild.fill(file, [Logged(1, 1, Event("", 0, 1, fields, columns))], 1)
        file.close()
