"""The settings that name a ledger open it, or say what would be right."""

from pathlib import Path

import pytest

from risk_service.adapters.postgres.ledger import PostgresLedger
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.bootstrap.ledger import open_ledger
from risk_service.config import Settings, load_settings
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.ports import ReservationLedger
from tests.fixtures.limit_texts import shipped_limits
from tests.fixtures.ports import closed_port


def settings(state: Path, **given: object) -> Settings:
    """Return settings with everything that must be given."""
    needed = ("bundle", "trust", "identity_key", "features")
    return load_settings({**dict.fromkeys(needed, "x"), "state": str(state), **given}, {})


def opened(state: Path, **given: object) -> ReservationLedger:
    """Open the ledger of some settings."""
    return open_ledger(settings(state, **given), shipped_limits, lambda _s: None)


def test_embedded_is_the_default(tmp_path: Path) -> None:
    """Without a word the ledger lies beside the decisions."""
    ledger = opened(tmp_path)
    assert isinstance(ledger, SqliteLedger)
    ledger.close()


def test_start_does_not_wait_for_postgres(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A server that is down is told in the log; calls say that nothing can be counted."""
    with closed_port() as port:
        address = f"postgresql://ledger@127.0.0.1:{port}/db"
        ledger = opened(tmp_path, ledger=address, admission="redis://127.0.0.1:1")
        assert isinstance(ledger, PostgresLedger)
        assert [record.message for record in caplog.records] == ["ledger_not_reached"]
        with pytest.raises(StoreUnavailable, match="PostgreSQL"):
            ledger.usage("account", "a", 0)
        ledger.close()


def test_admission_needs_a_shared_ledger(tmp_path: Path) -> None:
    """Counters in Redis follow a shared ledger or none."""
    with pytest.raises(ConfigFault, match="--ledger postgresql"):
        opened(tmp_path, admission="redis://127.0.0.1:6379")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ledger": "mysql://x"}, "ledger"),
        ({"admission": "127.0.0.1:6379"}, "admission"),
        ({"ledger_timeout_ms": "0"}, "ledger_timeout_ms"),
    ],
)
def test_unknown_kinds_are_refused(tmp_path: Path, given: dict[str, object], words: str) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigFault, match=words):
        settings(tmp_path, **given)


def test_password_comes_from_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    """It stands in no address and in no text that is logged."""
    needed = dict.fromkeys(("bundle", "trust", "identity_key", "features"), "x")
    environment = {"RISK_LEDGER_PASSWORD": "geheim"}
    found = load_settings({**needed, "state": str(tmp_path)}, environment)
    assert found.ledger_password.get_secret_value() == "geheim"
    assert "geheim" not in repr(found)
    with pytest.raises(ConfigFault, match="RISK_LEDGER_PASSWORD"):
        opened(tmp_path, ledger="postgresql://a:geheim@127.0.0.1/db")
