"""Encrypted connections, with and without a certificate of the client."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from risk_service.client import ClientOptions, FallbackAnswer, FallbackCause, Tls
from tests.unit.client.scripted import Scripted, order, serving

PATIENT = {"deadline_ms": 30_000}


def self_signed() -> tuple[bytes, bytes]:
    """Return key and certificate, in PEM, for the loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "risk.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("risk.test")]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, certificate.public_bytes(pem)


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
