"""The tables that a mapping consists of, and what each of their keys may say.

What can be said in one word may be: a column name stands for a table with nothing but
that column. Every key is described in docs/own-data.md.
"""

import codecs
import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import duckdb
import pyarrow as pa
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from risk_service.domain.currency import decimals_of
from training.datasets.importing.conditions import RowCondition, parse_condition
from training.datasets.importing.durations import seconds_of
from training.datasets.importing.plain_text import plain
from training.datasets.importing.sql import Sql
from training.datasets.importing.zones import FROM_VALUE, check_zone
from training.words import WrongValue

ISO8601, UNIX = "iso8601", "unix"
DEFAULT_MISSING = ("", "NULL", "null", "NaN", "nan", "N/A", "\\N")


def _as_column(value: object) -> object:
    return {"column": value} if isinstance(value, str | list) else value


def _text(value: object) -> object:
    """Return a scalar as the cell text it would be read from."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(str(value)) if isinstance(value, str | int | float) else value


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str | int | float) else value


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _as_origin(value: object) -> object:
    """Return a date or time as a time in UTC unless it has a zone."""
    text = value.isoformat() if isinstance(value, date) else value
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or not 1800 <= moment.year < 2200:
        raise WrongValue.of("no_origin", value=value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


AwareOrigin = Annotated[datetime, BeforeValidator(_as_origin)]
Columns = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
CellText = Annotated[str, BeforeValidator(_text)]
CellTexts = Annotated[tuple[CellText, ...], BeforeValidator(_as_tuple)]
Duration = Annotated[int, BeforeValidator(seconds_of)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
Condition = Annotated[
    RowCondition,
    BeforeValidator(lambda text: parse_condition(text) if isinstance(text, str) else text),
]


class SpecTable(BaseModel):
    """A table of the mapping: frozen, and strict about keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class SourceSpec(SpecTable):
    """``[source]``: how the file is read."""

    format: Literal["csv", "parquet"] | None = None
    delimiter: Character | None = None
    quote: Annotated[str, Field(max_length=1)] = '"'
    escape: Annotated[str, Field(max_length=1)] = ""
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'", "_"] = ""
    missing: CellTexts = DEFAULT_MISSING
    columns: tuple[str, ...] = ()
    skip_lines: Annotated[int, Field(ge=0, le=10_000)] = 0

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError:
            raise WrongValue.of("no_encoding", name=name) from None
        return name

    @model_validator(mode="after")
    def _marks_differ(self) -> "SourceSpec":
        if self.decimal == self.thousands:
            raise WrongValue.of("same_marks")
        return self


class RowsSpec(SpecTable):
    """``[rows]``: which rows are taken, and what happens to the others."""

    where: tuple[Condition, ...] = ()
    max_bad_rows: Annotated[int, Field(ge=0)] = 0
    on_duplicate: Literal["refuse", "keep_first"] = "refuse"


class TimeSpec(SpecTable):
    """A time: its columns (joined by a blank), how it is written, and its zone when naive."""

    column: Columns
    format: str = ISO8601
    unit: Literal["ns", "us", "ms", "s", "min", "h", "d", "week", "month"] = "s"
    origin: AwareOrigin = EPOCH
    zone: Annotated[str, AfterValidator(check_zone)] = "UTC"

    @model_validator(mode="after")
    def _format_is_known(self) -> "TimeSpec":
        if self.format not in (ISO8601, UNIX) and "%" not in self.format:
            raise WrongValue.of("unknown_format", format=self.format)
        if {"unit", "origin"} & self.model_fields_set and self.format != UNIX:
            raise WrongValue.of("unit_of_unix")
        if "%Z" in self.format:
            raise WrongValue.of("zone_names")
        if "%z" in self.format and not self.format.endswith("%z"):
            raise WrongValue.of("zone_at_end")
        if self.zone == FROM_VALUE and not (self.format == ISO8601 or self.format.endswith("%z")):
            raise WrongValue.of("zone_from_value")
        return self


Time = Annotated[TimeSpec, BeforeValidator(_as_column)]


class EventSpec(SpecTable):
    """``[event]``: the id (no column: the row number) and the time."""

    id: Columns | None = None
    time: Time


