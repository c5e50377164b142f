"""TLS of connections that the service opens, by files that are read again when they are renewed."""

import logging
import ssl

from risk_service.domain.errors import ConfigFault
from risk_service.identity.pem_files import Stamp, load_authority, load_pair, stamps_of
from risk_service.server_access import SYSTEM, Access

log = logging.getLogger(__name__)


class ClientTls:
    """Knows a server by its authority, and shows our certificate where it asks for one.

    Raises
    ------
    ConfigFault
        A file cannot be used; the settings are named.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._authority = None if access.tls_authority in (None, SYSTEM) else access.tls_authority
        own = (self._authority, access.tls_certificate, access.tls_key)
        self._files = [file for file in own if file is not None]
        self._stamps, self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Return what a new connection is opened with: by the files as they are now.

        Files that do not go together, as in the moment between the writing of one and of the
        other, change nothing.
        """
        if not self._files:
            return self._context
        try:
            if stamps_of(self._files) != self._stamps:
                self._stamps, self._context = self._read()
                log.info("certificate_renewed", extra={"file": str(self._files[-1])})
        except ConfigFault as error:
            log.error("certificate_not_renewed", extra={"error": str(error)})  # noqa: TRY400  # the message says it all
        return self._context

    def _read(self) -> tuple[tuple[Stamp, ...], ssl.SSLContext]:
        access = self._access
        try:
            # Noted before they are read: what is written meanwhile is read the next time.
            stamps, context = stamps_of(self._files), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if self._authority is None:
                context.load_default_certs()
            else:
                load_authority(context, self._authority)
            if access.tls_certificate is not None and access.tls_key is not None:
                load_pair(context, access.tls_certificate, access.tls_key)
        except ConfigFault as error:
            raise ConfigFault(f"{settings_of_tls(access.name)}: {error}") from error
        return stamps, context


def settings_of_tls(name: str) -> str:
    """Return the settings that say how TLS with a server goes."""
    return f"{name}_tls_authority, {name}_tls_certificate, {name}_tls_key"
