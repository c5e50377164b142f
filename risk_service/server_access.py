"""Settings of who the service is to the servers of its stores, and how it knows them.

Windows, stored features, the ledger and admission each have the same five: a user, a
password, and the PEM files of TLS.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, SecretStr, model_validator

# In the place of a file of authorities: those that the system trusts.
SYSTEM = Path("system")
NO_PASSWORD = SecretStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who we are to a server, and whom we take for it.

    Parameters
    ----------
    name
        What the server keeps; its settings begin with it.
    tls_authority
        Who signs the server's certificate, ``SYSTEM`` for whom the system trusts; None: no TLS
        unless the address asks for it.
    tls_certificate, tls_key
        Our own, for mutual TLS.
    """

    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls_authority: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None


class _Access(BaseModel):
    @model_validator(mode="after")
    def _whole_access(self) -> Self:
        for key in type(self).model_fields:
            name, _, rest = key.partition("_")
            if rest == "tls_key":
                _check(access_of(self, name))
        return self


class WindowsAccess(_Access):
    """Of the Redis that keeps windows."""

    windows_user: str = ""
    windows_password: SecretStr = NO_PASSWORD
    windows_tls_authority: Path | None = None
    windows_tls_certificate: Path | None = None
    windows_tls_key: Path | None = None


class FeaturesAccess(_Access):
    """Of the Redis that serving.json names."""

    features_user: str = ""
    features_password: SecretStr = NO_PASSWORD
    features_tls_authority: Path | None = None
    features_tls_certificate: Path | None = None
    features_tls_key: Path | None = None


class LedgerAccess(_Access):
    """Of the PostgreSQL that keeps reservations."""

    ledger_user: str = ""
    ledger_password: SecretStr = NO_PASSWORD
    ledger_tls_authority: Path | None = None
    ledger_tls_certificate: Path | None = None
    ledger_tls_key: Path | None = None


class AdmissionAccess(_Access):
    """Of the Redis that keeps counters."""

    admission_user: str = ""
    admission_password: SecretStr = NO_PASSWORD
    admission_tls_authority: Path | None = None
    admission_tls_certificate: Path | None = None
    admission_tls_key: Path | None = None


def access_of(settings: BaseModel, name: str) -> Access:
    """Return what the settings whose names begin so say."""
    return Access(
        name=name,
        user=getattr(settings, f"{name}_user"),
        password=getattr(settings, f"{name}_password").get_secret_value(),
        tls_authority=getattr(settings, f"{name}_tls_authority"),
        tls_certificate=getattr(settings, f"{name}_tls_certificate"),
        tls_key=getattr(settings, f"{name}_tls_key"),
    )


def _check(access: Access) -> None:
    name = access.name
    if (access.tls_certificate is None) != (access.tls_key is None):
        raise ValueError(f"{name}_tls_certificate and {name}_tls_key go together")
    if access.tls_certificate is not None and access.tls_authority is None:
        raise ValueError(
            f"{name}_tls_certificate needs {name}_tls_authority: a PEM file, or {SYSTEM}"
        )
