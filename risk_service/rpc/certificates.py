"""The server's certificate: read from files, and again when they are renewed.

Each handshake looks at the files first, so that a renewed certificate is in use without a
restart, and connections that are open go on. Files that do not go together, as in the moment
between the writing of one and of the other, change nothing.
"""

import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from risk_service.domain.errors import ConfigFault
from risk_service.identity.pem_files import Stamp, load_authority, load_pair, stamps_of

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Certificates:
    """PEM files of the server.

    Parameters
    ----------
    certificate
        The server's own, followed by those that lead to its authority.
    key
        The private key; refused when group or others may open it.
    client_authority
        Who signs the certificates that callers must present (mutual TLS); None: they need none.

    Raises
    ------
    ConfigFault
        A file cannot be read or is none, or certificate and key do not go together.
    """

    certificate: Path
    key: Path
    client_authority: Path | None = None
    _stamps: tuple[Stamp, ...] = field(default=(), repr=False)
    _current: grpc.ServerCertificateConfiguration = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse files that no connection could be made with."""
        self._stamps, self._current = stamps_of(self._files()), self._read()

    def credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC needs to open the port."""
        return grpc.dynamic_ssl_server_credentials(
            self._current,
            self.renewed,  # type: ignore[arg-type]  # None means that nothing is new
            require_client_authentication=self.client_authority is not None,
        )

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what the files hold now, or None when that is in use already or cannot be."""
        try:
            stamps = stamps_of(self._files())
            if stamps == self._stamps:
                return None
            # Noted before they are read: what is written meanwhile is read at the next handshake.
            self._stamps, self._current = stamps, self._read()
        except ConfigFault as error:
            log.error("certificate_not_renewed", extra={"error": str(error)})  # noqa: TRY400  # the message says it all
            return None
        log.info("certificate_renewed", extra={"file": str(self.certificate)})
        return self._current

    def _files(self) -> tuple[Path, ...]:
        files = (self.certificate, self.key)
        return files if self.client_authority is None else (*files, self.client_authority)

    def _read(self) -> grpc.ServerCertificateConfiguration:
        certificate, context = _pem(self.certificate), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # gRPC would open the port and fail every handshake.
        key = load_pair(context, self.certificate, self.key)
        authority = None
        if self.client_authority is not None:
            authority = _pem(self.client_authority)
            load_authority(context, self.client_authority)
        return grpc.ssl_server_certificate_configuration(
            [(key.encode("ascii"), certificate)], root_certificates=authority
        )


def _pem(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigFault(f"TLS file {path}: {error.strerror}") from error
