"""The mapping: a TOML file that says what each column of a source means.

Limits: format 1, at most 16 entities.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from risk_service.domain.errors import ConfigFault
from training.datasets.importing.mapping_faults import explained
from training.datasets.importing.specs import (
    Amount,
    AmountSpec,
    DistinctSpec,
    EventSpec,
    LabelSpec,
    LaterSpec,
    Measure,
    Number,
    NumberSpec,
    RowsSpec,
    SourceSpec,
    SpecTable,
    Text,
    TextSpec,
    TimeSpec,
)
from training.datasets.own_events import Name
from training.words import WrongValue, fault
from training.words.of_models import no_toml

MOST_ENTITIES = 16


class EventMapping(SpecTable):
    """A whole mapping."""

    format: Literal[1] = 1
    name: str = ""
    source: SourceSpec = SourceSpec()
    rows: RowsSpec = RowsSpec()
    event: EventSpec
    entities: dict[Name, Text]
    amount: Amount | None = None
    numeric: dict[Name, Number] = Field(default_factory=dict)
    categorical: dict[Name, Text] = Field(default_factory=dict)
    labels: dict[Name, LabelSpec] = Field(default_factory=dict)
    group: dict[Name, Measure | DistinctSpec] | None = None

    @model_validator(mode="after")
    def _names_fit(self) -> "EventMapping":
        if len(self.entities) > MOST_ENTITIES:
            raise WrongValue.of("many_entities", found=len(self.entities), most=MOST_ENTITIES)
        if twice := set(self.numeric) & set(self.categorical):
            raise WrongValue.of("two_kinds", name=min(twice))
        if self.group is not None and self.event.id is None:
            raise WrongValue.of("group_no_id")
        if self.group is not None and "on_duplicate" in self.rows.model_fields_set:
            raise WrongValue.of("group_duplicates")
        for name, measure in (self.group or {}).items():
            self._check_measure(name, measure)
        return self

    def _check_measure(self, name: str, measure: Measure | DistinctSpec) -> None:
        known = name in self.numeric or (name == "amount" and self.amount is not None)
        if measure == "count" or isinstance(measure, DistinctSpec):
            if known or name in self.categorical:
                raise WrongValue.of("group_name_taken", name=name)
        elif name in self.entities or name in self.categorical:
            if not known and measure not in ("first", "last"):
                raise WrongValue.of("group_text", name=name, measure=measure)
        elif not known:
            raise WrongValue.of("group_unknown", name=name)

    @property
    def counted(self) -> dict[str, Measure | DistinctSpec]:
        """Numeric attributes that exist only after grouping."""
        items = (self.group or {}).items()
        return {n: m for n, m in items if m == "count" or isinstance(m, DistinctSpec)}


_TABLES: tuple[type[SpecTable], ...] = (
    EventMapping,
    SourceSpec,
    RowsSpec,
    EventSpec,
    TimeSpec,
    TextSpec,
    NumberSpec,
    AmountSpec,
    LabelSpec,
    LaterSpec,
    DistinctSpec,
)
# Every key that may stand in a mapping, for advice on a mistyped one.
_KEYS = tuple(key for table in _TABLES for key in table.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMapping:
    """A mapping, the file it came from and its text."""

    path: str
    text: str
    mapping: EventMapping


def read_mapping(path: Path) -> ReadMapping:
    """Read a mapping.

    Raises
    ------
    ConfigFault
        The file is missing, is no TOML, or says something that cannot be; names the key
        and what would be right.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigFault(fault("no_mapping", path=path)) from error
    except IsADirectoryError as error:
        raise ConfigFault(fault("mapping_directory", path=path)) from error
    except (OSError, ValueError) as error:
        raise ConfigFault(fault("mapping_not_utf8", path=path, error=error)) from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, path: str) -> ReadMapping:
    """Read a mapping from its text; see ``read_mapping``."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigFault(fault("at", where=path, text=no_toml(error))) from error
    try:
        mapping = EventMapping.model_validate(document)
    except ValidationError as error:
        told = fault("at", where=path, text=explained(error, _KEYS))
        raise ConfigFault(told) from None
    return ReadMapping(path=path, text=text, mapping=mapping)
