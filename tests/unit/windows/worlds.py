"""Declarations and logs for the tests of the windows, drawn by hypothesis or by a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from risk_service.features.windows.declaration import (
    Condition,
    EventFilter,
    WindowFeature,
    WindowSet,
    make_windows,
)
from risk_service.features.windows.event import Event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import BY_NAME, MAX_AGE_US
from tests.fixtures.window_oracle import Counted

KINDS = ("ATTEMPT", "PAID", "REFUNDED")
FIELDS = ("card", "shop", "mail")
COLUMNS = ("units", "amount")
FILTERS = (
    EventFilter(name="attempt", kinds=("ATTEMPT",)),
    EventFilter(name="after", kinds=("PAID", "REFUNDED")),
    EventFilter(
        name="large",
        kinds=KINDS,
        where=(
            Condition(column="amount", op=">=", value=50),
            Condition(column="units", op="!=", value=1),
        ),
    ),
)
START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
# Seconds that lie about the edges of tiles and windows.
EDGES_S = (0, 1, 9, 10, 11, 59, 60, 70, 600, 610, 3_600, 3_660, 86_400, 90_000, 604_800,
           608_400, 2_592_000, 2_678_400, 7_776_000, 7_862_400)  # fmt: skip


def feature(
    keys: tuple[str, ...],
    events: str,
    measure: str,
    window: str,
    of: str = "",
    cap: int = 0,
) -> WindowFeature:
    """Return a feature named after all that it is made of."""
    name = "_".join(filter(None, (*keys, measure, of, events, window, str(cap or ""))))
    return WindowFeature(
        name=name,
        keys=keys,
        events=events,
        measure=measure,
        of=of,
        window=window,
        cap=cap,
        unit="",
        default=0.0,
        description_en="",
        description_zh="",
    )


def declared(features: list[WindowFeature]) -> WindowSet:
    """Return these features over the kinds, fields and columns of this module."""
    return make_windows(
        kinds=KINDS, fields=FIELDS, columns=COLUMNS, filters=FILTERS, features=features
    )


def everything() -> WindowSet:
    """Return every measure over every window, for an entity and for a pair, with four caps."""
    features = []
    for keys in (("card",), ("card", "shop")):
        for window in BY_NAME:
            features += [
                feature(keys, "attempt", "count", window),
                feature(keys, "large", "count", window),
                feature(keys, "after", "sum", window, "amount"),
                feature(keys, "after", "since", window),
                *(feature(keys, "attempt", "distinct", window, "mail", cap) for cap in CAPS),
            ]
            if window != "ever":
                features.append(feature(keys, "large", "last", window, "amount"))
    return declared(features)


CAPS = (1, 2, 5, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event as it comes in: seconds after the one before, and how late it is."""

    gap_us: int
    kind: int
    lag_us: int
    fields: tuple[str, ...]
    columns: tuple[int, ...]


def random_arrivals(rng: random.Random, count: int, values: int = 8) -> Iterator[Arrival]:
    """Yield arrivals of all sorts: late, from clocks ahead, at edges, without a key."""
    for _ in range(count):
        edge_us = rng.choice(EDGES_S) * SECOND_US + rng.choice((-1, 0, 1))
        lag_us = rng.choice((0, 0, 0, rng.randrange(10**12), edge_us, -rng.randrange(10**9)))
        yield Arrival(
            gap_us=max(1, edge_us if rng.random() < 0.2 else rng.randrange(40 * SECOND_US)),
            kind=rng.randrange(len(KINDS)),
            lag_us=lag_us,
            fields=tuple(
                "" if rng.random() < 0.06 else f"{name}{rng.randrange(size)}"
                for name, size in (("card", 2), ("shop", 2), ("mail", values))
            ),
            columns=(rng.randrange(3), rng.randrange(100)),
        )


class Desk:
    """Keeps the records of all keys, as a store does, and the list that the oracle judges by.

    An attempt reads first and belongs to the stamp of its read; every event is applied.
    """

    def __init__(self, compiled: CompiledWindows) -> None:
        self.compiled = compiled
        self.records: list[dict[str, Record]] = [{} for _ in compiled.plans]
        self.counted: list[Counted] = []
        self.refused = 0
        self.now_us = START_US

    def take(self, arrival: Arrival) -> tuple[int, tuple[str, ...], list[float]]:
        """Return the stamp of the read, the event's fields and what its windows held."""
        self.now_us += arrival.gap_us
        read_us = self.now_us
        self.now_us += 1
        attempt = arrival.kind == 0
        tau_us = read_us if attempt else min(self.now_us, self.now_us - arrival.lag_us)
        event = Event("", arrival.kind, tau_us, arrival.fields, arrival.columns)
        values = self.read(event, read_us)
        if tau_us < self.now_us - MAX_AGE_US:
            self.refused += 1
        else:
            self._apply(event, tau_us)
        return read_us, arrival.fields, values

    def read(self, event: Event, r_us: int) -> list[float]:
        """Return all windows of the event's keys; NaN where a key is missing."""
        values: list[float] = []
        for group, key in enumerate(self.compiled.keys(event)):
            plan = self.compiled.plans[group]
            if key:
                values += self.records[group].get(key, Record(plan)).read(r_us)
            else:
                values += [float("nan")] * len(plan.names)
        return values

    def _apply(self, event: Event, tau_us: int) -> None:
        bits, hashes = self.compiled.bits(event), self.compiled.hashes(event)
        for group, key in enumerate(self.compiled.keys(event)):
            if key:
                plan = self.compiled.plans[group]
                record = self.records[group].setdefault(key, Record(plan))
                record.apply(self.now_us, tau_us, bits, event.columns, hashes)
        self.counted.append(
            Counted(
                a_us=self.now_us,
                tau_us=tau_us,
                kind=event.kind,
                fields=event.fields,
                columns=event.columns,
            )
        )

    def repack(self) -> None:
        """Pack every record, as a checkpoint does, and read it back."""
        for records in self.records:
            for key, record in records.items():
                records[key] = Record.unpack(record.plan, record.pack(self.now_us))
