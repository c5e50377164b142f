"""Two services with one ledger in PostgreSQL and Redis before it: one limit for both."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

import grpc
import pytest

from risk_service.pb.risk.v1 import (
    limits_pb2,
    limits_pb2_grpc,
    order_pb2,
    risk_pb2,
    risk_pb2_grpc,
)
from tests.fixtures.limit_texts import policy
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.service import ServiceFiles, copy_files, score_request, start_server
from tests.fixtures.waiting import wait_until

POLICIES = (
    "format = 1\n"
    + policy(subject='{ any_of = ["GLOBAL"] }', cap=3)
    + 'include = { promotion_types = ["FLASH_SALE"] }\n'
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """The stubs of one service."""

    risk: risk_pb2_grpc.RiskServiceStub
    limits: limits_pb2_grpc.LimitServiceStub


@dataclass(frozen=True, kw_only=True)
class Shops:
    """Two services and what they share."""

    first: Service
    second: Service
    postgres: PostgresServer
    redis: RedisServer


@pytest.fixture(scope="module")
def shops(master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    """Return two services that sell from one stock of three units."""
    with ExitStack() as opened:
        postgres = opened.enter_context(postgres_server())
        redis = opened.enter_context(redis_server())
        directory = tmp_path_factory.mktemp("shared-ledger")
        limits = directory / "limits.toml"
        limits.write_text(POLICIES, "utf-8")
        environment = {
            "RISK_LIMITS": str(limits),
            "RISK_LEDGER_PASSWORD": PASSWORD,
            "RISK_LEDGER_TIMEOUT_MS": "5000",
        }
        options = ["--ledger", postgres.address, "--admission", f"redis://{redis.address}"]
        services = []
        for name in ("first", "second"):
            files = copy_files(master_files, directory / name)
            running = opened.enter_context(start_server(files, options, environment=environment))
            channel = opened.enter_context(grpc.insecure_channel(running.address))
            services.append(
                Service(
                    risk=risk_pb2_grpc.RiskServiceStub(channel),
                    limits=limits_pb2_grpc.LimitServiceStub(channel),
                )
            )
        yield Shops(first=services[0], second=services[1], postgres=postgres, redis=redis)


def order_of(sku: str, name: str, units: int = 1) -> risk_pb2.ScoreOrderRequest:
    """Return an order of flash sale units."""
    request = score_request(f"r-{name}", units=units)
    request.order.order_id = name
    for one in request.order.lines:
        one.sku = sku
        one.promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
    return request


def score(service: Service, request: risk_pb2.ScoreOrderRequest) -> risk_pb2.Decision:
    """Return the decision on an order."""
    return service.risk.ScoreOrder(request, timeout=30).decision


def score_when_back(service: Service, name: str, units: int) -> risk_pb2.Decision:
    """Return the decision on an order once limits are counted again."""
    numbers, decision = count(), risk_pb2.Decision(mode=risk_pb2.MODE_NO_LIMITS)

    def is_counted() -> bool:
        decision.CopyFrom(score(service, order_of("sku-2", f"{name}-{next(numbers)}", units)))
        return decision.mode != risk_pb2.MODE_NO_LIMITS

    wait_until(is_counted, "limits are counted again", pause_s=0.1)
    return decision


def test_units_that_one_service_sold_are_gone_at_the_other(shops: Shops) -> None:
    """The stock is one: three units, whichever service is asked."""
    assert score(shops.first, order_of("sku-1", "o-1", 2)).outcome == risk_pb2.OUTCOME_ALLOW
    assert score(shops.second, order_of("sku-1", "o-2")).outcome == risk_pb2.OUTCOME_ALLOW
    for number, service in enumerate((shops.first, shops.second)):
        gone = score(service, order_of("sku-1", f"o-3-{number}"))
        assert gone.outcome == risk_pb2.OUTCOME_DENY
        assert [(use.cap, use.used) for use in gone.limit_uses] == [(3, 3)]
    confirm = limits_pb2.ConfirmRequest(reservation_id="o-1")
    confirmed = shops.second.limits.Confirm(confirm, timeout=30)
    assert confirmed.reservation.state == limits_pb2.RESERVATION_STATE_CONFIRMED


def test_services_outlive_the_loss_of_either_store(shops: Shops) -> None:
    """Without Redis they go on; without PostgreSQL nothing limited is allowed, until it is back."""
    shops.redis.kill()
    assert score(shops.first, order_of("sku-2", "p-1")).outcome == risk_pb2.OUTCOME_ALLOW
    shops.postgres.kill()
    lost = score(shops.first, order_of("sku-2", "p-2"))
    assert lost.outcome != risk_pb2.OUTCOME_ALLOW
    assert lost.mode == risk_pb2.MODE_NO_LIMITS
    shops.postgres.start()
    assert score_when_back(shops.second, "p-3", 2).outcome == risk_pb2.OUTCOME_ALLOW
    assert score_when_back(shops.first, "p-4", 1).outcome == risk_pb2.OUTCOME_DENY
    shops.redis.start()
