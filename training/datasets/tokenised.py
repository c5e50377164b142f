"""Turns baskets into tokenised batches, in this process or in two spawned ones.

Tokens and order columns come from the same code as in serving. Batches come back in the
order they went in; at most four are under way, so memory does not grow with the file.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_service.domain.action import Action
from risk_service.domain.errors import ConfigFault, InvalidInput
from risk_service.domain.order import Order, RawOrder
from risk_service.domain.text import LocalizedText
from risk_service.identity.keys import IdentityKey
from risk_service.identity.tokenise import Tokeniser
from training.datasets.baskets import BasketBatch
from training.datasets.raw_orders import raw_action, raw_order
from training.datasets.source import Source
from training.datasets.warehouse import order_batch
from training.words import fault

_BATCHES_UNDER_WAY = 4
_worker: list[Tokeniser] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that the identity room refused; crosses processes where an error would not."""

    index: int
    text: LocalizedText


def tokenise_batch(tokeniser: Tokeniser, batch: BasketBatch) -> pa.RecordBatch | BadRow:
    """Return the prepared rows of a batch, or the first row at fault."""
    orders: list[Order] = []
    for index, raw in enumerate(_raw_orders(batch)):
        try:
            orders.append(tokeniser.order(raw))
        except InvalidInput as error:
            return BadRow(index=index, text=_told(error))
    return order_batch(orders, batch.orders)


def tokenised_actions(
    tokeniser: Tokeniser, source: Source, position: int, batch: pa.RecordBatch
) -> list[Action]:
    """Return the tokenised actions of a batch.

    Raises
    ------
    DataFault
        The identity room refused a row; names file and row.
    """
    actions: list[Action] = []
    for index, row in enumerate(batch.to_pylist()):
        try:
            actions.append(tokeniser.action(raw_action(row)))
        except InvalidInput as error:
            raise source.fault(position + index, _told(error)) from error
    return actions


def tokenised(
    batches: Iterable[BasketBatch], source: Source, key: IdentityKey, processes: int
) -> Iterator[pa.RecordBatch]:
    """Yield the prepared rows of all batches.

    Parameters
    ----------
    source
        The file of the orders, to name in a fault.
    processes
        1 works in this process; more are spawned.

    Raises
    ------
    DataFault
        Names file, row and field.
    """
    results = _here(batches, key) if processes == 1 else _spawned(batches, key, processes)
    for position, result in results:
        if isinstance(result, BadRow):
            raise source.fault(position + result.index, result.text)
        yield result


def _told(error: InvalidInput) -> LocalizedText:
    return LocalizedText(
        zh="；".join(
            f"{one.field}：{one.description_zh or one.description}" for one in error.violations
        ),
        en=str(error),
    )


_Results = Iterator[tuple[int, pa.RecordBatch | BadRow]]


def _here(batches: Iterable[BasketBatch], key: IdentityKey) -> _Results:
    tokeniser = Tokeniser(key)
    for batch in batches:
        yield batch.position, tokenise_batch(tokeniser, batch)


def _spawned(batches: Iterable[BasketBatch], key: IdentityKey, processes: int) -> _Results:
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),  # a fork would copy Arrow's threads in any state
        initializer=_start,
        initargs=(key.key_id, key.secret),
    )
    under_way: deque[tuple[int, Future[bytes | BadRow]]] = deque()
    try:
        for batch in batches:
            under_way.append((batch.position, pool.submit(_work, *_packed(batch))))
            if len(under_way) >= _BATCHES_UNDER_WAY:
                yield _finished(*under_way.popleft())
        while under_way:
            yield _finished(*under_way.popleft())
    except BrokenProcessPool as error:
        raise ConfigFault(fault("worker_died")) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finished(
    position: int, future: "Future[bytes | BadRow]"
) -> tuple[int, pa.RecordBatch | BadRow]:
    result = future.result()
    return position, result if isinstance(result, BadRow) else _unpack(result)


def _start(key_id: str, secret: bytes) -> None:
    _worker.append(Tokeniser(IdentityKey(key_id=key_id, secret=secret)))


def _work(position: int, orders: bytes, lines: bytes, counts: bytes) -> bytes | BadRow:
    batch = BasketBatch(
        position=position,
        orders=_unpack(orders),
        lines=_unpack(lines),
        line_counts=np.frombuffer(counts, np.int64),
    )
    result = tokenise_batch(_worker[0], batch)
    return result if isinstance(result, BadRow) else _pack(result)


def _packed(batch: BasketBatch) -> tuple[int, bytes, bytes, bytes]:
    counts: NDArray[np.int64] = np.ascontiguousarray(batch.line_counts, np.int64)
    return batch.position, _pack(batch.orders), _pack(batch.lines), counts.tobytes()


def _pack(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _unpack(packed: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(packed) as reader:
        return reader.read_next_batch()


def _raw_orders(batch: BasketBatch) -> Iterator[RawOrder]:
    lines = batch.lines.to_pylist()
    start = 0
    records = _with_integer_times(batch.orders).to_pylist()
    for record, count in zip(records, batch.line_counts.tolist(), strict=True):
        yield raw_order(record, lines[start : start + count])
        start += count


def _with_integer_times(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Write times as microseconds: datetimes cost more to make than all else in a row."""
    columns = [
        column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
