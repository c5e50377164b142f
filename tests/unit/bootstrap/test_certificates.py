"""Whether the port speaks TLS, and who is told when it should and does not."""

from pathlib import Path

import pytest

from risk_service.bootstrap.server import _certificates
from risk_service.config import Settings, load_settings
from tests.fixtures.certificates import authority, issued_by

NEEDED = ("bundle", "trust", "identity_key", "features", "state")


def settings(**given: str) -> Settings:
    """Return settings with everything that must be given."""
    return load_settings({**dict.fromkeys(NEEDED, "x"), **given}, {})


@pytest.mark.parametrize(
    ("listen", "told"),
    [
        ("0.0.0.0:50051", ["no_tls"]),
        ("10.1.2.3:50051", ["no_tls"]),
        ("risk.shop.example:50051", ["no_tls"]),
        ("127.0.0.1:50051", []),
        ("[::1]:50051", []),
        ("localhost:50051", []),
    ],
)
def test_a_port_that_others_reach_in_clear_is_warned_of(
    listen: str, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens would cross the network for all to read; on the machine itself they do not."""
    assert _certificates(settings(listen=listen)) is None
    assert caplog.messages == told
    assert [one.address for one in caplog.records] == [listen] * len(told)  # type: ignore[attr-defined]  # an extra


def test_with_a_certificate_nobody_is_warned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever the port is."""
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    issued_by(authority("shop"), "server").write(certificate, key)
    one = _certificates(
        settings(listen="10.1.2.3:1", tls_certificate=str(certificate), tls_key=str(key))
    )
    assert one is not None
    assert (one.certificate, one.key) == (certificate, key)
    assert caplog.messages == []
