"""Loops over shared windows are compiled before the first order, which would wait for it."""

from numba import typeof

from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.trips import groups_of
from risk_service.domain.event import Event
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows


def test_looks_and_orders_call_the_same_loops() -> None:
    """What loops are handed is of one type; of another one they would all be compiled again."""
    compiled = compile_windows(load_windows())
    entities = FlatEntities(compiled, groups_of(compiled, ""), 1)
    windows = compiled.window_set
    event = Event("x", 0, 0, ("x",) * len(windows.fields), (0,) * len(windows.columns))
    order = entities.attempts([event])
    look, _ = entities.looks([(0, ["somebody"])])
    assert typeof(look._seen) == typeof(order._seen)
    assert typeof(look.calls) == typeof(order.calls)
