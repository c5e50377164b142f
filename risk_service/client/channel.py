"""How the client reaches the service: settings, TLS, keepalive, the channel's options."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from risk_service import __version__

MAX_DEADLINE_MS = 60_000
TOKEN_VARIABLE = "RISK_TOKEN"  # noqa: S105 - the name of an environment variable
TLS_FILES = ("AUTHORITY", "CERTIFICATE", "KEY")
SYSTEM_AUTHORITY = "system"
_OWN_MACHINE = re.compile(r"(localhost|127(\.\d+){3}|\[::1\]):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Certificates as PEM bytes.

    Parameters
    ----------
    root_certificates
        Whom to trust; None: what gRPC ships.
    private_key, certificate_chain
        The client's own, for mutual TLS; both or neither.
    server_name
        Name in the server's certificate when it is not that of the target.
    """

    root_certificates: bytes | None = None
    private_key: bytes | None = None
    certificate_chain: bytes | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        """Refuse half a client certificate."""
        if (self.private_key is None) != (self.certificate_chain is None):
            raise ValueError("mutual TLS needs private_key and certificate_chain")

    def credentials(self) -> grpc.ChannelCredentials:
        """Return what gRPC needs to open the channel."""
        return grpc.ssl_channel_credentials(
            self.root_certificates, self.private_key, self.certificate_chain
        )


def tls_from_environment() -> Tls | None:
    """Return the certificates that the environment names, or None when it names none.

    ``RISK_TLS_AUTHORITY`` is a PEM file of whom to trust, or ``system`` for what gRPC ships;
    ``RISK_TLS_CERTIFICATE`` and ``RISK_TLS_KEY`` are the client's own, for mutual TLS.

    Raises
    ------
    ValueError
        A file cannot be read, or only a part is given.
    """
    authority, *own = (os.environ.get(f"RISK_TLS_{name}") for name in TLS_FILES)
    if not authority:
        if any(own):
            raise ValueError("RISK_TLS_CERTIFICATE and RISK_TLS_KEY need RISK_TLS_AUTHORITY")
        return None
    if any(own) and not all(own):
        raise ValueError("RISK_TLS_CERTIFICATE and RISK_TLS_KEY go together: set both, or neither")
    certificate, key = (_pem(path) if path else None for path in own)
    trusted = None if authority == SYSTEM_AUTHORITY else _pem(authority)
    return Tls(root_certificates=trusted, private_key=key, certificate_chain=certificate)


def _pem(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"TLS file {path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Settings of a client.

    Parameters
    ----------
    deadline_ms
        Time for one call, retry included, when the call names none. 1 to 60,000.
    batch_deadline_ms
        The same for a batch.
    retry_pause_ms
        Mean pause before the one retry; each is drawn from half to one and a half.
    keepalive_ms, keepalive_timeout_ms
        A connection with calls in flight on which nothing came for the first is probed,
        and closed when the probe is not answered within the second.
    max_request_bytes
        Larger requests are refused here; the service would cut the call.
    max_answer_bytes
        Most that is read of one answer. gRPC's own 4 MiB are less than what a batch of limited
        items fills: it would be decided, held, and answered by a fallback.
    user_agent
        Put in front of gRPC's own, so that the service can tell its callers apart.
    tls
        None: no encryption, for loopback and meshes that encrypt by themselves. Read from the
        environment when it is not given, see ``tls_from_environment``.
    token
        Says who calls; empty for a service that knows no actors. Read from ``RISK_TOKEN``
        when it is not given. Never part of ``repr``.
    """

    deadline_ms: float = 200.0
    batch_deadline_ms: float = 5_000.0
    retry_pause_ms: float = 5.0
    keepalive_ms: int = 10_000
    keepalive_timeout_ms: int = 2_000
    max_request_bytes: int = 1024 * 1024
    max_answer_bytes: int = 64 * 1024 * 1024
    user_agent: str = f"promoguard-client/{__version__}"
    tls: Tls | None = field(default_factory=tls_from_environment, repr=False)
    token: str = field(default_factory=lambda: os.environ.get(TOKEN_VARIABLE, ""), repr=False)

    def __post_init__(self) -> None:
        """Refuse a token that no call could carry; the message does not repeat it."""
        if not all("!" <= char <= "~" for char in self.token):
            raise ValueError("token must be printable ASCII without blanks")

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Return what goes with every call."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channel_options(self, target: str) -> Sequence[tuple[str, Any]]:
        """Return the options of the channel to an address, each with its reason beside it."""
        options: list[tuple[str, Any]] = [
            # The client retries once by itself; gRPC's own retries would add to that.
            ("grpc.enable_retries", 0),
            ("grpc.primary_user_agent", self.user_agent),
            ("grpc.keepalive_time_ms", self.keepalive_ms),
            ("grpc.keepalive_timeout_ms", self.keepalive_timeout_ms),
            # An idle connection is not probed: servers close those that ping too often.
            ("grpc.keepalive_permit_without_calls", 0),
            # After a restart of the service gRPC would wait a second and more.
            ("grpc.initial_reconnect_backoff_ms", 100),
            # This one is also the time that one attempt to connect has.
            ("grpc.min_reconnect_backoff_ms", 1_000),
            ("grpc.max_reconnect_backoff_ms", 2_000),
            # Two clients in one process are two connections, as their owner expects.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_send_message_length", self.max_request_bytes),
            ("grpc.max_receive_message_length", self.max_answer_bytes),
        ]
        if _OWN_MACHINE.match(target):
            # What ``http_proxy`` names would look for the service on its own machine.
            options.append(("grpc.enable_http_proxy", 0))
        if self.tls is not None and self.tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return options


def checked_deadline_s(deadline_ms: float) -> float:
    """Return the deadline in seconds.

    Raises
    ------
    ValueError
        It is not between 0 and 60,000 ms: a call without an end is a mistake.
    """
    if not 0 < deadline_ms <= MAX_DEADLINE_MS:
        raise ValueError(f"deadline_ms must be above 0 and at most {MAX_DEADLINE_MS}")
    return deadline_ms / 1_000
