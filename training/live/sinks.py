"""Where the records of a backfill go, and who is told how many have gone."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from risk_service.adapters.live.rebuild import Sink
from risk_service.adapters.live.records_file import RecordKey, RecordsFile, Row
from risk_service.adapters.redis.history import Existing, RedisHistory
from risk_service.features.windows.plan import CompiledWindows
from training.progress import Progress

# Called with what is being done, how many are done, and how many there are; 0 where nobody knows.
NO_FILE = "windows.none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Windows in Redis: where they go, and what to do about those that are there.

    Parameters
    ----------
    open_history
        Opens Redis for the windows of a declaration.
    """

    open_history: Callable[[CompiledWindows], RedisHistory]
    existing: Existing = Existing.REFUSE


class Counted:
    """Implements ``rebuild.Sink``: tells how many records have gone on."""

    def __init__(self, sink: Sink, progress: Progress) -> None:
        self.by_name = sink.by_name
        self.records = 0
        self._sink = sink
        self._progress = progress

    def fill(self, rows: Sequence[Row], names: Mapping[bytes, RecordKey]) -> None:
        """Add records."""
        self._sink.fill(rows, names)
        self.records += len(rows)
        self._progress("records", self.records, 0)


@contextmanager
def no_file(state: Path) -> Iterator[RecordsFile]:
    """Give what makes records a file that nothing is written to."""
    directory = state / NO_FILE
    shutil.rmtree(directory, ignore_errors=True)  # one that was killed leaves its own
    directory.mkdir()
    file = RecordsFile(directory)
    try:
        yield file
    finally:
        file.close()
        shutil.rmtree(directory)
