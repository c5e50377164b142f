"""Tells reservation ids that the ledger certainly has not, without reading it.

Nearly every order is new, and to find that its reservation is not there took as much of a group
of one as to write it. What is written is added here first; what the file had before is learned
in slices by a thread of its own, and until it has all, every id may be there.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

from msgspec.json import decode

from risk_service.adapters.background import give_way, trying
from risk_service.adapters.sqlite.connection import connect
from risk_service.adapters.sqlite.key_filter import KeyFilter

LEARNED_AT_ONCE = 4096
# Most of the time is for orders.
PAUSE_S = 0.002

# All of a slice as one value: a row at a time would hand the interpreter over for each.
_SLICE = (
    "SELECT json_group_array(reservation_id) FROM (SELECT reservation_id FROM reservations "
    "WHERE reservation_id > ? ORDER BY reservation_id LIMIT ?)"
)


class KnownReservations:
    """The ids of all reservations, with some more.

    Parameters
    ----------
    log_file
        The file of the decision log, to which nobody adds reservations but through ``add``.

    Attributes
    ----------
    has_learned
        Whether all that the file had is known; set once.
    """

    def __init__(self, log_file: Path) -> None:
        self._file = log_file
        self._filter = KeyFilter()
        self.has_learned = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reservations", daemon=True)
        self._thread.start()

    def add(self, reservation_ids: Sequence[str]) -> None:
        """Take ids that are about to be written."""
        self._filter.add_few(reservation_ids)

    def possible(self, reservation_ids: Sequence[str]) -> Sequence[str]:
        """Return the ids that may be there; the others are not."""
        return self._filter.known(reservation_ids) if self.has_learned else reservation_ids

    def close(self) -> None:
        """Stop learning."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        give_way(self._stop)
        # Where it fails, every id may be there until the next start.
        with trying("reservations_not_learned"):
            self._learn()

    def _learn(self) -> None:
        db = connect(self._file, "FULL")
        try:
            last = ""
            while not self._stop.wait(PAUSE_S):
                packed: str = db.execute(_SLICE, (last, LEARNED_AT_ONCE)).fetchone()[0]
                keys = decode(packed, type=list[str])
                if not keys:
                    self.has_learned = True
                    return
                self._filter.add(keys)
                last = keys[-1]
        finally:
            db.close()
