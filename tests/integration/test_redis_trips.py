"""An order waits for each Redis server twice at most: its own windows, then those of others."""

from collections import Counter
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from risk_service.adapters.redis.addresses import Address
from risk_service.adapters.redis.node import Node, Patience
from risk_service.domain.order import Order
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import order_event
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.live_stream import Arrival, Passage
from tests.fixtures.records import NOW_US, TOKENISER, raw_order
from tests.fixtures.redis_server import redis_cluster, redis_server
from tests.fixtures.redis_stores import redis_passage

TRIPS_MAX = 2
COMPILED = compile_windows(load_windows())
ACCOUNTS, ORDERS = 6, 48


@pytest.fixture(params=["single", "cluster"])
def passage(request: pytest.FixtureRequest) -> Iterator[Passage]:
    """Return the order path over a server or a cluster."""
    if request.param == "single":
        with redis_server() as server, redis_passage(COMPILED, server.address) as one:
            yield one
    else:
        with redis_cluster() as nodes:
            addresses = ",".join([node.address for node in nodes])
            with redis_passage(COMPILED, addresses) as one:
                yield one


def order(number: int) -> Order:
    """Return an order of one of some accounts on one device, each with a card of its own."""
    account = number % ACCOUNTS
    raw = replace(
        raw_order(f"o-{number}"),
        account_id=f"a-{account}",
        payment_instrument_id=f"p-{account}",
    )
    return TOKENISER.order(raw)


def attempts(numbers: range) -> list[Arrival]:
    """Return attempts at these orders."""
    orders = [order(number) for number in numbers]
    return [
        Arrival(arrived_us=NOW_US, order=one, event=order_event(one, one.order_id, NOW_US))
        for one in orders
    ]


@pytest.mark.parametrize("size", [1, 16])
def test_a_group_takes_two_trips_per_server(
    passage: Passage, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """One alone and sixteen at once, folds included, with linked accounts that must be read."""
    # Connections are opened and entities met, so that only the trips themselves are left.
    passage.take(attempts(range(ORDERS)), NOW_US)
    sent: Counter[Address] = Counter()
    send = Node.send

    def counted(node: Node, data: bytes, patience: Patience) -> None:
        sent[node.address] += 1
        send(node, data, patience)

    monkeypatch.setattr(Node, "send", counted)
    trips = []
    for number in range(ORDERS, 3 * ORDERS, size):
        sent.clear()
        passage.take(attempts(range(number, number + size)), NOW_US + number)
        trips.append(max(sent.values()))
    names = [*passage.compiled.window_set.names]
    linked = passage.values[-1][-1, len(names) :]
    assert (linked > 0).sum() > len(linked) // 4
    assert max(trips) == TRIPS_MAX
