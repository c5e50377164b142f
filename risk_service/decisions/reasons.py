"""From contributions of features to reasons that people can read.

Texts come from ``reasons.toml``, the wording of values from ``readings.toml``, features
from the schema. Holds no model: the shares of the raw score come from path attribution.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.decisions.readings import Readings, load_readings
from risk_service.domain.decision import Reason
from risk_service.domain.errors import ConfigFault
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Abuse, Outcome
from risk_service.features.schema import FeatureSchema

REASONS_MAX = 5
# A share below this fraction of the strongest is noise to a reader.
SHARE_MIN = 0.05
COMBINED = "COMBINED_SIGNALS"
CHALLENGE_FAILED = "CHALLENGE_FAILED"

Text = Annotated[str, Field(min_length=1)]


class ReasonText(BaseModel):
    """One code with the features it covers and its four texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
    features: tuple[str, ...]
    customer_zh: Text
    customer_en: Text
    analyst_zh: Text
    analyst_en: Text


class _Instead(BaseModel):
    """What a customer reads of a score that led to one outcome."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customer_zh: Text
    customer_en: Text


class _ReasonsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    instead: Mapping[Literal["DENY", "LIMIT_QUANTITY"], _Instead]
    confirmed: frozenset[str]
    confirmed_weight: Annotated[float, Field(ge=1, le=10)]
    reason: tuple[ReasonText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one feature adds to the raw score of one abuse."""

    abuse: Abuse
    feature: str
    value: float
    contribution: float


class Reasons:
    """Explains an outcome that is not ALLOW.

    Attributes
    ----------
    version
        Name and digest of the texts and of the readings of values.
    """

    def __init__(self, text: str, schema: FeatureSchema, readings: Readings) -> None:
        try:
            content = _ReasonsFile.model_validate(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise ConfigFault(f"the reason texts cannot be read: {error}") from error
        digest = hashlib.sha256((text + readings.text).encode()).hexdigest()[:12]
        self.version = f"{content.name}+{digest}"
        self.by_code = {entry.code: entry for entry in content.reason}
        self._features = {feature.name: feature for feature in schema.features}
        self.code_of = {name: _code_of(name, content.reason) for name in self._features}
        unknown = sorted(content.confirmed - self._features.keys())
        if unknown:
            raise ConfigFault(f"confirmed history names no feature: {unknown[0]}")
        self._weight = dict.fromkeys(content.confirmed, content.confirmed_weight)
        self._readings = readings
        self._instead = {
            Outcome[name]: LocalizedText(zh=text.customer_zh, en=text.customer_en)
            for name, text in content.instead.items()
        }

    def explain(
        self,
        contributions: Mapping[Abuse, Sequence[tuple[str, float]]],
        values: Mapping[str, float],
        outcome: Outcome,
    ) -> tuple[Reason, ...]:
        """Return the strongest reasons, at most five, each code once per abuse.

        Strength is the contribution, weighted for confirmed history as ``reasons.toml`` says.

        Parameters
        ----------
        contributions
            Per abuse that led to the outcome: (feature, share of the raw score in log odds).
        values
            The order's value of each feature.
        outcome
            What came of it: a customer who is refused reads of no further check.
        """
        ranked = sorted(
            # A confirmed case is told first among comparable ones; "none found" is not one.
            (
                -share * (self._weight.get(name, 1.0) if values[name] > 0.0 else 1.0),
                name,
                abuse,
                share,
            )
            for abuse, row in contributions.items()
            for name, share in row
            if share > 0.0
        )
        chosen: dict[tuple[str, Abuse], _Share] = {}
        for rank, name, abuse, share in ranked:
            if len(chosen) == REASONS_MAX or rank > SHARE_MIN * ranked[0][0]:
                break
            key = (self.code_of[name], abuse)
            if key not in chosen:
                chosen[key] = _Share(
                    abuse=abuse, feature=name, value=values[name], contribution=share
                )
        if not chosen:
            found = [self.plain(COMBINED, abuse) for abuse in contributions]
        else:
            found = [self._reason(code, share) for (code, _), share in chosen.items()]
        instead = self._instead.get(outcome)
        if instead is None:
            return tuple(found)
        return tuple(replace(reason, customer_text=instead) for reason in found)

    def plain(self, code: str, abuse: Abuse | None, **facts: object) -> Reason:
        """Return a reason that no feature stands behind; ``facts`` fill the analyst's text."""
        entry = self.by_code[code]
        return Reason(
            code=code,
            abuse=abuse,
            customer_text=LocalizedText(zh=entry.customer_zh, en=entry.customer_en),
            analyst_text=LocalizedText(
                zh=entry.analyst_zh.format(**facts), en=entry.analyst_en.format(**facts)
            ),
            feature="",
            feature_value=None,
            contribution=0.0,
        )

    def _reason(self, code: str, share: _Share) -> Reason:
        entry = self.by_code[code]
        feature = self._features[share.feature]
        value_en, value_zh = self._readings.read(share.feature, share.value)
        return Reason(
            code=code,
            abuse=share.abuse,
            customer_text=LocalizedText(zh=entry.customer_zh, en=entry.customer_en),
            analyst_text=LocalizedText(
                zh=entry.analyst_zh.format(feature=feature.description_zh, value=value_zh),
                en=entry.analyst_en.format(feature=feature.description_en, value=value_en),
            ),
            feature=share.feature,
            feature_value=share.value if math.isfinite(share.value) else None,
            contribution=share.contribution,
        )


def load_reasons(schema: FeatureSchema) -> Reasons:
    """Return the reason texts that ship with the service."""
    text = files(__package__).joinpath("reasons.toml").read_text("utf-8")
    return Reasons(text, schema, load_readings(schema))


def _code_of(feature: str, entries: Sequence[ReasonText]) -> str:
    """Return the code whose name or prefix for the feature is the longest."""
    best, code = -1, ""
    for entry in entries:
        for pattern in entry.features:
            exact = pattern == feature
            covers = exact or (pattern.endswith("*") and feature.startswith(pattern[:-1]))
            weight = len(pattern) + exact
            if covers and weight > best:
                best, code = weight, entry.code
    if not code:
        raise ConfigFault(f"no reason code covers the feature {feature}")
    return code
