"""Columns of a prepared promotion data set: model inputs and facts, as live rules see them.

Model inputs are formed by the one vector builder from the orders and their point-in-time
frame, in batches; only those that a rule reads are kept. What a vector hides behind a default
is missing again, as ``risk_service.rules.order_values`` makes it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.features.schema import Feature, load_schema
from risk_service.features.vector import VectorBuilder
from risk_service.rules.values import MISSING as NOT_KNOWN
from training.backtest.columns import MISSING, Numbers, Texts
from training.backtest.readable import readable
from training.backtest.sweep import RowColumn
from training.datasets.warehouse import FACTS, fact_column
from training.words import fault

Floats = NDArray[np.float64]
BATCH_ROWS = 16_384
ORDERS = "orders.parquet"
FRAME = Path("features") / "frame.parquet"
# Every order of the past is its first attempt, without a challenge. What else only the live
# service knows, such as scores and grey lists, is missing.
ATTEMPT, PASSED = "attempt_number", "challenge_passed"
# Column that is empty when an order lacks an entity; an entity not named here is never lacking.
LACKABLE = {
    "device": "device",
    "payment": "payment",
    "ip": "ip",
    "ip_block": "ip_block",
    "address": "address",
    "building": "address_building",
    "phone": "phone",
    "real_name": "real_name",
    "campaign": "campaign_id",
}
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of texts; empty ones are known to be empty, null is not known."""

    values: pa.ChunkedArray

    def part(self, start: int, stop: int) -> list[list[str] | float]:
        """Return some of them; NaN where missing, as rules read it."""
        found = self.values.slice(start, stop - start).to_pylist()
        return [NOT_KNOWN if one is None else one for one in found]


@dataclass(frozen=True, slots=True)
class Flags:
    """Yes or no; the same for every order."""

    value: bool

    def part(self, start: int, stop: int) -> list[bool]:
        """Return some of them."""
        return [self.value] * (stop - start)


