"""Stored features in Redis: the reader is Feast's SDK and the embedded reader, to the last bit.

Feast's own production configuration fills them, with its registry in PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from feast import FeatureStore
from msgspec.structs import replace

from risk_service.adapters.feast_layout.encoding import DOUBLE
from risk_service.adapters.feast_layout.kept_rows import CACHED_ROWS
from risk_service.adapters.feast_layout.manifest import ServingManifest, load_manifest
from risk_service.adapters.feast_layout.marks import mark_keys
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.adapters.feast_layout.redis_reader import KEEP_S, FeastRedisReader
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.parity.conftest import World, midnight
from tests.parity.test_parity import STORED, bits
from training.frames.feast_repo import REDIS_VARIABLE, REGISTRY_VARIABLE, open_production
from training.frames.materialize import manifest_path, materialize
from training.frames.materialize_shared import materialize_shared

DAYS = (40, 47)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Start a Redis."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Start a PostgreSQL."""
    with postgres_server() as server:
        yield server


@contextmanager
def configured(redis: RedisServer, postgres: PostgresServer) -> Iterator[None]:
    """Name the servers as an operator does."""
    user, _, host = postgres.address.removeprefix("postgresql://").partition("@")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(REDIS_VARIABLE, f"{redis.address},socket_timeout=5")
        patch.setenv(REGISTRY_VARIABLE, f"postgresql+psycopg://{user}:{PASSWORD}@{host}")
        yield


@pytest.fixture(scope="module", params=DAYS)
def filled(
    request: pytest.FixtureRequest,
    world: World,
    redis: RedisServer,
    postgres: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[int, ServingManifest, FeatureStore]]:
    """Bring the one Redis to the next midnight, as a nightly job would."""
    serving = tmp_path_factory.getbasetemp() / "shared" / "serving.json"
    with configured(redis, postgres):
        materialize_shared(world.warehouse, midnight(request.param), serving)
        with open_production(world.warehouse) as store:
            yield request.param, load_manifest(serving), store


def reader_of(manifest: ServingManifest, **more: object) -> FeastRedisReader:
    """Open a reader; a busy machine answers late."""
    return FeastRedisReader(manifest, timeout_s=5.0, **more)  # type: ignore[arg-type]  # options


def test_the_manifest_says_where_and_holds_no_option(
    filled: tuple[int, ServingManifest, FeatureStore], redis: RedisServer
) -> None:
    """Options of Feast's text, a password among them, are not written beside the service."""
    _, manifest, _ = filled
    assert manifest.online_store == f"redis://{redis.address}"
    assert manifest.is_shared


def test_reader_is_the_sdk_and_the_embedded_reader(
    world: World, filled: tuple[int, ServingManifest, FeatureStore], tmp_path: Path
) -> None:
    """The same values in one group, order by order, from memory and after it was let go."""
    day, manifest, store = filled
    orders = world.orders_of(day)
    rows = [dict(zip(ENTITIES, entity_keys(order), strict=True)) for order in orders]
    answer = store.get_online_features(
        features=store.get_feature_service("online_v1"), entity_rows=rows
    ).to_dict()
    sdk = np.column_stack([np.array(answer[name], dtype=np.float64) for name in STORED])
    assert np.isfinite(sdk).any()
    now_us = orders[-1].ordered_at_us
    embedded_manifest = materialize(world.warehouse, midnight(day), tmp_path / "online.db")
    assert embedded_manifest.views == manifest.views
    embedded = FeastSqliteReader(load_manifest(manifest_path(tmp_path / "online.db")))
    wanted = embedded.read(orders, now_us).values
    now_s = [0.0]
    reader = reader_of(manifest, clock=lambda: now_s[0], cached_rows=CACHED_ROWS)
    for _ in range(3):
        assert bits(reader.read(orders, now_us).values) == bits(wanted) == bits(sdk)
        now_s[0] += 2 * KEEP_S
    small = reader_of(manifest, cached_rows=20)
    one_by_one = [small.read([order], now_us).values for order in orders]
    assert bits(np.concatenate(one_by_one)) == bits(wanted)
    for one in (embedded, reader, small):
        one.close()


def test_rows_in_memory_are_read_again(
    world: World, filled: tuple[int, ServingManifest, FeatureStore], redis: RedisServer
) -> None:
    """Others may fill the store, and tell nobody: who orders all the time is no exception."""
    day, manifest, _ = filled
    order = world.orders_of(day)[0]
    now_s = [0.0]
    with closing(reader_of(manifest, clock=lambda: now_s[0])) as reader:
        before = reader.read([order], order.ordered_at_us).values[0, 0]
        view = reader._views[0]
        key, field = view.stored_key(entity_keys(order)[0]), view.fields[0]
        kept = redis.call("HGET", key, field)
        redis.call("HSET", key, field, b"\x29" + DOUBLE.pack(before + 1))
        read = []
        for _ in range(4):
            now_s[0] += KEEP_S / 2
            read.append(reader.read([order], order.ordered_at_us).values[0, 0])
        redis.call("HSET", key, field, kept)
    assert read == [before, before + 1, before + 1, before + 1]


