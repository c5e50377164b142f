"""A bench for imports: a mapping and a source in, tables or the fault out."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import RiskError
from training.datasets.importing.run import Imported, import_events
from training.datasets.own_events import OwnDescription, read_own_description

CHINESE = re.compile("[\u4e00-\u9fff]")
PAYMENTS = """\
id,time,card,shop,price,fraud
a1,2024-05-01T10:00:00Z,4711,North,12.50,0
a2,2024-05-01T11:00:00Z,4712.0,North,7,1
a3,2024-05-01T09:00:00Z,,South,-3.25,0
a4,2024-05-02T09:00:00Z,4711,,1e2,
"""
MAPPING = """\
name = "payments"
[event]
id = "id"
time = "time"
[entities]
card = "card"
shop = "shop"
[amount]
column = "price"
currency = "EUR"
[labels.fraud]
column = "fraud"
positive = ["1"]
delay = "7d"
"""


@dataclass
class Bench:
    """Imports texts or files within one directory."""

    directory: Path
    imported: Imported | None = None
    count: int = 0
    paths: list[Path] = field(default_factory=list)

    def run(self, source: str | bytes | Path = PAYMENTS, mapping: str = MAPPING) -> OwnDescription:
        """Import, and read back the description, which compares it with the tables."""
        self.count += 1
        path = source if isinstance(source, Path) else self.directory / "source.csv"
        if isinstance(source, str):
            path.write_bytes(source.encode())
        elif isinstance(source, bytes):
            path.write_bytes(source)
        mapping_file = self.directory / "mapping.toml"
        mapping_file.write_text(mapping, encoding="utf-8")
        self.paths.append(self.directory / f"out{self.count}")
        self.imported = import_events(mapping_file, path, self.out)
        return read_own_description(self.out)

    @property
    def out(self) -> Path:
        """Return where the last import went."""
        return self.paths[-1]

    def events(self) -> list[dict[str, Any]]:
        """Return the events of the last import."""
        rows: list[dict[str, Any]] = pq.read_table(self.out / "events.parquet").to_pylist()
        return rows

    def labels(self) -> list[dict[str, Any]]:
        """Return the labels of the last import."""
        rows: list[dict[str, Any]] = pq.read_table(self.out / "labels.parquet").to_pylist()
        return rows

    def column(self, name: str) -> list[Any]:
        """Return one column of the events."""
        return [row[name] for row in self.events()]

    def fault(self, source: str | bytes | Path = PAYMENTS, mapping: str = MAPPING) -> str:
        """Return what an import is refused with, in English; nothing is left of it.

        Whatever it is, it is told in Chinese as well.
        """
        before = {path.name for path in self.directory.iterdir() if path.is_dir()}
        with pytest.raises(RiskError) as caught:
            self.run(source, mapping)
        assert {path.name for path in self.directory.iterdir() if path.is_dir()} == before
        assert CHINESE.search(caught.value.zh), caught.value.zh
        return str(caught.value).replace(f"{self.directory}/", "")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a bench in an empty directory."""
    return Bench(tmp_path)


@pytest.fixture
def payments() -> str:
    """Return four payments, one of them without a label."""
    return PAYMENTS


@pytest.fixture
def mapped() -> Callable[..., str]:
    """Return the mapping of the payments with texts replaced."""

    def replaced(*pairs: tuple[str, str]) -> str:
        text = MAPPING
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        return text

    return replaced
