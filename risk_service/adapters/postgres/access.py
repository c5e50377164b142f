"""What libpq is told of who the service is to PostgreSQL, and how it knows the server."""

import ssl
from pathlib import Path

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ModuleNotFoundError:  # the extra is not installed; reported when a ledger is opened
    psycopg = None  # type: ignore[assignment]  # absence is what `require_psycopg` looks for

from risk_service.adapters.client_tls import ClientTls
from risk_service.domain.errors import ConfigFault
from risk_service.server_access import SYSTEM, Access


def require_psycopg() -> None:
    """Raise ConfigFault when the extra ``postgres`` is not installed."""
    if psycopg is None:
        raise ConfigFault(
            "PostgreSQL needs psycopg, which is not installed: in the clone run "
            "pip install -c constraints.txt '.[postgres]'"
        )


def check_address(address: str) -> None:
    """Check an address such as ``postgresql://user@host:5432/database``.

    Raises
    ------
    ConfigFault
        It is no address, or it holds a password, which would end up in logs.
    """
    try:
        parts = conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise ConfigFault(f"ledger: no address of a PostgreSQL server: {error}") from error
    if "password" in parts:
        raise ConfigFault("ledger: keep the password out of the address; set RISK_LEDGER_PASSWORD")


def options_of(address: str, access: Access) -> dict[str, str]:
    """Return the options of libpq beside the address and the password.

    The server must be the one that the address names, by a certificate of the authority. libpq
    reads the files with each connection, so that renewed ones are in use without a restart.

    Raises
    ------
    ConfigFault
        A file cannot be used, or the address says something else.
    """
    require_psycopg()
    check_address(address)
    options = {"user": access.user} if access.user else {}
    if access.tls_authority is not None:
        # To see at the start what libpq would say with each connection.
        ClientTls(access)
        options |= {"sslmode": "verify-full", "sslrootcert": str(_trusted(access.tls_authority))}
    if access.tls_certificate is not None and access.tls_key is not None:
        options |= {"sslcert": str(access.tls_certificate), "sslkey": str(access.tls_key)}
    twice = sorted(conninfo_to_dict(address).keys() & options.keys())
    if twice:
        raise ConfigFault(
            f"ledger: its address says {', '.join(twice)}, and so does a setting of ledger_user, "
            f"ledger_tls_authority, ledger_tls_certificate, ledger_tls_key; leave one of them out"
        )
    return options


def _trusted(authority: Path) -> Path:
    """Return a file of authorities; a libpq that brings its own TLS knows none of the system's."""
    if authority != SYSTEM:
        return authority
    return Path(ssl.get_default_verify_paths().cafile or SYSTEM)