@pytest.fixture
def opened(
    world: World, filled: tuple[int, ServingManifest, FeatureStore]
) -> Iterator[tuple[Order, FeastRedisReader]]:
    """Return an order of the day, and a reader."""
    day, manifest, _ = filled
    with closing(reader_of(manifest)) as reader:
        yield world.orders_of(day)[0], reader


def test_rows_expire_by_the_clock_of_the_order(opened: tuple[Order, FeastRedisReader]) -> None:
    """Feast ignores the TTL online; years later nothing is left, and nothing came before."""
    order, reader = opened
    assert np.isfinite(reader.read([order], order.ordered_at_us).values).any()
    for away_us in (-(10**15), 10**15):
        assert np.isnan(reader.read([order], order.ordered_at_us + away_us).values).all()


def test_whom_the_store_does_not_know_has_no_values(opened: tuple[Order, FeastRedisReader]) -> None:
    """An unknown account has none; the other entities are read all the same."""
    order, reader = opened
    known = reader.read([order], order.ordered_at_us).values[0]
    stranger = replace(order, tokens=replace(order.tokens, account="k1:" + "0" * 32))
    found = reader.read([stranger], order.ordered_at_us).values[0]
    of_account = np.array([name.startswith("account__") for name in STORED])
    assert np.isnan(found[of_account]).all()
    assert bits(found[~of_account]) == bits(known[~of_account])


def test_a_redis_that_is_gone_or_holds_something_else_is_no_answer(
    world: World, filled: tuple[int, ServingManifest, FeatureStore], redis: RedisServer
) -> None:
    """Both are an outage of the store: decisions go on without history, and say so."""
    day, manifest, _ = filled
    order = world.orders_of(day)[0]
    nobody = manifest.model_copy(update={"online_store": "redis://127.0.0.1:1"})
    with pytest.raises(StoreUnavailable):
        reader_of(nobody).read([order], order.ordered_at_us)
    reader = reader_of(manifest)
    view = reader._views[0]
    key = view.stored_key(entity_keys(order)[0])
    kept = redis.call("DUMP", key)
    redis.call("SET", key, "text")
    with pytest.raises(StoreUnavailable):
        reader.read([order], order.ordered_at_us)
    redis.call("DEL", key)
    redis.call("HSET", key, view.fields[0], b"\x12\x01a", view.fields[-1], b"\x08\x01")
    with pytest.raises(StoreUnavailable, match="unknown kind"):
        reader.read([order], order.ordered_at_us)
    redis.call("RESTORE", key, 0, kept, "REPLACE")
    mark, *_ = mark_keys(manifest.project)
    said = redis.call("GET", mark)
    assert said == str(manifest.materialized_until_us).encode()
    for lost in (b"", b"soon", str(manifest.materialized_until_us - 1).encode()):
        redis.call("SET", mark, lost)
        with pytest.raises(StoreUnavailable, match="has lost history"):
            reader.read([order], order.ordered_at_us)
    redis.call("SET", mark, said)
    assert np.isfinite(reader.read([order], order.ordered_at_us).values).any()
    reader.close()


def test_an_earlier_time_is_refused(
    world: World, filled: tuple[int, ServingManifest, FeatureStore], tmp_path: Path
) -> None:
    """Redis keeps the newest row; a manifest must not say less than is there."""
    day, manifest, _ = filled
    serving = tmp_path / "serving.json"
    serving.write_text(manifest.model_dump_json(), "utf-8")
    with pytest.raises(ConfigFault, match="holds history up to"):
        materialize_shared(world.warehouse, midnight(day - 1), serving)


@pytest.mark.parametrize("lost", ["everything", "a mark"])
def test_what_redis_lost_is_written_again(
    world: World, postgres: PostgresServer, tmp_path: Path, lost: str
) -> None:
    """The next night begins anew: newer rows only would let the loss pass for what is there."""
    day, serving = DAYS[-1], tmp_path / "serving.json"
    orders = world.orders_of(day)
    now_us = orders[-1].ordered_at_us
    materialize(world.warehouse, midnight(day), tmp_path / "online.db")
    embedded = FeastSqliteReader(load_manifest(manifest_path(tmp_path / "online.db")))
    wanted = embedded.read(orders, now_us).values
    embedded.close()
    with redis_server() as redis, configured(redis, postgres):
        manifest = materialize_shared(world.warehouse, midnight(day - 1), serving)
        mark = mark_keys(manifest.project)[-1]
        if lost == "everything":
            redis.call("FLUSHALL")
        else:
            # A node of a cluster that lost its memory has lost its marks and its rows.
            views = reader_of(manifest)._views
            keys = {
                view.stored_key(key)
                for order in orders
                for view, key in zip(views, entity_keys(order), strict=False)
            }
            redis.call("DEL", mark, *keys)
        materialize_shared(world.warehouse, midnight(day), serving)
        with closing(reader_of(load_manifest(serving))) as reader:
            assert bits(reader.read(orders, now_us).values) == bits(wanted)


def test_servers_are_named(world: World, tmp_path: Path) -> None:
    """Without the variables of the configuration nothing is begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(REDIS_VARIABLE, raising=False)
        patch.delenv(REGISTRY_VARIABLE, raising=False)
        with pytest.raises(ConfigFault, match=f"{REGISTRY_VARIABLE} is not set"):
            materialize_shared(world.warehouse, midnight(1), tmp_path / "serving.json")
