"""The way to the stores encrypted, with users of their own: Redis, Redis Cluster, PostgreSQL."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from risk_service.adapters.feast_layout.manifest import load_manifest, save_manifest
from risk_service.adapters.redis.addresses import Login, login_to, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.marks import RedisMarks
from risk_service.adapters.redis.node import PAUSE_MAX_S, pack
from risk_service.bootstrap.ledger import open_session
from risk_service.config import RecordSettings, read_settings
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.pb.risk.v1 import order_pb2, risk_pb2
from risk_service.server_access import SYSTEM, Access
from tests.fixtures.asking import ask
from tests.fixtures.certificates import authority, issued_by
from tests.fixtures.encrypted import PASSWORD, Shop, make_shop
from tests.fixtures.ports import free_ports
from tests.fixtures.postgres_server import PASSWORD as OWNER_PASSWORD
from tests.fixtures.postgres_server import PostgresServer, postgres_server
from tests.fixtures.redis_server import RedisServer, redis_cluster, redis_server
from tests.fixtures.redis_stores import COMPILED
from tests.fixtures.service import ServiceFiles, copy_files, score_request, start_server
from tests.fixtures.waiting import once_back
from tests.integration.test_shared_features import FEATURE, VALUE, write_history
from tests.integration.test_shared_windows import last_vector

TIMEOUT_S = 5.0
ASKED = pack("GET", "w:none")
# As docs/operations.md and docs/ledger-production.md give them.
USERS = {
    "windows": "~w:* ~{links:* ~{verified:* +@read +@write +@scripting -@dangerous +info "
    "+ping +cluster|slots",
    "features": "%R~* +hmget +get +cluster|slots",
    "admission": "~{limit}* +@read +@write +@scripting -@dangerous +time +cluster|slots",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return certificates."""
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def redis(shop: Shop) -> Iterator[tuple[RedisServer, str]]:
    """Return a Redis, and where it speaks TLS to those who show a certificate."""
    (port,) = free_ports(1)
    with redis_server(*shop.redis_options(port)) as server:
        for user, rules in USERS.items():
            server.call("ACL", "SETUSER", user, "on", f">{PASSWORD}", *rules.split())
        yield server, f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def postgres(shop: Shop) -> Iterator[PostgresServer]:
    """Return a PostgreSQL whose user ``service`` must come by TLS and show a certificate."""
    with postgres_server() as server:
        data = server.directory / "data"
        owner = data.stat()
        for name in ("server.pem", "server.key", "authority.pem"):
            shutil.copy(shop.folder / name, data / name)
            os.chown(data / name, owner.st_uid, owner.st_gid)
        hba = data / "pg_hba.conf"
        hba.write_text(
            "hostssl all service 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n"
            "host all ledger 127.0.0.1/32 scram-sha-256\n"
        )
        with server.connect() as db:
            for name, file in (("cert", "server.pem"), ("key", "server.key")):
                db.execute(f"ALTER SYSTEM SET ssl_{name}_file = '{file}'".encode())
            db.execute("ALTER SYSTEM SET ssl_ca_file = 'authority.pem'")
            db.execute("ALTER SYSTEM SET ssl = on")
            db.execute(f"CREATE USER service PASSWORD '{PASSWORD}'".encode())
            db.execute("CREATE SCHEMA service AUTHORIZATION service")
        server.kill()
        server.start()
        yield server


def ledger_address(postgres: PostgresServer) -> str:
    """Return the address without a user, as the settings name him."""
    return f"postgresql://127.0.0.1:{postgres.port}/postgres"


def servers_at(address: str, access: Access) -> Cluster:
    """Return what sends commands as a store does."""
    login = login_to(address, access)
    return Cluster(parse_addresses(address), scripts=(), login=login, timeout_s=TIMEOUT_S)


