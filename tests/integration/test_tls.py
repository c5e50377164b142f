"""The way to the service encrypted, by its own TLS, with and without certificates of callers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from risk_service.client import ClientOptions, DecisionAnswer, RiskClient, Tls
from risk_service.client.answers import FallbackAnswer
from risk_service.domain.errors import ConfigFault
from tests.fixtures.certificates import Issued, authority, issued_by
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    score_request,
    start_server,
)

# A handshake on a busy machine may take longer than checkout would wait.
PATIENT_MS = 20_000.0


class Stand:
    """A server that speaks TLS to callers with a certificate, and its files."""

    def __init__(self, server: RunningServer, folder: Path, signer: Issued) -> None:
        self.server, self.folder, self.signer = server, folder, signer
        self._calls = 0

    def score(self, tls: Tls | None) -> DecisionAnswer | FallbackAnswer:
        """Return the answer to a new order."""
        self._calls += 1
        options = ClientOptions(tls=tls, deadline_ms=PATIENT_MS)
        with RiskClient(self.server.address, options) as client:
            request = score_request(f"tls-{self._calls}")
            return client.score_order(request.order, request_id=request.request_id)

    def caller(self, signer: Issued | None = None) -> Tls:
        """Return the certificates of a caller that the shop's authority has signed, or another."""
        own = issued_by(signer or self.signer, "checkout")
        return Tls(
            root_certificates=self.signer.certificate_pem(),
            private_key=own.key_pem(),
            certificate_chain=own.certificate_pem(),
        )


@pytest.fixture(scope="module")
def stand(master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Return a server with mutual TLS."""
    folder, signer = tmp_path_factory.mktemp("tls"), authority("shop")
    issued_by(signer, "server").write(folder / "server.pem", folder / "server.key")
    (folder / "authority.pem").write_bytes(signer.certificate_pem())
    options = [
        *("--tls-certificate", str(folder / "server.pem"), "--tls-key", str(folder / "server.key")),
        *("--tls-client-authority", str(folder / "authority.pem")),
    ]
    with start_server(copy_files(master_files, folder), options) as server:
        yield Stand(server, folder, signer)


def test_a_caller_with_a_certificate_gets_decisions(stand: Stand) -> None:
    """The answer is a full one."""
    assert isinstance(stand.score(stand.caller()), DecisionAnswer)


def test_callers_without_or_of_others_get_none(stand: Stand) -> None:
    """Nobody is decided for in clear, without a certificate, or with one of another authority."""
    trusting = Tls(root_certificates=stand.signer.certificate_pem())
    for tls in (None, trusting, stand.caller(authority("elsewhere"))):
        assert isinstance(stand.score(tls), FallbackAnswer)


def test_a_server_of_another_authority_is_not_trusted(stand: Stand) -> None:
    """The caller refuses before it says anything."""
    own = stand.caller()
    strange = Tls(
        root_certificates=authority("elsewhere").certificate_pem(),
        private_key=own.private_key,
        certificate_chain=own.certificate_chain,
    )
    assert isinstance(stand.score(strange), FallbackAnswer)


def test_a_renewed_certificate_is_presented_without_a_restart(stand: Stand) -> None:
    """The next connection sees the new authority's certificate; the old one is trusted no more."""
    before = stand.caller()
    renewed = authority("renewed")
    issued_by(renewed, "server").write(stand.folder / "server.pem", stand.folder / "server.key")
    assert isinstance(stand.score(before), FallbackAnswer)
    after = Tls(
        root_certificates=renewed.certificate_pem(),
        private_key=before.private_key,
        certificate_chain=before.certificate_chain,
    )
    assert isinstance(stand.score(after), DecisionAnswer)
    # As it was, for the other tests.
    issued_by(stand.signer, "server").write(
        stand.folder / "server.pem", stand.folder / "server.key"
    )


def test_commands_take_their_certificates_from_the_environment(stand: Stand) -> None:
    """``risk limits usage`` and the like reach a service with mutual TLS."""
    issued_by(stand.signer, "analyst").write(stand.folder / "me.pem", stand.folder / "me.key")
    told = {
        "RISK_TLS_AUTHORITY": str(stand.folder / "authority.pem"),
        "RISK_TLS_CERTIFICATE": str(stand.folder / "me.pem"),
        "RISK_TLS_KEY": str(stand.folder / "me.key"),
    }
    listing = ["lists", "show", "--server", stand.server.address]
    done = CliRunner().invoke(risk, listing, env=told)
    assert done.exit_code == 0, done.output
    broken = CliRunner().invoke(risk, listing, env=told | {"RISK_TLS_KEY": "none.key"})
    assert broken.exit_code == 1
    assert "none.key: No such file" in broken.output
    # A key that is not the certificate's, and an authority that has not signed the service's.
    own = (stand.folder / "me.pem", stand.folder / "server.key")
    for wrong in ({"RISK_TLS_KEY": str(own[1])}, {"RISK_TLS_AUTHORITY": str(own[0])}):
        failed = CliRunner().invoke(risk, listing, env=told | wrong)
        assert failed.exit_code == 1
        assert "TLS cannot be agreed on" in failed.output


def test_half_of_the_settings_is_refused_at_the_start(files: ServiceFiles) -> None:
    """A certificate without its key is no TLS."""
    options = [*files.options(), "--tls-certificate", "server.pem"]
    with pytest.raises(ConfigFault, match="tls_certificate and tls_key go together"):
        CliRunner().invoke(risk, ["serve", *options], catch_exceptions=False)
