"""A synthetic log for the windows' bench: orders with their life, zipf-like entities.

Not the promotion world, which takes long to make and knows no ten million orders: only what
the cost depends on is kept. Accounts and what belongs to them are met a few times, sellers
and SKUs very often, the hottest seller by some per cent of all orders; 3 % of the events
come hours late, 1 % of the keys are missing.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_service.domain.vocabulary import EventReason
from risk_service.features.windows.declaration import load_windows
from training.windows.log import EventLog, Integers

START_US = 1_760_000_400_000_000
DAYS = 120
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
# Share of orders with such an event, and its usual delay in hours.
LIFE = {
    "PAID": (0.95, 0.02),
    "CANCELLED": (0.05, 3.0),
    "SHIPPED": (0.9, 14.0),
    "DELIVERED": (0.88, 66.0),
    "REVIEWED": (0.25, 110.0),
    "REFUND_REQUESTED": (0.05, 120.0),
    "REFUNDED": (0.045, 150.0),
    "RETURN_RECEIVED": (0.03, 200.0),
    "BLOCKED": (0.02, 0.0),
}
# Orders per entity, and how uneven: the share of the hottest is its number ** (-1 / heat).
SHARED = {
    "ip": (12.0, 1.6),
    "ip_block": (60.0, 1.8),
    "seller": (4_000.0, 2.2),
    "sku": (300.0, 2.0),
    "campaign": (40_000.0, 1.5),
    "drop": (40_000.0, 1.5),
}
OF_ACCOUNT = ("device", "payment", "address", "building", "phone", "real_name")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
Int64s = NDArray[np.int64]


def synthetic_log(orders: int) -> EventLog:
    """Return the log of so many orders over 120 days, some 3.2 events an order."""
    rng = np.random.default_rng(7)
    at_us = START_US + np.sort(rng.integers(0, DAYS * DAY_US, orders))
    parts = [(np.int8(_kind("ATTEMPT")), np.arange(orders, dtype=np.int32), at_us, at_us)]
    for name, (share, delay_h) in LIFE.items():
        row = np.flatnonzero(rng.random(orders, np.float32) < share).astype(np.int32)
        happened_us = at_us[row] + _spans(rng, delay_h, row.size)
        late = rng.random(row.size, np.float32) < 0.03
        recorded_us = happened_us + np.where(late, _spans(rng, 20.0, row.size), 0)
        parts.append((np.int8(_kind(name)), row, happened_us, recorded_us))
    return _log(parts, orders, rng)


def _log(
    parts: list[tuple[np.int8, NDArray[np.int32], Int64s, Int64s]],
    orders: int,
    rng: np.random.Generator,
) -> EventLog:
    arrived_us = np.concatenate([part[3] for part in parts])
    order = np.argsort(arrived_us, kind="stable").astype(np.int32)
    steps = np.arange(order.size)
    a_us = np.maximum.accumulate(arrived_us[order] - steps) + steps
    del arrived_us, steps
    reading = order < orders
    happened_us = np.concatenate([part[2] for part in parts])[order]
    kind = np.repeat([part[0] for part in parts], [part[1].size for part in parts])[order]
    ids = pa.array(np.arange(orders)).cast(pa.string())
    return EventLog(
        event_id=ids.take(pa.array(order, mask=~reading)),
        kind=kind.astype(np.int16),
        a_us=a_us,
        tau_us=np.where(reading, a_us, np.minimum(happened_us, a_us)),
        r_us=np.where(reading, a_us, 0),
        fields=_fields(orders, rng),
        columns=_columns(orders, rng),
        subject=np.concatenate([part[1] for part in parts])[order],
        own_columns=_own_columns(kind, rng),
    )


def _fields(orders: int, rng: np.random.Generator) -> dict[str, Int64s]:
    account = _entity(rng, orders, orders / 5, 1.25)
    fields = {"account": _hashed(account, 0)}
    for number, name in enumerate(OF_ACCOUNT, 1):
        # One in ten uses something else than usual; one in fifty shares it with neighbours.
        other = (rng.random(orders, np.float32) < 0.1).astype(np.int64)
        crowd = rng.random(orders, np.float32) < 0.02
        fields[name] = _hashed(np.where(crowd, account // 50, account * 2 + other), number)
    for number, (name, (each, heat)) in enumerate(SHARED.items(), 1 + len(OF_ACCOUNT)):
        fields[name] = _hashed(_entity(rng, orders, orders / each, heat), number)
    for name in ("real_name", "campaign", "drop", "device"):
        share = {"real_name": 0.4, "device": 0.01}.get(name, 0.7)
        fields[name][rng.random(orders, np.float32) < share] = 0
    return {name: fields.get(name, np.zeros(orders, np.int64)) for name in load_windows().fields}


def _entity(rng: np.random.Generator, orders: int, count: float, heat: float) -> Int64s:
    return np.asarray(max(count, 20.0) * rng.random(orders) ** heat, np.int64)


def _hashed(numbers: Int64s, salt: int) -> Int64s:
    mixed = (numbers.view(np.uint64) * np.uint64(32) + np.uint64(salt + 1)) * _GOLDEN
    mixed ^= mixed >> np.uint64(29)
    return (mixed * _GOLDEN).view(np.int64)


def _columns(orders: int, rng: np.random.Generator) -> dict[str, Integers]:
    """Return columns whose conditions hold for a few orders in a hundred."""
    columns: dict[str, Integers] = {
        name: rng.integers(0, 2, orders, np.int8) for name in load_windows().columns
    }
    for name in ("goods_minor", "discount_minor", "payable_minor", "threshold_excess_minor"):
        columns[name] = rng.integers(0, 20_000, orders, np.int32)
    columns["page_ms"] = rng.integers(0, 60_000, orders, np.int32)
    for name in ("limited_units", "is_new_account", "entry_is_direct", "payer_differs"):
        columns[name] = (rng.random(orders, np.float32) < 0.08).astype(np.int8)
    return columns


def _own_columns(kind: NDArray[np.int8], rng: np.random.Generator) -> dict[str, Integers]:
    claims = kind == _kind("REFUND_REQUESTED")
    reason = np.where(claims, rng.integers(0, len(EventReason), kind.size, np.int8), np.int8(0))
    return {
        "reason": reason,
        "without_return": (reason > 4).astype(np.int8),
        "weight_low": (rng.random(kind.size, np.float32) < 0.03).astype(np.int8),
        "amount_minor": np.where(kind == _kind("REFUNDED"), np.int32(5_000), np.int32(0)),
    }


def _kind(name: str) -> int:
    return load_windows().kinds.index(name)


def _spans(rng: np.random.Generator, hours: float, count: int) -> Int64s:
    return np.asarray(rng.exponential(hours, count) * HOUR_US, np.int64)
