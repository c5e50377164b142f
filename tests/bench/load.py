"""The load generator: a process of its own, so that it can have a core of its own.

Closed loop: a fixed number of calls in flight, each answer starts the next call; it
finds the saturation. Open loop: arrivals on a clock that does not wait for answers, the
latency counted from the time the call was meant to start, so that a server that stalls
pays for everybody who had to wait (no coordinated omission).

Every call is a new order with a new request id: a repeated one would be answered from
the store. The orders come from a file of messages (see ``orders_file``); only the ids,
of fixed length, are patched in.
"""

import argparse
import asyncio
import json
import random
import selectors
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from tests.bench.http2 import Connection

SCORE_ORDER = "/risk.v1.RiskService/ScoreOrder"
SAMPLE_EVERY = 61
DRAIN_S = 20.0
ID_LENGTH = 20


@dataclass
class Tally:
    """What came back within the measured time."""

    latencies_s: list[float] = field(default_factory=list)
    errors: int = 0
    late_starts_s: list[float] = field(default_factory=list)
    samples: list[bytes] = field(default_factory=list)

    def note(self, latency_s: float, message: bytes | None) -> None:
        """Count one answer."""
        if message is None:
            self.errors += 1
            return
        if len(self.latencies_s) % SAMPLE_EVERY == 0:
            self.samples.append(message)
        self.latencies_s.append(latency_s)

    def report(self, seconds: float) -> dict[str, object]:
        """Return the figures; latencies in milliseconds."""
        ordered = sorted(self.latencies_s)
        return {
            "seconds": seconds,
            "answers": len(ordered),
            "errors": self.errors,
            "per_second": len(ordered) / seconds,
            "p50_ms": percentile_ms(ordered, 0.50),
            "p99_ms": percentile_ms(ordered, 0.99),
            "start_lag_p99_ms": percentile_ms(sorted(self.late_starts_s), 0.99),
            "sampled": sampled(self.samples),
        }


def percentile_ms(ordered_s: list[float], share: float) -> float:
    """Return the nearest-rank percentile in milliseconds, NaN-free: 0 when empty."""
    if not ordered_s:
        return 0.0
    return ordered_s[min(len(ordered_s) - 1, int(share * len(ordered_s)))] * 1_000


