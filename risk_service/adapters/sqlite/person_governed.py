"""What the governance file holds about a person: entries of lists, counters changed by hand."""

from collections.abc import Callable, Iterator, Sequence

from risk_service.adapters.sqlite.adjustments import adjustments_about
from risk_service.adapters.sqlite.governance_read import ReadGovernance
from risk_service.adapters.sqlite.list_reader import ListReader
from risk_service.domain.governed import Adjustment, ListedEntry
from risk_service.domain.person import Identifier


class SqliteGovernedRows:
    """Implements ``decisions.person.stores.GovernedRows``."""

    def __init__(self, file: ReadGovernance, now_us: Callable[[], int]) -> None:
        self._file = file
        self._lists = ListReader(file, now_us)

    def entries(self, one: Identifier) -> Iterator[ListedEntry]:
        """Yield entries of lists, those that ended or were taken out too."""
        for entry in self._lists.find(one.kind, one.token, every=True):
            # Entries are found by the digest alone; made with another key they are of others.
            if entry.text == one.token:
                yield entry

    def adjustments(self, tokens: Sequence[str]) -> Iterator[Adjustment]:
        """Yield changes of counters by hand."""
        yield from adjustments_about(self._file.db, tokens)
