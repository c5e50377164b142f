"""Reads the value of a feature out to people: by its unit, in English and Chinese.

Everything that is said comes from ``readings.toml``. Money is read with two decimals and
no currency, since a vector does not know it.
"""

import tomllib
from importlib.resources import files
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from risk_service.domain.errors import ConfigFault
from risk_service.features.schema import Feature, FeatureSchema

Text = Annotated[str, Field(min_length=1)]


class Step(BaseModel):
    """How values from ``start`` on are written; ``one`` is the English singular."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: float = Field(default=0.0, alias="from")
    per: Annotated[float, Field(gt=0)] = 1.0
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    en: Text
    one: str = ""
    zh: Text

    def read(self, value: float) -> tuple[str, str]:
        """Return the value in English and Chinese."""
        number = f"{value / self.per:,.{self.decimals}f}"
        english = self.one if self.one and number == "1" else self.en
        return english.format(number), self.zh.format(number)


class Reading(BaseModel):
    """How the values of one unit, or of one feature, are read: by steps or by names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...] = ()
    names: dict[int, tuple[Text, Text]] = {}

    @model_validator(mode="after")
    def _starts_rise_from_zero(self) -> Self:
        starts = [step.start for step in self.steps]
        if starts and (starts[0] != 0.0 or starts != sorted(set(starts))):
            raise ValueError("steps begin at 0 and rise")
        return self

    def read(self, value: float) -> tuple[str, str]:
        """Return a value of at least 0 in English and Chinese."""
        reached = [step for step in self.steps if value >= step.start]
        if reached:
            return reached[-1].read(value)
        bare = f"{value:g}"
        return self.names.get(int(value), (bare, bare)) if value.is_integer() else (bare, bare)


class _ReadingsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    missing: tuple[Text, Text]
    reading: dict[str, Reading]


class Readings:
    """The readings of every feature of a schema.

    Raises
    ------
    ConfigFault
        The table cannot be read, or a unit of the schema has no reading.
    """

    def __init__(self, text: str, schema: FeatureSchema) -> None:
        try:
            content = _ReadingsFile.model_validate(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise ConfigFault(f"the readings of values cannot be read: {error}") from error
        self.text = text
        self.missing = content.missing
        self.of = {one.name: _reading_of(one, content.reading) for one in schema.features}

    def read(self, feature: str, value: float) -> tuple[str, str]:
        """Return the value in English and Chinese; NaN and negative marks are missing."""
        return self.of[feature].read(value) if value >= 0.0 else self.missing


def load_readings(schema: FeatureSchema) -> Readings:
    """Return the readings that ship with the service."""
    return Readings(files(__package__).joinpath("readings.toml").read_text("utf-8"), schema)


def _reading_of(feature: Feature, readings: dict[str, Reading]) -> Reading:
    found = readings.get(feature.name) or readings.get(feature.unit)
    if found is None:
        raise ConfigFault(f"no reading for the unit {feature.unit} of {feature.name}")
    return found
