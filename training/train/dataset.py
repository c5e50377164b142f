"""What a data set says of itself: its name, time, currency and the digests of its files."""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from training.labels import read_maturity_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The facts of ``dataset.toml``. ``files`` holds its entries of files, with sha256."""

    name: str
    start_us: int
    end_us: int
    currency_code: str
    maturity_days: dict[Abuse, int]
    files: Any
    sha256: str

    @property
    def end(self) -> datetime:
        """The end of the data, aware: the time at which a training on it takes place."""
        return datetime.fromtimestamp(self.end_us / 1e6, tz=UTC)


def read_dataset(directory: Path) -> Dataset:
    """Read ``dataset.toml`` of a raw or prepared data set.

    Raises
    ------
    ConfigFault
        The file is absent or lacks an entry; names it.
    """
    path = directory / "dataset.toml"
    try:
        content = path.read_bytes()
        facts = tomllib.loads(content.decode("utf-8"))
        return Dataset(
            name=str(facts["name"]),
            start_us=_time_us(facts["start"]),
            end_us=_time_us(facts["end"]),
            currency_code=str(facts["currency"]),
            maturity_days=read_maturity_days(path),
            files=facts["files"],
            sha256=hashlib.sha256(content).hexdigest(),
        )
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise ConfigFault(f"{path}: entry {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise ConfigFault(f"{path}: {error}") from error


def _time_us(value: str | datetime) -> int:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError(f"time {value} names no zone")
    # Whole microseconds by integer arithmetic: a float loses them.
    since = time.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