class TextSpec(SpecTable):
    """An entity or a categorical attribute: its columns, and how its text is taken."""

    column: Columns
    description: str = ""
    lower: bool = False
    digits: bool = False
    part: Annotated[str, AfterValidator(plain)] | None = None
    missing: CellTexts = ()
    whole_numbers: bool = True

    @field_validator("part")
    @classmethod
    def _part_is_a_pattern(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        sql = Sql()
        try:
            groups = re.compile(pattern).groups
            sql.column("regexp_extract(v, ?, 1)", pa.array([""]), pattern)
        except (re.error, duckdb.Error) as error:
            words = str(error).partition("\n")[0]
            raise WrongValue.of("no_pattern", pattern=pattern, error=words) from None
        finally:
            sql.close()
        if groups != 1:
            raise WrongValue.of("one_group", pattern=pattern)
        return pattern


class NumberSpec(SpecTable):
    """A numeric attribute: a number, or the seconds since a time that stands in the row."""

    column: str | None = None
    since: Time | None = None
    description: str = ""
    missing: CellTexts = ()

    @model_validator(mode="after")
    def _is_one_thing(self) -> "NumberSpec":
        if (self.column is None) == (self.since is None):
            raise WrongValue.of("column_or_since")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that it is read from."""
        if self.since is not None:
            return self.since.column
        return () if self.column is None else (self.column,)


class AmountSpec(SpecTable):
    """``[amount]``: money in minor units, read from a column, or a product of two."""

    column: str
    times: str | None = None
    currency: str = ""
    exponent: Annotated[int, Field(ge=0, le=9)] | None = None
    minor: bool = False

    @model_validator(mode="after")
    def _has_known_decimals(self) -> "AmountSpec":
        is_code = re.fullmatch("[A-Za-z]{3}", self.currency) is not None
        if self.currency and not is_code and self.exponent is None:
            raise WrongValue.of("no_currency", currency=self.currency)
        return self

    @property
    def digits(self) -> int:
        """Return how many decimal digits the minor unit has."""
        if self.exponent is not None:
            return self.exponent
        return decimals_of(self.currency.upper())


class LaterSpec(SpecTable):
    """A label made by a later row: which rows, of the same what, within which time."""

    where: Annotated[tuple[Condition, ...], Field(min_length=1)]
    same: Columns
    within: Duration


class LabelSpec(SpecTable):
    """``[labels.NAME]``: which cells or rows are positive, and when a label became known."""

    column: str | None = None
    when: tuple[Condition, ...] = ()
    positive: CellTexts = ()
    negative: CellTexts = ()
    unlabelled: CellTexts = ()
    known_at: Time | None = None
    delay: Duration | None = None
    later: LaterSpec | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "LabelSpec":
        if sum((self.column is not None, bool(self.when), self.later is not None)) != 1:
            raise WrongValue.of("one_way_of_label")
        if self.later is not None:
            if self.model_fields_set - {"later"}:
                raise WrongValue.of("later_alone")
            return self
        if self.when:
            return self._with_conditions()
        if not self.positive:
            raise WrongValue.of("positive_missing")
        if self.delay is None and self.known_at is None:
            raise WrongValue.of("known_missing")
        groups = (set(self.positive), set(self.negative), set(self.unlabelled))
        for one, other in ((0, 1), (0, 2), (1, 2)):
            if twice := groups[one] & groups[other]:
                raise WrongValue.of("two_meanings", value=min(twice))
        return self

    def _with_conditions(self) -> "LabelSpec":
        if self.positive or self.negative or self.unlabelled:
            raise WrongValue.of("when_alone")
        if self.delay is None:
            raise WrongValue.of("when_delay")
        return self


class DistinctSpec(SpecTable):
    """A number of different values among the rows of an event."""

    distinct: str


Measure = Literal["first", "last", "sum", "min", "max", "mean", "count"]
Text = Annotated[TextSpec, BeforeValidator(_as_column)]
Number = Annotated[NumberSpec, BeforeValidator(_as_column)]
Amount = Annotated[AmountSpec, BeforeValidator(_as_column)]
