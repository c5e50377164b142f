"""Feast fills a Redis by TLS and a user of its own, and the service reads there what it wrote."""

from pathlib import Path

import pytest

from risk_service.adapters.feast_layout.manifest import load_manifest
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.adapters.feast_layout.redis_reader import FeastRedisReader
from risk_service.adapters.redis.addresses import login_to
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.server_access import Access
from tests.fixtures.encrypted import PASSWORD, make_shop
from tests.fixtures.ports import free_ports
from tests.fixtures.postgres_server import PASSWORD as REGISTRY_PASSWORD
from tests.fixtures.postgres_server import postgres_server
from tests.fixtures.redis_server import redis_server
from tests.parity.conftest import World, midnight
from tests.parity.test_parity import bits
from training.frames.feast_repo import REDIS_VARIABLE, REGISTRY_VARIABLE
from training.frames.materialize import manifest_path, materialize
from training.frames.materialize_shared import materialize_shared

DAY = 40


def test_feast_and_the_service_meet_behind_tls(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options of redis-py are those of our marks; the file says TLS and no user."""
    shop, serving = make_shop(tmp_path / "shop"), tmp_path / "serving.json"
    (port,) = free_ports(1)
    options = {
        "username": "feast",
        "password": PASSWORD,
        "ssl": "true",
        "ssl_ca_certs": shop.file("authority.pem"),
        "ssl_certfile": shop.file("service.pem"),
        "ssl_keyfile": shop.file("service.key"),
    }
    with redis_server(*shop.redis_options(port)) as redis, postgres_server() as postgres:
        redis.call("ACL", "SETUSER", "feast", "on", f">{PASSWORD}", "~*", "+@all")
        redis.call("ACL", "SETUSER", "features", "on", f">{PASSWORD}", "%R~*", "+@read", "+cluster")
        redis.call("ACL", "SETUSER", "default", "-@write")
        user, _, host = postgres.address.removeprefix("postgresql://").partition("@")
        registry = f"postgresql+psycopg://{user}:{REGISTRY_PASSWORD}@{host}"
        monkeypatch.setenv(REGISTRY_VARIABLE, registry)
        missing = options | {"ssl_ca_certs": "none.pem"}
        monkeypatch.setenv(REDIS_VARIABLE, connection(port, missing))
        with pytest.raises(ConfigFault, match=rf"{REDIS_VARIABLE}: TLS file none\.pem: No such"):
            materialize_shared(world.warehouse, midnight(DAY), serving)
        monkeypatch.setenv(REDIS_VARIABLE, connection(port, options))
        for _ in range(2):  # the second call finds the marks of the first
            materialize_shared(world.warehouse, midnight(DAY), serving)
        manifest = load_manifest(serving)
        assert manifest.online_store == f"rediss://127.0.0.1:{port}"
        assert PASSWORD not in serving.read_text()
        orders = world.orders_of(DAY)
        now_us = orders[-1].ordered_at_us
        materialize(world.warehouse, midnight(DAY), tmp_path / "online.db")
        embedded = FeastSqliteReader(load_manifest(manifest_path(tmp_path / "online.db")))
        login = login_to(manifest.online_store, shop.access("features", "features", PASSWORD))
        reader = FeastRedisReader(manifest, login=login, timeout_s=5.0)
        read = reader.read(orders, now_us).values
        assert bits(read) == bits(embedded.read(orders, now_us).values)
        # Without a word about an authority those of the system are asked, and TLS it stays.
        login = login_to(manifest.online_store, Access(name="features"))
        strange = FeastRedisReader(manifest, login=login, timeout_s=5.0)
        with pytest.raises(StoreUnavailable, match="see features_tls_authority"):
            strange.read(orders, now_us)
        for one in (embedded, reader, strange):
            one.close()


def connection(port: int, options: dict[str, str]) -> str:
    """Return a Redis as Feast's configuration names it."""
    return ",".join([f"127.0.0.1:{port}", *(f"{name}={one}" for name, one in options.items())])