def test_a_service_reaches_all_its_stores_by_tls(
    shop: Shop,
    redis: tuple[RedisServer, str],
    postgres: PostgresServer,
    master_files: ServiceFiles,
    tmp_path: Path,
) -> None:
    """Windows, stored features, counters and the ledger, each with a user and a certificate."""
    server, encrypted = redis
    files = copy_files(master_files, tmp_path)
    write_history(server)
    manifest = load_manifest(files.features)
    address = f"rediss://{encrypted}"
    save_manifest(manifest.model_copy(update={"online_store": address}), files.features)
    stores = ("FEATURES", "WINDOWS", "ADMISSION", "LEDGER")
    environment = {f"RISK_{store}_TIMEOUT_MS": "5000" for store in stores}  # or none is full
    for name in USERS:
        environment |= shop.environment(name, name)
    environment |= shop.environment("ledger", "service")
    options = ["--windows", address, "--admission", f"redis://{encrypted}"]
    options += ["--ledger", ledger_address(postgres)]
    with start_server(files, options, environment=environment) as running:
        for number in range(3):
            request = score_request(f"a-{number}")
            request.order.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
            answer = ask(running.address, request)
            assert answer.mode == risk_pb2.MODE_FULL
        assert answer.limit_uses
        seen = last_vector(files)
        assert (seen[FEATURE], seen["account__attempts_1h"]) == (VALUE, 2)
        assert "WARNING" not in running.log.read_text()
    refused = server.call("ACL", "LOG")
    assert not refused, f"a user was refused something: {refused}"
    with postgres.connect() as db:
        assert db.execute("SELECT 1 FROM service.ledger_records LIMIT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "wrong"}, "WRONGPASS.*; see windows_user, windows_password"),
        ({"user": "nobody"}, "WRONGPASS.*; see windows_user, windows_password"),
        ({"tls_authority": "elsewhere.pem"}, "CERTIFICATE_VERIFY_FAILED.*; see windows_tls_auth"),
        ({"tls_authority": SYSTEM}, "CERTIFICATE_VERIFY_FAILED.*; see windows_tls_authority"),
        ({"tls_certificate": None, "tls_key": None}, "; see .*, windows_tls_certificate, "),
    ],
)
def test_what_a_redis_refuses_names_the_settings(
    shop: Shop, redis: tuple[RedisServer, str], changed: dict[str, object], words: str
) -> None:
    """A wrong user, password, authority, or no certificate; no password is told."""
    elsewhere = shop.folder / "elsewhere.pem"
    elsewhere.write_bytes(authority("elsewhere").certificate_pem())
    told = {name: elsewhere if one == elsewhere.name else one for name, one in changed.items()}
    access = replace(shop.access("windows", "windows", PASSWORD), **told)  # type: ignore[arg-type]  # of its fields
    servers = servers_at(f"redis://{redis[1]}", access)
    with pytest.raises(StoreUnavailable, match=words) as failure:
        servers.ask_each(ASKED)
    assert PASSWORD not in str(failure.value)
    assert "wrong" not in str(failure.value)
    servers.close()


def test_a_server_under_another_name_is_not_trusted(
    shop: Shop, redis: tuple[RedisServer, str]
) -> None:
    """The certificate must be that of the host which the address names."""
    redis[0].call("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2")
    port = redis[1].rpartition(":")[2]
    servers = servers_at(f"127.0.0.2:{port}", shop.access("windows"))
    with pytest.raises(StoreUnavailable, match=r"CERTIFICATE_VERIFY_FAILED.* mismatch"):
        servers.ask_each(ASKED)
    login = login_to("", shop.access("windows"))
    assert login.tls is not None
    assert login.tls().check_hostname


def test_a_cluster_is_reached_by_tls(shop: Shop) -> None:
    """Each node is asked on its port of TLS, with user and certificate, also after a move."""
    with redis_cluster(lambda: (*shop.redis_options(free_ports(1)[0]), "--tls-cluster", "yes")) as (
        nodes
    ):
        for node in nodes:
            rules = USERS["windows"].split()
            node.call("ACL", "SETUSER", "windows", "on", f">{PASSWORD}", *rules)
        port = int(nodes[0].call("CONFIG", "GET", "tls-port")[1])  # type: ignore[index]  # a pair
        servers = servers_at(
            f"rediss://127.0.0.1:{port}", shop.access("windows", "windows", PASSWORD)
        )
        keys = [f"w:{number}".encode() for number in range(100)]
        for _ in servers.run(keys, [pack("SET", key, key) for key in keys]):
            pass
        asked = dict(servers.run(keys, [pack("GET", key) for key in keys]))
        assert [asked[place] for place in range(100)] == keys
        assert len({servers.address_of(key) for key in keys}) == len(nodes)
        assert not {port for _, port in map(servers.address_of, keys)} & {n.port for n in nodes}
        servers.close()


