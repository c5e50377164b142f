"""One client of the reservation proof: ``python -m tests.proof.reserve_worker --help``.

Reserves, then confirms, cancels or forgets; asks again until it is answered, whatever happens
to the server. Writes a line per order: what it was told in the end.
"""

import argparse
import asyncio
import json
import random
import time
from itertools import count
from pathlib import Path
from typing import Any

import grpc

from risk_service.pb.risk.v1 import limits_pb2, limits_pb2_grpc, order_pb2

IN_FLIGHT = 6
CALL_S = 10.0
PAUSE_S = 0.05
# What a server that dies, starts or is full answers with: ask again.
AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
    }
)
HELD = limits_pb2.RESERVATION_STATE_HELD
CONFIRMED = limits_pb2.RESERVATION_STATE_CONFIRMED


class Client:
    """Does orders one after the other, several at a time."""

    def __init__(self, options: argparse.Namespace, out: Any) -> None:
        self.options = options
        self.draw = random.Random(options.seed)
        self.out = out
        self.numbers = iter(range(options.orders))
        self.retries = 0
        self.serial = count()

    async def answered(self, call: Any, request: Any) -> Any:
        """Ask until there is an answer."""
        while True:
            try:
                return await call(request, timeout=CALL_S)
            except grpc.aio.AioRpcError as error:
                if error.code() not in AGAIN:
                    raise
            self.retries += 1
            await asyncio.sleep(PAUSE_S)

    async def one_after_the_other(self, stub: limits_pb2_grpc.LimitServiceStub) -> None:
        """Do orders until there are no more."""
        for number in self.numbers:
            order_id = f"w{self.options.seed}-{number}"
            sku = f"item-{self.draw.randrange(self.options.items)}"
            units = self.draw.randint(1, 3)
            told = await self.order(stub, order_id, sku, units)
            told |= {"id": order_id, "sku": sku}
            self.out.write(json.dumps(told) + "\n")

    async def order(
        self, stub: limits_pb2_grpc.LimitServiceStub, order_id: str, sku: str, units: int
    ) -> dict[str, Any]:
        """Do one order and return how it ended."""
        what = self.draw.random()
        demand = limits_pb2.LimitDemand(reservation_id=order_id)
        demand.subjects.account_id = f"account-{self.draw.randrange(10_000)}"
        demand.lines.add(
            sku=sku,
            quantity=units,
            unit_price_minor=100,
            seller_id="seller",
            promotion_type=order_pb2.PROMOTION_TYPE_FLASH_SALE,
        )
        request = limits_pb2.ReserveRequest(demand=demand, ttl_s=self.options.ttl_s, partial=True)
        held = await self.answered(stub.Reserve, request)
        over = [use for use in held.grant.uses if use.granted and use.used + use.granted > use.cap]
        if over:
            return {"end": "over", "units": 0}
        granted = sum(line.granted for line in held.grant.lines)
        if held.reservation.state != HELD or not granted:
            return {"end": "refused", "units": 0}
        if what < 0.6:
            return await self.confirm(stub, held.reservation, granted)
        if what < 0.75:
            cancel = limits_pb2.CancelRequest(reservation_id=order_id)
            await self.answered(stub.Cancel, cancel)
            return {"end": "cancelled", "units": 0}
        return {"end": "left", "units": 0}

    async def confirm(
        self,
        stub: limits_pb2_grpc.LimitServiceStub,
        held: limits_pb2.Reservation,
        granted: int,
    ) -> dict[str, Any]:
        """Confirm; a hold whose time has come may be gone, no other."""
        request = limits_pb2.ConfirmRequest(reservation_id=held.reservation_id)
        confirmed = await self.answered(stub.Confirm, request)
        if confirmed.reservation.state == CONFIRMED:
            return {"end": "confirmed", "units": granted}
        in_time = time.time() < held.expires_at.seconds
        return {"end": "lost" if in_time else "refund", "units": 0}

    async def run(self) -> None:
        """Do all orders."""
        # A connection that broke is tried again at once: the server is back within a second.
        patience = [
            ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.initial_reconnect_backoff_ms", 50),
        ]
        async with grpc.aio.insecure_channel(self.options.target, options=patience) as channel:
            stub = limits_pb2_grpc.LimitServiceStub(channel)
            await asyncio.gather(*(self.one_after_the_other(stub) for _ in range(IN_FLIGHT)))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--ttl-s", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with options.out.open("w") as out:
        asyncio.run(Client(options, out).run())


if __name__ == "__main__":
    main()
