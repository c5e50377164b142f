"""Reads the value of a feature out to people: by its unit, in English and Chinese.

Everything that is said comes from ``readings.toml`` and, for closed vocabularies, from
``names.toml``. A vector does not know its currency, so money is read in that of the order; a shop
that sells in several adds up smallest units of all of them (docs/features.md).
"""

import tomllib
from enum import IntEnum
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from risk_service.domain.currency import amount_text
from risk_service.domain.errors import ConfigFault
from risk_service.domain.names import word_name
from risk_service.domain.vocabulary import EntryPath, PromotionType
from risk_service.features.schema import Feature, FeatureSchema

Text = Annotated[str, Field(min_length=1)]
_VOCABULARIES: dict[str, type[IntEnum]] = {"PromotionType": PromotionType, "EntryPath": EntryPath}


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
    """How the values of one unit, or of one feature, are read: by steps, by names, as money."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...] = ()
    names: dict[int, tuple[Text, Text]] = {}
    words: Literal["PromotionType", "EntryPath", ""] = ""
    money: bool = False

    @model_validator(mode="after")
    def _starts_rise_from_zero(self) -> Self:
        starts = [step.start for step in self.steps]
        if starts and (starts[0] != 0.0 or starts != sorted(set(starts))):
            raise ValueError("steps begin at 0 and rise")
        for member in _VOCABULARIES[self.words] if self.words else ():
            text = word_name(member.name)
            self.names[member.value] = (text.en, text.zh)
        return self

    def read(self, value: float, currency_code: str) -> tuple[str, str]:
        """Return a value of at least 0 in English and Chinese."""
        if self.money:
            amount = amount_text(value, currency_code)
            return amount, amount
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

    def read(self, feature: str, value: float, currency_code: str) -> tuple[str, str]:
        """Return the value in English and Chinese; NaN and negative marks are missing.

        Parameters
        ----------
        currency_code
            Of the order, for values that are money.
        """
        return self.of[feature].read(value, currency_code) if value >= 0.0 else self.missing


def load_readings(schema: FeatureSchema) -> Readings:
    """Return the readings that ship with the service."""
    return Readings(files(__package__).joinpath("readings.toml").read_text("utf-8"), schema)


def _reading_of(feature: Feature, readings: dict[str, Reading]) -> Reading:
    found = readings.get(feature.name) or readings.get(feature.unit)
    if found is None:
        raise ConfigFault(f"no reading for the unit {feature.unit} of {feature.name}")
    return found