@dataclass(kw_only=True)
class OrderColumns:
    """Columns of a warehouse, in its order, which is that of time."""

    directory: Path

    @cached_property
    def at_us(self) -> NDArray[np.int64]:
        """When each order was placed."""
        return np.asarray(self._read("ordered_at").cast(pa.int64()).to_numpy(), dtype=np.int64)

    @cached_property
    def ids(self) -> pa.Array:
        """Id of each order."""
        return self._read("order_id").combine_chunks()

    def numbers(self, column: str) -> Floats:
        """Return a column of numbers."""
        return np.asarray(self._read(column).cast(pa.float64()).to_numpy(), dtype=np.float64)

    def texts(self, column: str) -> Texts:
        """Return a column of texts, in which an empty one means that there is none."""
        encoded = pc.dictionary_encode(self._read(column).combine_chunks())
        codes = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
        levels = encoded.dictionary.to_pylist()
        if "" in levels:
            codes[codes == levels.index("")] = MISSING
        return Texts(codes, levels)

    def of(self, names: Sequence[str], span: tuple[int, int], tell: Tell) -> dict[str, RowColumn]:
        """Return what a rule reads, of the orders of some places.

        Raises
        ------
        DataFault
            The warehouse lacks a column, or frame and orders do not belong together.
        """
        start, stop = span
        inputs = [name for name in names if name in load_schema().names]
        features = self._features(inputs, span, tell) if inputs else {}
        found: dict[str, RowColumn] = {}
        for name in names:
            if name in features:
                found[name] = Numbers(features[name])
            elif name in FACTS:
                found[name] = self._fact(name, span)
            elif name == PASSED:
                found[name] = Flags(value=False)
            else:
                value = 1.0 if name == ATTEMPT else NOT_KNOWN
                found[name] = Numbers(np.full(stop - start, value))
        return found

    def _fact(self, name: str, span: tuple[int, int]) -> RowColumn:
        start, stop = span
        kind = FACTS[name]
        if kind == pa.string():
            texts = self.texts(fact_column(name))
            return Texts(texts.codes[start:stop], texts.levels)
        if kind == pa.float64():
            return Numbers(self.numbers(fact_column(name))[start:stop])
        return Lists(self._read(fact_column(name)).slice(start, stop - start))

    def _features(
        self, names: Sequence[str], span: tuple[int, int], tell: Tell
    ) -> dict[str, Floats]:
        """Return model inputs, what they hide made missing again."""
        start, stop = span
        schema = load_schema()
        places = [schema.names.index(name) for name in names]
        out = {name: np.empty(stop - start) for name in names}
        for first, matrix in self._vectors(stop):
            here = slice(max(start - first, 0), len(matrix))
            into = slice(max(first - start, 0), max(first + len(matrix) - start, 0))
            for name, place in zip(names, places, strict=True):
                out[name][into] = matrix[here, place]
            tell("features", first + len(matrix), stop)
        for name, place in zip(names, places, strict=True):
            self._hide(out[name], schema.features[place], span)
        return out

    def _vectors(self, stop: int) -> Iterator[tuple[int, Floats]]:
        """Yield model inputs batch by batch, each with the place of its first order."""
        schema = load_schema()
        builder = VectorBuilder(schema)
        order_names = [feature.name for feature in schema.order]
        past = [feature.name for feature in (*schema.stored, *schema.live)]
        orders = self._batches(self.directory / ORDERS, order_names)
        frame = self._batches(self.directory / FRAME, past)
        first = 0
        for order, joined in zip(orders, frame, strict=True):
            if first >= stop:
                return
            if not order["order_id"].equals(joined["order_id"]):
                path = self.directory / FRAME
                raise DataFault(str(path), None, fault("other_orders"))
            stored, live = np.split(_matrix(joined, past), [len(schema.stored)], axis=1)
            matrix = builder.build(_matrix(order, order_names), stored, live)
            yield first, matrix[: stop - first]
            first += len(matrix)

    def _batches(self, path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield tables of the same number of rows, however the file is divided."""
        with readable(path), pq.ParquetFile(path) as file:
            if missing := set(names) - set(file.schema_arrow.names):
                raise DataFault(str(path), None, fault("frame_column", name=min(missing)))
            waiting: pa.Table | None = None
            for batch in file.iter_batches(BATCH_ROWS, columns=["order_id", *names]):
                read = pa.Table.from_batches([batch])
                waiting = read if waiting is None else pa.concat_tables([waiting, read])
                if waiting.num_rows >= BATCH_ROWS:
                    yield waiting.slice(0, BATCH_ROWS)
                    waiting = waiting.slice(BATCH_ROWS)
            if waiting is not None and waiting.num_rows:
                yield waiting

    def _hide(self, values: Floats, feature: Feature, span: tuple[int, int]) -> None:
        if feature.default < 0:
            values[values == feature.default] = np.nan
        for entity in feature.entity.split("_x_"):
            if entity in LACKABLE:
                codes = self.texts(LACKABLE[entity]).codes[slice(*span)]
                values[codes == MISSING] = np.nan

    def _read(self, column: str) -> pa.ChunkedArray:
        path = self.directory / ORDERS
        with readable(path), pq.ParquetFile(path) as file:
            if column not in file.schema_arrow.names:
                raise DataFault(str(path), None, fault("orders_column", name=column))
            return file.read([column]).column(0)


def ready_frame(warehouse: Path, tell: Tell) -> None:
    """Build history and frame of a warehouse when they are not there, or older than it."""
    frame, orders = warehouse / FRAME, warehouse / ORDERS
    if frame.exists() and frame.stat().st_mtime_ns >= orders.stat().st_mtime_ns:
        return
    # Feast takes seconds to import; nothing else here needs it.
    import_module("training.backtest.order_frame").build_frame(warehouse, tell)


def _matrix(table: pa.Table, names: Sequence[str]) -> Floats:
    matrix = np.empty((table.num_rows, len(names)))
    for place, name in enumerate(names):
        matrix[:, place] = table[name].cast(pa.float64()).to_numpy()
    return matrix
