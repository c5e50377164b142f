"""The use case ``risk dataset prepare``: a raw data set in, a tokenised warehouse out.

Every row is checked, every identifier becomes a token, and the warehouse appears whole or
not at all. Memory is bounded by batches, plus 16 bytes per order and 8 per row of the
other tables for the checks across rows.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.features.schema import load_schema
from risk_service.identity.keys import IdentityKey
from risk_service.identity.tokenise import Tokeniser
from training.datasets import table_checks, tables, warehouse
from training.datasets.baskets import BasketBatch, baskets
from training.datasets.description import read_description, write_prepared
from training.datasets.known_orders import KnownOrders
from training.datasets.source import Source, find_source, is_there
from training.datasets.staging import appearing_whole, table_writer
from training.datasets.tokenised import tokenised, tokenised_actions
from training.datasets.uniqueness import UniqueIds
from training.progress import Progress, silent

BatchTest = Callable[[Source, int, pa.RecordBatch], None]
MAX_PROCESSES = 2
# Below this, starting a process costs more than it saves.
_ROWS_WORTH_A_PROCESS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a preparation wrote: rows per table, and what they were made with."""

    out: Path
    rows: dict[str, int]
    key_id: str
    schema_version: str


def prepare(
    data: Path,
    key: IdentityKey,
    out: Path,
    progress: Progress = silent,
    processes: int | None = None,
) -> Prepared:
    """Check and tokenise a raw data set.

    Parameters
    ----------
    data
        Directory with ``dataset.toml`` and the six tables, as Parquet or CSV.
    key
        The identity key; serving must use the same.
    out
        Directory to write; must be absent or empty.
    progress
        Called with a stage, rows done and rows in all (0 when unknown).
    processes
        1 or 2; by default 2 when the data set is worth it.

    Raises
    ------
    DataFault
        A file cannot be read or a row is at fault; names file, row and column. Nothing is
        left at ``out``.
    ConfigFault
        ``out`` is not empty, or cannot be written.
    """
    description = read_description(data)
    sources = {table.name: find_source(data, table) for table in tables.ALL}
    sources |= {
        table.name: find_source(data, table) for table in tables.OPTIONAL if is_there(data, table)
    }
    version = load_schema().version
    with appearing_whole(out) as partial:
        run = _Run(sources=sources, partial=partial, progress=progress)
        covers_us = (description.start_us, description.end_us)
        known = run.baskets(key, covers_us, processes or _worth(sources["orders"]))
        run.followers(known)
        tokeniser = Tokeniser(key)
        run.accounts(tokeniser)
        if "actions" in sources:
            run.actions(tokeniser)
        write_prepared(data, partial, key.key_id, version)
    return Prepared(out=out, rows=run.rows, key_id=key.key_id, schema_version=version)


def _worth(orders: Source) -> int:
    if orders.rows is not None and orders.rows < _ROWS_WORTH_A_PROCESS:
        return 1
    return min(MAX_PROCESSES, os.cpu_count() or 1)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One preparation: where it reads and writes, and the rows it wrote."""

    sources: dict[str, Source]
    partial: Path
    progress: Progress
    rows: dict[str, int] = field(default_factory=dict)

    def baskets(self, key: IdentityKey, covers_us: tuple[int, int], processes: int) -> KnownOrders:
        """Write ``orders`` and ``lines`` and return the orders, for the other tables."""
        orders, lines = self.sources["orders"], self.sources["lines"]
        seen = _SeenOrders(ids=UniqueIds(orders, "order_id"))
        with (
            table_writer(self.partial, "orders", warehouse.ORDERS) as order_writer,
            table_writer(self.partial, "lines", tables.LINES.schema) as line_writer,
        ):
            checked = self._noted(baskets(orders, lines, covers_us), seen, line_writer)
            for batch in tokenised(checked, orders, key, processes):
                self._write(order_writer, "orders", batch)
        seen.ids.check()
        return seen.known()

    def followers(self, known: KnownOrders) -> None:
        """Write the tables that are kept as they are."""
        self._copy("events", table_checks.check_events, ("event_id",), (known, "event_at"))
        self._copy("labels", table_checks.check_labels, ("order_id", "abuse"), (known, "known_at"))
        self._copy("campaigns", table_checks.check_campaigns, ("campaign_id",), None)

    def accounts(self, tokeniser: Tokeniser) -> None:
        """Write the accounts under their tokens."""
        source = self.sources["accounts"]
        ids = UniqueIds(source, "account_id")
        with table_writer(self.partial, "accounts", warehouse.ACCOUNTS) as writer:
            for position, batch in source.batches():
                table_checks.check_accounts(source, position, batch)
                ids.add(batch)
                names = [tokeniser.account(name) for name in batch["account_id"].to_pylist()]
                columns = [pa.array(names, pa.string()), batch["registered_at"]]
                prepared = pa.RecordBatch.from_arrays(columns, schema=warehouse.ACCOUNTS)
                self._write(writer, "accounts", prepared)
        ids.check()

    def actions(self, tokeniser: Tokeniser) -> None:
        """Write the promotion actions under tokens."""
        source = self.sources["actions"]
        ids = UniqueIds(source, "action_id")
        with table_writer(self.partial, "actions", warehouse.ACTIONS) as writer:
            for position, batch in source.batches():
                table_checks.check_actions(source, position, batch)
                ids.add(batch)
                rows = tokenised_actions(tokeniser, source, position, batch)
                self._write(writer, "actions", warehouse.action_batch(rows, batch))
        ids.check()

    def _noted(
        self, batches: Iterator[BasketBatch], seen: "_SeenOrders", line_writer: pq.ParquetWriter
    ) -> Iterator[BasketBatch]:
        for batch in batches:
            seen.add(batch.orders)
            self._write(line_writer, "lines", batch.lines)
            yield batch

    def _copy(
        self,
        name: str,
        test: BatchTest,
        key: tuple[str, ...],
        orders: tuple[KnownOrders, str] | None,
    ) -> None:
        source = self.sources[name]
        ids = UniqueIds(source, *key)
        with table_writer(self.partial, name, source.table.schema) as writer:
            for position, batch in source.batches():
                test(source, position, batch)
                if orders is not None:
                    known, time = orders
                    known.check(source, position, batch, time)
                ids.add(batch)
                self._write(writer, name, batch)
        ids.check()

    def _write(self, writer: pq.ParquetWriter, name: str, batch: pa.RecordBatch) -> None:
        writer.write_batch(batch)
        self.rows[name] = self.rows.get(name, 0) + batch.num_rows
        self.progress(name, self.rows[name], self.sources[name].rows or 0)


@dataclass(slots=True, kw_only=True)
class _SeenOrders:
    """Ids and times of the orders so far."""

    ids: UniqueIds
    times: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, orders: pa.RecordBatch) -> None:
        self.ids.add(orders)
        self.times.append(pc.cast(orders["ordered_at"], pa.int64()).to_numpy())

    def known(self) -> KnownOrders:
        times = np.concatenate(self.times) if self.times else np.empty(0, np.int64)
        return KnownOrders(self.ids.all_hashes(), times)
