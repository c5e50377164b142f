"""A shop's own events after the import: the layout of the directory, and its reader.

A directory of kind "events" holds ``dataset.toml`` (described here), ``events.parquet``,
``labels.parquet`` and ``mapping.toml`` (the mapping it was imported with). Entities,
attributes and labels have the names that the mapping gave them.

Columns of ``events.parquet``, sorted by ``event_at``, then by row of the source:

| column | type | missing |
|---|---|---|
| ``event_id`` | string, unique | never |
| ``event_at`` | timestamp[us, UTC] | never |
| ``entity__NAME`` | string | null |
| ``amount_minor`` | int64, may be negative; only with ``[amount]`` | null |
| ``num__NAME`` | float64, finite | null |
| ``cat__NAME`` | string | null |

``labels.parquet`` holds (event_id string, label string, value int8, known_at timestamp[us, UTC]),
at most one row per event and label, none for an unlabelled event, sorted as the events are.
Limits: format 1. Identifiers stand in it as they came: tokens are made later.
"""

import hashlib
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from risk_service.domain.errors import DataFault
from training.datasets.toml_text import toml_text
from training.words import WrongValue, fault
from training.words.of_models import first_fault, no_toml

FORMAT = 1
KIND = "events"
DESCRIPTION, EVENTS, LABELS = "dataset.toml", "events.parquet", "labels.parquet"
MAPPING = "mapping.toml"
AMOUNT_COLUMN = "amount_minor"
TIME = pa.timestamp("us", tz="UTC")
LABEL_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("value", pa.int8(), nullable=False),
        pa.field("known_at", TIME, nullable=False),
    ]
)
# One word per thing, and no double underscore: it parts an entity from a feature in names.
NAME_PATTERN = r"^[a-z](_?[a-z0-9])*$"
NAME_LENGTH = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASH_BYTES = 1 << 20

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class OwnAmount(_Part):
    """The amount: which column, in which currency, minor units as powers of ten."""

    column: Literal["amount_minor"] = "amount_minor"
    currency: str
    exponent: Annotated[int, Field(ge=0, le=9)]


class OwnLabel(_Part):
    """One label: what was positive, when it is known, and how many events have it.

    ``delay_s`` is how long after an event its label is taken to be settled. With
    ``known_from`` "delay" every ``known_at`` is ``event_at`` plus it; with "column" the source
    told each time (then it is the declared delay, or else the longest one seen), and with
    "conditions" too, where an event that did not meet them yet was negative once ``delay_s`` had
    gone by; with "later" a later row of the source made the label, and ``delay_s`` is how long it
    may take.
    """

    positive: tuple[str, ...]
    known_from: Literal["delay", "column", "conditions", "later"]
    delay_s: Count
    longest_delay_s: Count
    positives: Count
    negatives: Count
    unlabelled: Count


class OwnFile(_Part):
    """One file of the directory."""

    rows: Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class OwnSource(_Part):
    """What was imported, and what became of each of its rows; nothing is lost unsaid.

    ``rows`` = ``filtered`` + ``refused`` + ``duplicates`` + ``grouped`` + events.
    """

    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    rows: Count
    filtered: Count = 0
    refused: Count = 0
    duplicates: Count = 0
    grouped: Count = 0
    notes: tuple[str, ...] = ()


class OwnDescription(_Part):
    """What ``dataset.toml`` of a set of own events says.

    ``start`` is the time of the first event; ``end`` is the first microsecond after the last.
    ``entities``, ``numeric`` and ``categorical`` map names to descriptions, in the order of
    the mapping, which is the order of the columns.
    """

    format: Literal[1] = 1
    kind: Literal["events"] = "events"
    name: str
    rows: Annotated[int, Field(ge=1)]
    start: AwareDatetime
    end: AwareDatetime
    source: OwnSource
    entities: dict[Name, str]
    amount: OwnAmount | None = None
    numeric: dict[Name, str] = Field(default_factory=dict)
    categorical: dict[Name, str] = Field(default_factory=dict)
    labels: dict[Name, OwnLabel] = Field(default_factory=dict)
    files: dict[str, OwnFile]

    @model_validator(mode="after")
    def _is_sound(self) -> "OwnDescription":
        if self.end <= self.start:
            raise WrongValue.of("end_before_start")
        if missing := {EVENTS, LABELS} - set(self.files):
            raise WrongValue.of("file_entry_missing", name=min(missing))
        return self

    @property
    def start_us(self) -> int:
        """Time of the first event, in microseconds since 1970."""
        return (self.start - _EPOCH) // timedelta(microseconds=1)

    @property
    def end_us(self) -> int:
        """First microsecond after the last event."""
        return (self.end - _EPOCH) // timedelta(microseconds=1)

    @property
    def events_schema(self) -> pa.Schema:
        """Columns of ``events.parquet``."""
        return events_schema(self.entities, self.amount is not None, self.numeric, self.categorical)