def sampled(messages: list[bytes]) -> dict[str, object]:
    """Return what sampled answers say, as proof that they were decisions."""
    outcomes: Counter[str] = Counter()
    modes: Counter[str] = Counter()
    for message in messages:
        decision = risk_pb2.ScoreOrderResponse.FromString(message).decision
        outcomes[risk_pb2.Outcome.Name(decision.outcome)] += 1
        modes[risk_pb2.Mode.Name(decision.mode)] += 1
    sizes = sorted(map(len, messages))
    median = sizes[len(sizes) // 2] if sizes else 0
    return {"outcomes": dict(outcomes), "modes": dict(modes), "median_bytes": median}


def write_orders(path: Path, orders: list[order_pb2.Order]) -> None:
    """Write orders for the generator, each with its length in front."""
    with path.open("wb") as file:
        for order in orders:
            data = order.SerializeToString()
            file.write(len(data).to_bytes(4, "big") + data)


def read_orders(path: Path) -> list[order_pb2.Order]:
    """Read what ``write_orders`` wrote."""
    data, orders, start = path.read_bytes(), [], 0
    while start < len(data):
        end = start + 4 + int.from_bytes(data[start : start + 4], "big")
        orders.append(order_pb2.Order.FromString(data[start + 4 : end]))
        start = end
    return orders


def requests(orders: list[order_pb2.Order], prefix: str) -> Iterator[bytes]:
    """Yield serialised requests without end: the orders in turn, ids never repeated."""
    halves = [_halves(order) for order in orders]
    number = 0
    while True:
        before, after = halves[number % len(halves)]
        unique = f"{prefix}{number:0{ID_LENGTH - len(prefix)}d}".encode("ascii")
        number += 1
        yield b"".join((b"\x0a\x14", unique, before, unique, after))


def _halves(order: order_pb2.Order) -> tuple[bytes, bytes]:
    """Return the bytes between request id and order id, and those after the order id."""
    order.order_id = "o" * ID_LENGTH
    request = risk_pb2.ScoreOrderRequest(request_id="r" * ID_LENGTH, order=order)
    before, _, after = request.SerializeToString().partition(b"o" * ID_LENGTH)
    return before[2 + ID_LENGTH :], after


async def closed_loop(args: argparse.Namespace, source: Iterator[bytes]) -> dict[str, object]:
    """Keep ``in_flight`` calls open; measure after the warm-up."""
    tally, warm = Tally(), Tally()
    start_s = time.perf_counter() + args.warm_up
    end_s = start_s + args.seconds
    connections: list[Connection] = []

    def on_answer(token: object, message: bytes | None) -> None:
        connection, sent_s = token  # type: ignore[misc]  # what ``launch`` gave
        now_s = time.perf_counter()
        if now_s < end_s:
            (tally if now_s >= start_s else warm).note(now_s - sent_s, message)
            launch(connection)

    def launch(connection: Connection) -> None:
        if connection.failed is None:
            connection.call(next(source), (connection, time.perf_counter()))

    connections += await connect(args, on_answer)
    for number in range(args.in_flight):
        launch(connections[number % len(connections)])
    for connection in connections:
        connection.flush()
    await asyncio.sleep(args.warm_up + args.seconds)
    await drain(connections)
    return tally.report(args.seconds)


async def open_loop(args: argparse.Namespace, source: Iterator[bytes]) -> dict[str, object]:
    """Start calls at the times of a seeded Poisson process, whatever comes back."""
    tally, warm = Tally(), Tally()

    def on_answer(token: object, message: bytes | None) -> None:
        into, due_s = token  # type: ignore[misc]  # what the loop below gave
        into.note(time.perf_counter() - due_s, message)

    connections = await connect(args, on_answer)
    draw = random.Random(args.seed)
    start_s = time.perf_counter()
    due_s, number = start_s, 0
    while due_s < start_s + args.warm_up + args.seconds:
        wait_s = due_s - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        into = tally if due_s >= start_s + args.warm_up else warm
        into.late_starts_s.append(max(0.0, time.perf_counter() - due_s))
        connection = connections[number % len(connections)]
        connection.call(next(source), (into, due_s))
        connection.flush()
        due_s += draw.expovariate(args.rate)
        number += 1
    unanswered = await drain(connections)
    tally.errors += unanswered
    return tally.report(args.seconds)


async def connect(args: argparse.Namespace, on_answer: object) -> list[Connection]:
    """Open the connections."""
    loop = asyncio.get_running_loop()
    host, _, port = args.target.rpartition(":")
    opened = [
        await loop.create_connection(
            lambda: Connection(args.target, SCORE_ORDER, on_answer),  # type: ignore[arg-type]
            host,
            int(port),
        )
        for _ in range(args.connections)
    ]
    return [connection for _, connection in opened]


async def drain(connections: list[Connection]) -> int:
    """Wait for what is in flight and close; return the calls that got no answer at all."""
    end_s = time.perf_counter() + DRAIN_S
    while time.perf_counter() < end_s and any(c.in_flight for c in connections):  # noqa: ASYNC110  # only answers end it; polling costs the measured time nothing
        await asyncio.sleep(0.02)
    unanswered = sum(connection.in_flight for connection in connections)
    for connection in connections:
        connection.close()
    return unanswered


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop on ``select``: epoll's timers are no finer than a millisecond."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def parse() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--orders", type=Path, required=True)
    parser.add_argument("--prefix", required=True, help="start of every id, new for each run")
    parser.add_argument("--mode", choices=("closed", "open"), required=True)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.0, help="open loop: arrivals a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Run the load and print its figures as one line of JSON."""
    args = parse()
    source = requests(read_orders(args.orders), args.prefix)
    run = closed_loop if args.mode == "closed" else open_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        print(json.dumps(runner.run(run(args, source))))  # noqa: T201  # read by the bench


if __name__ == "__main__":
    main()
