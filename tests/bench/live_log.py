"""A synthetic log for the embedded state: attempts, and later events of their orders."""

from collections.abc import Iterator
from random import Random

import numpy as np
from msgspec.structs import replace

from risk_service.adapters.embedded import EmbeddedState
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.reported import EventRecord, LifeEvent, Report
from risk_service.domain.vocabulary import EventType
from risk_service.features.schema import load_schema
from tests.fixtures.records import NOW_US, order, record

ATTEMPTS_SHARE = 4  # one event in four is an attempt
GROUP = 4000
CHUNK = 32
LIFE = (EventType.PAID, EventType.SHIPPED, EventType.DELIVERED)
GAP_US = 2_000_000  # an event every two seconds: a million last 23 days


class Traffic:
    """Attempts of many accounts, devices and addresses, few sellers and SKUs, and their life."""

    def __init__(self, events: int) -> None:
        self._draw = Random(5)
        self._accounts = max(100, events // 20)
        self._base_order, self._base = order(), record("r-1")
        self._vector = np.zeros(len(load_schema().names)).tobytes()
        self.now_us = NOW_US
        self.attempts = 0

    def skip(self, events: int) -> None:
        """Go on where a log of so many events ends."""
        self.now_us += events * GAP_US
        self.attempts += events // ATTEMPTS_SHARE

    def attempt(self) -> DecisionRecord:
        """Return the next attempt."""
        draw, self.now_us = self._draw, self.now_us + GAP_US
        self.attempts += 1
        name = f"{self.attempts:09d}"
        account, seller = draw.randrange(self._accounts), int(draw.paretovariate(1.0)) % 2000
        tokens = replace(
            self._base_order.tokens,
            account=_token("a", account),
            device=_token("d", draw.randrange(self._accounts)),
            payment=_token("p", account),
            phone=_token("t", account),
            real_name=_token("r", account),
            address_door=_token("o", account),
            address_building=_token("b", account // 8),
            ip=_token("i", draw.randrange(self._accounts)),
            ip_block=_token("c", draw.randrange(1 + self._accounts // 50)),
        )
        line = replace(
            self._base_order.lines[0],
            seller_id=f"seller-{seller}",
            sku=f"sku-{seller}-{draw.randrange(8)}",
        )
        decision = replace(
            self._base.decision,
            decision_id=f"dec_{name}",
            request_id=f"r-{name}",
            order_id=f"o-{name}",
            decided_at_us=self.now_us,
        )
        return replace(
            self._base,
            decision=decision,
            order=replace(self._base_order, order_id=f"o-{name}", tokens=tokens, lines=(line,)),
            vector=self._vector,
            stamp_us=self.now_us,
        )

    def life(self, number: int) -> LifeEvent:
        """Return an event of an order of late, or of long ago now and then."""
        self.now_us += GAP_US
        back = int(self._draw.expovariate(1e-3)) % self.attempts
        return LifeEvent(
            event_id=f"e-{number:09d}",
            event_type=self._draw.choice(LIFE),
            at_us=self.now_us - self._draw.randrange(3_600_000_000),
            order_id=f"o-{self.attempts - back:09d}",
        )


def _token(kind: str, number: int) -> str:
    return f"k1:{kind}{number:031d}"


def fill(state: EmbeddedState, traffic: Traffic, events: int) -> None:
    """Write the log in large groups, as years of service would have."""
    for start in range(0, events, GROUP):
        attempts = [traffic.attempt() for _ in range(GROUP // ATTEMPTS_SHARE)]
        state.store.commit(attempts)
        records = []
        for place in range(GROUP - len(attempts)):
            life = traffic.life(start + place)
            decision_id = f"dec_{life.order_id[2:]}"
            records.append(
                EventRecord(
                    event_id=life.event_id,
                    fingerprint=b"f" * 32,
                    stamp_us=traffic.now_us,
                    life=life,
                    decision_id=decision_id,
                )
            )
        state.events.append(records)


def chunks(traffic: Traffic, first: int, count: int) -> Iterator[list[Report]]:
    """Yield reports of so many later events, numbered from ``first`` on."""
    for start in range(first, first + count, CHUNK):
        yield [
            Report(fingerprint=b"f" * 32, subject=traffic.life(number))
            for number in range(start, min(start + CHUNK, first + count))
        ]