def events_schema(
    entities: Iterable[str], has_amount: bool, numeric: Iterable[str], categorical: Iterable[str]
) -> pa.Schema:
    """Return the columns of ``events.parquet`` for names in their order."""
    amount = [pa.field(AMOUNT_COLUMN, pa.int64())] if has_amount else []
    return pa.schema(
        [
            pa.field("event_id", pa.string(), nullable=False),
            pa.field("event_at", TIME, nullable=False),
            *(pa.field(entity_column(name), pa.string()) for name in entities),
            *amount,
            *(pa.field(numeric_column(name), pa.float64()) for name in numeric),
            *(pa.field(categorical_column(name), pa.string()) for name in categorical),
        ]
    )


def entity_column(name: str) -> str:
    """Return the column of an entity."""
    return f"entity__{name}"


def numeric_column(name: str) -> str:
    """Return the column of a numeric attribute."""
    return f"num__{name}"


def categorical_column(name: str) -> str:
    """Return the column of a categorical attribute."""
    return f"cat__{name}"


def is_own_events(directory: Path) -> bool:
    """Tell whether a directory says of itself that it holds own events."""
    try:
        text = (directory / DESCRIPTION).read_text(encoding="utf-8")
        return tomllib.loads(text).get("kind") == KIND
    except (OSError, ValueError):
        return False


def read_own_description(directory: Path) -> OwnDescription:
    """Read ``dataset.toml`` and compare it with the columns and rows of both tables.

    Raises
    ------
    DataFault
        A file is missing or is not what the description says; names what.
    """
    path = directory / DESCRIPTION
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataFault(str(path), None, fault("was_it_imported")) from error
    except (OSError, ValueError) as error:
        raise DataFault(str(path), None, no_toml(error)) from error
    if document.get("kind") != KIND:
        told = fault("not_own_events", kind=document.get("kind"))
        raise DataFault(str(path), None, told)
    try:
        description = OwnDescription.model_validate(document)
    except ValidationError as error:
        raise DataFault(str(path), None, first_fault(error)) from None
    _compare(directory / EVENTS, description.events_schema, description.rows)
    _compare(directory / LABELS, LABEL_SCHEMA, description.files[LABELS].rows)
    return description


def verify_own_files(directory: Path, description: OwnDescription) -> None:
    """Compare the bytes of every file with what the description says of it.

    Raises
    ------
    DataFault
        A file was changed since the import.
    """
    for name, file in description.files.items():
        if sha256_of(directory / name) != file.sha256:
            raise DataFault(str(directory / name), None, fault("changed_since_import"))


def write_own_description(directory: Path, description: OwnDescription) -> None:
    """Write ``dataset.toml``."""
    text = toml_text(description.model_dump(mode="json"))
    (directory / DESCRIPTION).write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _compare(path: Path, schema: pa.Schema, rows: int) -> None:
    try:
        found = pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise DataFault(str(path), None, fault("no_file")) from error
    except (pa.ArrowException, OSError) as error:
        raise DataFault(str(path), None, fault("unreadable_parquet", error=error)) from error
    with found:
        columns = found.schema_arrow
        count = found.metadata.num_rows
    for field in schema:
        if field.name not in columns.names or columns.field(field.name).type != field.type:
            told = fault("column_changed", name=field.name, kind=field.type)
            raise DataFault(str(path), None, told)
    if count != rows:
        raise DataFault(str(path), None, fault("other_rows", count=count, rows=rows))
