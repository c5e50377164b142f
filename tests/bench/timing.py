"""How long reading orders takes, in groups of some size."""

import time
from collections.abc import Callable, Iterator, Sequence

from risk_service.domain.order import Order


def us_per_order(
    read: Callable[[Sequence[Order]], None], orders: Sequence[Order], size: int
) -> float:
    """Return microseconds per order when orders are read in groups of ``size``."""
    started = time.perf_counter()
    for group in groups(orders, size):
        read(group)
    return (time.perf_counter() - started) / len(orders) * 1e6


def groups(orders: Sequence[Order], size: int) -> Iterator[Sequence[Order]]:
    """Cut orders into groups."""
    return (orders[start : start + size] for start in range(0, len(orders), size))
