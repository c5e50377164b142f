"""What the live windows cost per order on one core: ``python -m tests.bench.window_records``.

Replays a synthetic log into the records of the promotion windows, then prints for each key
group the best processor time of some rounds over records of the latest orders: a read, an
attempt in a tile of its own, a packing, an unpacking; bytes packed and decoded, on average
and at most. Then a seller with 10,000 orders a minute. No figure is asserted.
"""

import itertools
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import Event
from risk_service.features.windows.plan import CompiledWindows, RecordPlan, compile_windows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import DAY_US, UNIT_US
from tests.bench.window_log import START_US, synthetic_log
from training.windows.log import EventLog

ORDERS = 60_000
ROUNDS = 25
SAMPLE = 200
HEAD = (
    "| records of | features | read us | apply us | pack us | unpack us | bytes | most | decoded |"
)


class Applied(NamedTuple):
    """An event with what it brings to the records."""

    a_us: int
    tau_us: int
    bits: int
    keys: tuple[str, ...]
    columns: tuple[int, ...]
    hashes: tuple[int, ...]
    reads: bool

    def apply_to(self, record: Record, later_us: int = 0) -> None:
        """Apply the event, or one like it some time later."""
        stamps = (self.a_us + later_us, self.tau_us + later_us)
        record.apply(*stamps, self.bits, self.columns, self.hashes)


def applied(compiled: CompiledWindows, log: EventLog) -> list[Applied]:
    """Return all events of a log; entities are called by their hash."""
    window_set = compiled.window_set
    fields = [log.field(name).tolist() for name in window_set.fields]
    columns = [log.column(name).tolist() for name in window_set.columns]
    found = []
    for place, kind in enumerate(log.kind.tolist()):
        texts = tuple(str(values[place] or "") for values in fields)
        tau_us, a_us = int(log.tau_us[place]), int(log.a_us[place])
        event = Event("", kind, tau_us, texts, tuple(values[place] for values in columns))
        found.append(
            Applied(
                a_us,
                tau_us,
                compiled.bits(event),
                compiled.keys(event),
                event.columns,
                compiled.hashes(event),
                bool(log.r_us[place]),
            )
        )
    return found


def filled(compiled: CompiledWindows, events: Sequence[Applied]) -> list[dict[str, Record]]:
    """Return the records of all keys, per group."""
    groups: list[dict[str, Record]] = [{} for _ in compiled.plans]
    for event in events:
        for plan, records, key in zip(compiled.plans, groups, event.keys, strict=True):
            if key and not plan.effect(event.bits).is_none:
                event.apply_to(records.setdefault(key, Record(plan)))
    return groups


def best_us(work: Callable[[], object], count: int) -> float:
    """Return the processor time per item of the best round."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times) / count * 1e6


def apply_all(attempt: Applied, records: Sequence[Record], later_us: int) -> None:
    """Apply an attempt to every record."""
    for record in records:
        attempt.apply_to(record, later_us)


def decoded_bytes(record: Record) -> int:
    """Return the size of a record and all that only it holds."""
    total, stack, seen = 0, [getattr(record, name) for name in Record.__slots__], set()
    for item in stack:
        if isinstance(item, RecordPlan) or id(item) in seen:
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        if isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            stack += item
    return total + sys.getsizeof(record)


def costs(plan: RecordPlan, records: Sequence[Record], attempt: Applied) -> list[float]:
    """Return the figures of a row of the table, from ``read us`` on."""
    now_us = max(record.stamp_us for record in records) + 1
    later_us = now_us - attempt.a_us
    copies = [record.copy() for record in records]
    tiles = itertools.count(1)
    packed = [record.pack(now_us) for record in records]
    return [
        best_us(lambda: [record.read(now_us) for record in records], len(records)),
        best_us(lambda: apply_all(attempt, copies, later_us + next(tiles) * UNIT_US), len(records)),
        best_us(lambda: [record.pack(now_us) for record in records], len(records)),
        best_us(lambda: [Record.unpack(plan, data) for data in packed], len(records)),
        sum(map(len, packed)) / len(packed),
        max(map(len, packed)),
        sum(map(decoded_bytes, records)) / len(records),
    ]


def print_groups(compiled: CompiledWindows, events: Sequence[Applied]) -> None:
    """Print a row per key group, for records of the latest orders, and their sum."""
    groups = filled(compiled, events)
    attempts = [event for event in events if event.reads]
    sums = [0.0] * 7
    _say(HEAD)
    _say("|---|" + "---:|" * 8)
    for index, plan in enumerate(compiled.plans):
        keys = list(dict.fromkeys(e.keys[index] for e in attempts[-len(attempts) // 4 :]))
        keys = [key for key in keys if key]
        random.Random(1).shuffle(keys)
        records = [groups[index][key] for key in keys[:SAMPLE]]
        row = costs(plan, records, attempts[-1])
        sums = [total + value for total, value in zip(sums, row, strict=True)]
        _print_row(plan.group.name, len(plan.names), row)
    _print_row("all of one order", len(compiled.window_set.names), sums)
    read_us = sums[0] / len(compiled.window_set.names)
    _say(f"\na feature read: {read_us:.2f} us")


def _print_row(name: str, features: int, row: Sequence[float]) -> None:
    times = " | ".join(f"{value:.1f}" for value in row[:4])
    sizes = " | ".join(f"{value:,.0f}" for value in row[4:])
    _say(f"| {name} | {features} | {times} | {sizes} |")


def print_hot_seller(compiled: CompiledWindows, attempt: Applied) -> None:
    """Print what a seller costs after so many orders, 10,000 of them a minute."""
    names = [plan.group.name for plan in compiled.plans]
    plan = compiled.plans[names.index("seller")]
    record, past = Record(plan), 0
    _say("\n| orders of the seller | tiles and values | read us | apply us | pack us | bytes |")
    _say("|---:|---:|---:|---:|---:|---:|")
    # Ninety days of a quiet seller first: every width of tile is there.
    for hour in range(90 * 24):
        attempt.apply_to(record, START_US - attempt.a_us + hour * DAY_US // 24)
    start_us = START_US - attempt.a_us + 90 * DAY_US
    for orders in (10_000, 100_000, 400_000):
        began = time.process_time()
        for number in range(past, orders):
            buyer = (number * 0x9E3779B97F4A7C15) % 2**63
            hot = attempt._replace(hashes=tuple(buyer for _ in attempt.hashes))
            hot.apply_to(record, start_us + number * 6_000)
        apply_us = (time.process_time() - began) / (orders - past) * 1e6
        past = orders
        row = costs(plan, [record] * 20, attempt)
        figures = f"{row[0]:.1f} | {apply_us:.1f} | {row[2]:.0f} | {row[4]:,.0f}"
        _say(f"| {orders:,} | {record.row_count} | {figures} |")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print both tables."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    compiled = compile_windows(load_windows())
    events = applied(compiled, synthetic_log(orders))
    _say(f"{orders:,} orders, {len(events):,} events\n")
    print_groups(compiled, events)
    print_hot_seller(compiled, next(event for event in events if event.reads))


if __name__ == "__main__":
    main()
