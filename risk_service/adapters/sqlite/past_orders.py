"""Orders that were placed before the service began: what their later events are counted with.

Written once, by the backfill of a new service; read when an event names an order that this
service has not decided.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.connection import connect, marks, transaction, unavailable
from risk_service.adapters.sqlite.schema import FileKind, migrate
from risk_service.domain.reported import PastOrder
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import DWELL

log = logging.getLogger(__name__)

FILE_NAME = "past_orders.sqlite3"
ROWS_AT_ONCE = 10_000
PAST_ORDERS = FileKind(
    name="file of past orders",
    application_id=0x50524D50,  # "PRMP"
    steps=(
        """
        CREATE TABLE past_orders (
            order_id TEXT PRIMARY KEY, record BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE shape (one INTEGER PRIMARY KEY CHECK (one = 1), names TEXT NOT NULL) STRICT;
        """,
    ),
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PastOrder).decode


def write_past_orders(directory: Path, orders: Iterable[tuple[str, PastOrder]]) -> int:
    """Write the file of a new state directory; return how many orders it holds.

    Raises
    ------
    risk_service.domain.errors.StoreUnavailable
        The disk is full or broken.
    """
    path = directory / FILE_NAME
    with unavailable(), closing(connect(path, "FULL")) as db:
        migrate(db, str(path), PAST_ORDERS)
        with transaction(db):
            db.execute("INSERT INTO shape VALUES (1, ?)", (_shape(),))
            rows = ((order_id, _encode(order)) for order_id, order in orders)
            while some := list(islice(rows, ROWS_AT_ONCE)):
                # The first row of a repeated order is its row, as offline.
                db.executemany("INSERT OR IGNORE INTO past_orders VALUES (?, ?)", some)
        count: int = db.execute("SELECT count(*) FROM past_orders").fetchone()[0]
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


class SqlitePastOrders:
    """Implements ``intake.PastOrders`` over the file, where there is one.

    A file of windows that were declared otherwise is of no use: that is told, and no order known.
    """

    def __init__(self, directory: Path) -> None:
        self._db: sqlite3.Connection | None = None
        path = directory / FILE_NAME
        if not path.is_file():
            return
        with unavailable():
            self._db = connect(path, "FULL")
            migrate(self._db, str(path), PAST_ORDERS)
            row = self._db.execute("SELECT names FROM shape").fetchone()
        if row is None or row[0] != _shape():
            log.error("past_orders_of_other_windows", extra={"file": str(path)})
            self.close()

    def find(self, order_ids: Sequence[str]) -> dict[str, PastOrder]:
        """Return what is known of these orders, absent ones left out."""
        if self._db is None or not order_ids:
            return {}
        query = f"SELECT order_id, record FROM past_orders WHERE order_id IN ({marks(order_ids)})"  # noqa: S608 - question marks only
        with unavailable():
            return {key: _decode(record) for key, record in self._db.execute(query, order_ids)}

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _shape() -> str:
    """Return the names that the parts of a record stand for."""
    windows = load_windows()
    return json.dumps([windows.fields, [name for name in windows.columns if name not in DWELL]])
