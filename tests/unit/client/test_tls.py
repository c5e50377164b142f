"""Encrypted connections, with and without a certificate of the client."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from risk_service.client import ClientOptions, FallbackAnswer, FallbackCause, Tls
from tests.fixtures.certificates import authority
from tests.unit.client.scripted import Scripted, order, serving

PATIENT = {"deadline_ms": 30_000}


def self_signed() -> tuple[bytes, bytes]:
    """Return key and certificate, in PEM, for the loopback address."""
    issued = authority("risk.test")
    return issued.key_pem(), issued.certificate_pem()


def test_a_trusted_certificate_gives_decisions(connect: Callable[..., Any]) -> None:
    """With mutual TLS both sides present a certificate and the call passes."""
    key, certificate = self_signed()
    credentials = grpc.ssl_server_credentials([(key, certificate)], certificate, True)
    tls = Tls(root_certificates=certificate, private_key=key, certificate_chain=certificate)
    with serving(Scripted(), credentials) as service:
        answer = connect(service.target, ClientOptions(tls=tls)).score_order(
            order(), "req_1", **PATIENT
        )
    assert not answer.is_fallback


def test_a_foreign_certificate_is_not_believed(connect: Callable[..., Any]) -> None:
    """A server that another authority vouches for gets no order: fallback."""
    key, certificate = self_signed()
    _, other = self_signed()
    options = ClientOptions(tls=Tls(root_certificates=other))
    with serving(Scripted(), grpc.ssl_server_credentials([(key, certificate)])) as service:
        answer = connect(service.target, options).score_order(order(), "req_1", **PATIENT)
        assert service.seen == []
    assert isinstance(answer, FallbackAnswer)
    assert answer.cause is FallbackCause.UNAVAILABLE


def test_the_name_in_the_certificate_can_be_given(connect: Callable[..., Any]) -> None:
    """A target reached by another name is verified against ``server_name``."""
    key, certificate = self_signed()
    tls = Tls(root_certificates=certificate, server_name="risk.test")
    with serving(Scripted(), grpc.ssl_server_credentials([(key, certificate)])) as service:
        target = service.target.replace("127.0.0.1", "localhost")
        answer = connect(target, ClientOptions(tls=tls)).score_order(order(), "req_1", **PATIENT)
    assert not answer.is_fallback


def test_half_a_client_certificate_is_refused() -> None:
    """A key without its certificate, or the reverse, is a mistake."""
    with pytest.raises(ValueError, match="mutual TLS"):
        Tls(private_key=b"key")


def test_the_environment_names_the_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options that say nothing about TLS take the files that the environment names."""
    issued = authority("risk.test")
    issued.write(tmp_path / "me.pem", tmp_path / "me.key")
    monkeypatch.setenv("RISK_TLS_AUTHORITY", str(tmp_path / "me.pem"))
    assert ClientOptions().tls == Tls(root_certificates=issued.certificate_pem())
    monkeypatch.setenv("RISK_TLS_CERTIFICATE", str(tmp_path / "me.pem"))
    with pytest.raises(ValueError, match="RISK_TLS_CERTIFICATE and RISK_TLS_KEY go together"):
        ClientOptions()
    monkeypatch.setenv("RISK_TLS_KEY", str(tmp_path / "me.key"))
    monkeypatch.setenv("RISK_TLS_AUTHORITY", "system")
    own = Tls(private_key=issued.key_pem(), certificate_chain=issued.certificate_pem())
    assert ClientOptions().tls == own
    monkeypatch.delenv("RISK_TLS_AUTHORITY")
    with pytest.raises(ValueError, match="need RISK_TLS_AUTHORITY"):
        ClientOptions()
