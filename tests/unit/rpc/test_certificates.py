"""The server's certificate files: what is refused, and when they are read again."""

from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.rpc.certificates import Certificates
from tests.fixtures.certificates import Issued, authority, issued_by


@pytest.fixture(scope="module")
def signer() -> Issued:
    """Return an authority."""
    return authority("shop")


@pytest.fixture
def files(tmp_path: Path, signer: Issued) -> Certificates:
    """Return the certificate of a server, with callers that must present theirs."""
    issued_by(signer, "server").write(tmp_path / "server.pem", tmp_path / "server.key")
    (tmp_path / "authority.pem").write_bytes(signer.certificate_pem())
    return Certificates(
        certificate=tmp_path / "server.pem",
        key=tmp_path / "server.key",
        client_authority=tmp_path / "authority.pem",
    )


def _again(files: Certificates) -> Certificates:
    return Certificates(
        certificate=files.certificate, key=files.key, client_authority=files.client_authority
    )


def test_files_as_they_were_are_not_read_again(files: Certificates) -> None:
    """A handshake costs three looks at files, not their reading."""
    assert files.renewed() is None


def test_renewed_files_are_read_once(files: Certificates, signer: Issued) -> None:
    """The first handshake after the renewal gets the new certificate, the next nothing new."""
    issued_by(signer, "server").write(files.certificate, files.key)
    assert files.renewed() is not None
    assert files.renewed() is None


def test_half_a_renewal_changes_nothing_until_it_is_whole(
    files: Certificates, signer: Issued, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the writing of certificate and key the old ones serve."""
    new = issued_by(signer, "server")
    files.certificate.write_bytes(new.certificate_pem())
    assert files.renewed() is None
    assert "certificate_not_renewed" in caplog.messages
    files.key.write_bytes(new.key_pem())
    assert files.renewed() is not None


def test_a_file_that_is_gone_changes_nothing(
    files: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and the certificate in memory serves on."""
    files.certificate.unlink()
    assert files.renewed() is None
    assert "certificate_not_renewed" in caplog.messages


def test_a_key_of_another_certificate_is_refused(files: Certificates, signer: Issued) -> None:
    """The port would open and every handshake fail."""
    files.key.write_bytes(issued_by(signer, "other").key_pem())
    with pytest.raises(ConfigFault, match=r"server\.pem and .*server\.key: no certificate and its"):
        _again(files)


def test_a_key_that_others_may_read_is_refused(files: Certificates) -> None:
    """As the identity key is."""
    files.key.chmod(0o640)
    with pytest.raises(ConfigFault, match=r"TLS key .*chmod 600"):
        _again(files)


@pytest.mark.parametrize("name", ["certificate", "key", "client_authority"])
def test_a_missing_file_is_named(files: Certificates, name: str) -> None:
    """The message tells which one."""
    path: Path = getattr(files, name)
    path.unlink()
    with pytest.raises(ConfigFault, match=f"TLS file .*{path.name}: No such file"):
        _again(files)


@pytest.mark.parametrize("name", ["certificate", "key", "client_authority"])
def test_a_file_of_something_else_is_named(files: Certificates, name: str) -> None:
    """Bytes that are no PEM are refused before the port opens."""
    path: Path = getattr(files, name)
    path.write_bytes(b"\xff\x00 nothing of the kind")
    with pytest.raises(ConfigFault, match=path.name):
        _again(files)
