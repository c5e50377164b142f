"""Settings of the service, read once at the composition root.

A value comes from the command line, else from the environment (``RISK_<NAME>``), else
from the TOML file, else from the default below. Holds no logic beyond that.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from risk_service.domain.errors import ConfigFault
from risk_service.domain.stamps import CLOCK_END_US
from risk_service.server_access import (
    AdmissionAccess,
    FeaturesAccess,
    LedgerAccess,
    WindowsAccess,
)
from risk_service.setting_words import ENV_PREFIX, all_of, misspelt, told_of

PORT_MAX = 65_535
# Reported events may be as old as this; they ask for the reservations of their orders.
LEDGER_DAYS_MIN = 90
LEDGER = r"^(embedded|postgres(ql)?://.+)$"
REDIS = r"rediss?://[^/]+"


def _as_paths(value: object) -> object:
    """Read several paths from one text, separated as in PATH."""
    return value.split(os.pathsep) if isinstance(value, str) else value


class Settings(WindowsAccess, FeaturesAccess, LedgerAccess, AdmissionAccess):
    """All settings; units are in the names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Files
    bundle: Path
    trust: Annotated[tuple[Path, ...], BeforeValidator(_as_paths), Field(min_length=1)]
    identity_key: Path
    features: Path
    state: Path

    # What is in force until somebody publishes: a directory of rules, a file of limit policies;
    # without them what ships with the service. And the file of all that is governed, to share it
    # between services; without it one in the state directory.
    rules: Path | None = None
    limits: Path | None = None
    governance: Path | None = None
    # What rules must have behind them before they decide: a time in shadow, a backtest
    requirements: Path | None = None

    # Edge
    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:50051"
    # Who may call; without it only this machine can, and needs no token
    actors: Path | None = None
    # PEM files; without them the port speaks no TLS. With an authority callers must present a
    # certificate that it has signed
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_authority: Path | None = None
    metrics_port: Annotated[int, Field(ge=0, le=PORT_MAX)] | None = None
    message_bytes_max: Annotated[int, Field(ge=1024)] = 1024 * 1024
    concurrent_calls_max: Annotated[int, Field(ge=1)] = 2048
    # A stream without a message for so long loses its place
    stream_idle_s: Annotated[float, Field(gt=0)] = 60.0
    deadline_default_ms: Annotated[float, Field(gt=0)] = 1000.0
    deadline_cap_ms: Annotated[float, Field(gt=0)] = 10_000.0
    order_future_s: Annotated[int, Field(ge=0)] = 300
    order_past_s: Annotated[int, Field(ge=0)] = 7 * 86_400

    # Groups
    group_quiet_ms: Annotated[float, Field(ge=0)] = 0.2
    group_age_max_ms: Annotated[float, Field(ge=0)] = 12.0
    group_orders_max: Annotated[int, Field(ge=1, le=500)] = 64
    waiting_orders_max: Annotated[int, Field(ge=1)] = 4096

    # Windows: in this process, or shared in Redis (redis://host:port[,host:port], or rediss://).
    # Who the service is to the servers of this and of what follows stands in server_access.py
    windows: Annotated[str, Field(pattern=rf"^(embedded|{REDIS})$")] = "embedded"
    windows_timeout_ms: Annotated[float, Field(gt=0)] = 50.0
    # Records kept in memory: about 300 bytes each, eight times as much without numba
    window_records_max: Annotated[int, Field(ge=1000)] = 250_000

    # Stored features, where serving.json names a Redis
    features_timeout_ms: Annotated[float, Field(gt=0)] = 50.0

    # Reservations: beside the decisions, or shared (postgresql://user@host:port/database)
    ledger: Annotated[str, Field(pattern=LEDGER)] = "embedded"
    ledger_timeout_ms: Annotated[float, Field(gt=0)] = 500.0
    # Reservations that are over are forgotten after so many days; 0: never
    ledger_keep_days: Annotated[int, Field(ge=0, le=36_500)] = 400
    # Counters that refuse what is hopeless before the shared ledger is asked
    admission: Annotated[str, Field(pattern=rf"^(none|{REDIS})$")] = "none"
    admission_timeout_ms: Annotated[float, Field(gt=0)] = 20.0
    admission_trust_ms: Annotated[float, Field(gt=0)] = 1000.0

    # Who verifies real names; "local" checks nobody, it is a stand-in for tests and laptops
    real_name_provider: Literal["none", "local"] = "none"

    # Decisions
    # Start without a usable bundle: rules, lists and limits decide until one is there
    models_optional: bool = False
    features_stale_after_s: Annotated[int, Field(gt=0)] = 36 * 3600
    replay_from: AwareDatetime | None = None

    # Stop
    drain_notice_s: Annotated[float, Field(ge=0)] = 2.0
    drain_grace_s: Annotated[float, Field(ge=0)] = 10.0

    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="after")
    def _whole_tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        if self.tls_client_authority is not None and self.tls_certificate is None:
            raise ValueError("tls_client_authority needs tls_certificate and tls_key")
        return self

    @field_validator("listen")
    @classmethod
    def _port(cls, listen: str) -> str:
        # gRPC takes the port modulo 65536: the service would listen where nobody looks.
        if int(listen.rpartition(":")[2]) > PORT_MAX:
            raise ValueError(f"the port must be 0 to {PORT_MAX}")
        return listen

    @field_validator("replay_from")
    @classmethod
    def _of_a_clock(cls, start: datetime | None) -> datetime | None:
        if start is not None and not 0 <= start.timestamp() * 1e6 < CLOCK_END_US:
            raise ValueError("must lie between 1970 and 2199")
        return start

    @field_validator("ledger_keep_days")
    @classmethod
    def _long_enough(cls, days: int) -> int:
        if 0 < days < LEDGER_DAYS_MIN:
            raise ValueError(f"must be 0, or at least {LEDGER_DAYS_MIN}: events come as late")
        return days


class RecordSettings(LedgerAccess):
    """Where the records of a service lie: those of its settings that tell, the others left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: Path
    identity_key: Path | None = None
    governance: Path | None = None
    ledger: Annotated[str, Field(pattern=LEDGER)] = "embedded"
    # Pages of a whole ledger are read, not single rows
    ledger_timeout_ms: Annotated[float, Field(gt=0)] = 10_000.0


Read = TypeVar("Read", bound=BaseModel)


def load_settings(
    options: Mapping[str, object], environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """Merge the sources and check them; see ``read_settings``.

    Raises
    ------
    ConfigFault
        As there; or a variable of the environment is a setting but for a slip of the pen.
    """
    if slips := misspelt(environment, Settings.model_fields):
        raise ConfigFault(all_of(slips))
    return read_settings(Settings, options, environment, file)


def read_settings(
    kind: type[Read],
    options: Mapping[str, object],
    environment: Mapping[str, str],
    file: Path | None = None,
) -> Read:
    """Merge the sources and check them.

    Parameters
    ----------
    options
        Options of the command line; None stands for "not given".

    Raises
    ------
    ConfigFault
        Names every setting that is missing or wrong.
    """
    merged: dict[str, object] = _read(file) if file else {}
    for name in kind.model_fields:
        if (text := environment.get(ENV_PREFIX + name.upper())) is not None:
            merged[name] = text
    merged |= {name: value for name, value in options.items() if value is not None}
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults = [told_of(fault, kind.model_fields) for fault in found]
        raise ConfigFault(all_of(faults)) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigFault(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigFault(f"{file}: {error}") from error