def test_renewed_certificates_are_used_without_a_restart(
    shop: Shop, redis: tuple[RedisServer, str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The next connection shows them; half of a renewal changes nothing."""
    caplog.set_level("INFO")
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    issued_by(authority("elsewhere"), "service").write(certificate, key)
    right = shop.access("windows", "windows", PASSWORD)
    access = replace(right, tls_certificate=certificate, tls_key=key)
    servers = servers_at(f"redis://{redis[1]}", access)
    with pytest.raises(StoreUnavailable):
        servers.ask_each(ASKED)
    signed = issued_by(shop.signer, "service")
    certificate.write_bytes(signed.certificate_pem())
    time.sleep(PAUSE_MAX_S)
    with pytest.raises(StoreUnavailable):
        servers.ask_each(ASKED)
    assert "certificate_not_renewed" in caplog.messages
    signed.write(certificate, key)
    assert once_back(lambda: list(servers.ask_each(ASKED).values())) == [None]
    assert "certificate_renewed" in caplog.messages
    servers.close()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ledger_password": "wrong"}, "password authentication failed"),
        ({"ledger_tls_authority": "elsewhere.pem"}, "certificate verify failed"),
        ({"ledger_tls_authority": "system"}, "certificate verify failed"),
    ],
)
def test_a_ledger_that_is_not_known_is_not_spoken_to(
    shop: Shop, postgres: PostgresServer, changed: dict[str, str], words: str
) -> None:
    """The session tells the reason, and works with the right settings."""
    (shop.folder / "elsewhere.pem").write_bytes(authority("elsewhere").certificate_pem())
    right = shop.environment("ledger", "service")
    environment = right | {
        f"RISK_{name.upper()}": shop.file(value) if value.endswith(".pem") else value
        for name, value in changed.items()
    }
    given = {"state": "s", "ledger": ledger_address(postgres)}
    session = open_session(read_settings(RecordSettings, given, environment))
    with pytest.raises(StoreUnavailable, match=words):
        session.rows("SELECT 1")
    session.close()
    session = open_session(read_settings(RecordSettings, given, right))
    query = "SELECT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    assert ("service", True) in session.rows(query)
    session.close()


def test_what_the_address_of_a_ledger_says_is_not_said_twice(
    shop: Shop, postgres: PostgresServer
) -> None:
    """Two users, or two ways to know the server, are refused by name."""
    environment = shop.environment("ledger", "service")
    for more in ("?sslmode=require", "?sslrootcert=system", "?user=other"):
        given = {"state": "s", "ledger": ledger_address(postgres) + more}
        with pytest.raises(ConfigFault, match="leave one of them out"):
            open_session(read_settings(RecordSettings, given, environment))
    assert OWNER_PASSWORD not in str(given)


@pytest.mark.parametrize("lacking", ["authority.pem", "service.pem", "service.key"])
def test_a_file_that_is_not_there_stops_the_start(
    shop: Shop, master_files: ServiceFiles, tmp_path: Path, lacking: str
) -> None:
    """By the names of the settings, before anything is asked."""
    environment = shop.environment("windows", "windows")
    wrong = {
        name: value.replace(lacking, "none.pem") if value.endswith(lacking) else value
        for name, value in environment.items()
    }
    options = ["--windows", "redis://127.0.0.1:1"]
    with (
        pytest.raises(RuntimeError, match=r"windows_tls_authority.*none\.pem: No such file"),
        start_server(copy_files(master_files, tmp_path), options, environment=wrong),
    ):
        pass


def test_a_user_who_may_not_draw_keys_is_not_told_that_there_are_none(
    shop: Shop, redis: tuple[RedisServer, str]
) -> None:
    """Windows that others filled would be given the whole log again."""
    redis[0].call("ACL", "SETUSER", "narrow", "on", f">{PASSWORD}", "~*", "+cluster|slots", "+ping")
    access = shop.access("windows", "narrow", PASSWORD)
    addresses, login = parse_addresses(redis[1]), login_to("", access)
    marks = RedisMarks(COMPILED, addresses, "service", login=login, timeout_s=TIMEOUT_S)
    with pytest.raises(StoreUnavailable, match="NOPERM"):
        marks.has_windows()
    marks.close()


def test_a_login_shows_no_password() -> None:
    """Neither in a traceback nor in a log."""
    access = Access(name="windows", user="windows", password=PASSWORD)
    assert PASSWORD not in repr(access) + repr(login_to("redis://a:1", access))
    assert Login().command() is None
    assert Login(password="x").command() == ("AUTH", "default", "x")  # noqa: S106 - no secret
    assert Login(username="x").command() == ("AUTH", "x", "")
