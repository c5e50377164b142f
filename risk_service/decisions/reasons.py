"""From contributions of features to reasons that people can read.

Texts come from ``reasons.toml``, the wording of values from ``readings.toml``, features
from the schema, names of other things from ``names.toml``. Holds no model: the shares of the
raw score come from path attribution.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.decisions.readings import Readings, load_readings
from risk_service.domain.decision import Reason
from risk_service.domain.errors import ConfigFault
from risk_service.domain.names import names_text
from risk_service.domain.text import LocalizedText, filled
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


class _Said(BaseModel):
    """What a customer reads of a score that led to one outcome; ``{reason}`` is its own text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customer_zh: Text
    customer_en: Text


class _ReasonsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    said: Mapping[Literal["DENY", "REVIEW", "CHALLENGE", "LIMIT_QUANTITY"], _Said]
    claim: Mapping[Literal["REVIEW", "CHALLENGE"], _Said]
    confirmed: frozenset[str]
    confirmed_weight: Annotated[float, Field(ge=1, le=10)]
    reason: tuple[ReasonText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """To whom reasons are told, and of what.

    Parameters
    ----------
    outcome
        What came of it: a customer who is refused reads of no further check.
    currency_code
        Of the order, for values that are money.
    claim
        Whether it is a claim for a refund on the order: who asks for money back reads nothing
        of how the order was placed.
    """

    outcome: Outcome
    currency_code: str
    claim: bool = False


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
        digest = hashlib.sha256((text + readings.text + names_text()).encode()).hexdigest()[:12]
        self.version = f"{content.name}+{digest}"
        self.by_code = {entry.code: entry for entry in content.reason}
        self._features = {feature.name: feature for feature in schema.features}
        self.code_of = {name: _code_of(name, content.reason) for name in self._features}
        unknown = sorted(content.confirmed - self._features.keys())
        if unknown:
            raise ConfigFault(f"confirmed history names no feature: {unknown[0]}")
        self._weight = dict.fromkeys(content.confirmed, content.confirmed_weight)
        self._readings = readings
        self._own = {
            code: LocalizedText(zh=entry.customer_zh, en=entry.customer_en)
            for code, entry in self.by_code.items()
        }
        self._analyst = {
            code: LocalizedText(zh=entry.analyst_zh, en=entry.analyst_en)
            for code, entry in self.by_code.items()
        }
        # By code, outcome, and whether it is a claim: put together once, for they are read often.
        self._customers = {
            (code, Outcome[name], claim): filled(
                LocalizedText(zh=text.customer_zh, en=text.customer_en), {"reason": own}
            )
            for claim, texts in ((False, content.said), (True, content.claim))
            for name, text in texts.items()
            for code, own in self._own.items()
        }

    def explain(
        self,
        contributions: Mapping[Abuse, Sequence[tuple[str, float]]],
        values: Mapping[str, float],
        told: Told,
    ) -> tuple[Reason, ...]:
        """Return the strongest reasons, at most five, each code once per abuse.

        Strength is the contribution, weighted for confirmed history as ``reasons.toml`` says.

        Parameters
        ----------
        contributions
            Per abuse that led to the outcome: (feature, share of the raw score in log odds).
        values
            The order's value of each feature.
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
            return tuple(self.combined(abuse, told) for abuse in contributions)
        return tuple(self._reason(code, share, told) for (code, _), share in chosen.items())

    def plain(self, code: str, abuse: Abuse | None, **facts: object) -> Reason:
        """Return a reason that no feature stands behind; ``facts`` fill the analyst's text."""
        return self._plain(code, abuse, self._own[code], facts)

    def combined(self, abuse: Abuse, told: Told) -> Reason:
        """Return the reason of a score of which nobody can say where it comes from."""
        return self._plain(COMBINED, abuse, self._customer(COMBINED, told), {})

    def _plain(
        self, code: str, abuse: Abuse | None, customer: LocalizedText, facts: Mapping[str, object]
    ) -> Reason:
        return Reason(
            code=code,
            abuse=abuse,
            customer_text=customer,
            analyst_text=filled(self._analyst[code], facts),
            feature="",
            feature_value=None,
            contribution=0.0,
        )

    def _reason(self, code: str, share: _Share, told: Told) -> Reason:
        feature = self._features[share.feature]
        en, zh = self._readings.read(share.feature, share.value, told.currency_code)
        entry = self.by_code[code]
        return Reason(
            code=code,
            abuse=share.abuse,
            customer_text=self._customer(code, told),
            analyst_text=LocalizedText(
                zh=entry.analyst_zh.format(feature=feature.description_zh, value=zh),
                en=entry.analyst_en.format(feature=feature.description_en, value=en),
            ),
            feature=share.feature,
            feature_value=share.value if math.isfinite(share.value) else None,
            contribution=share.contribution,
        )

    def _customer(self, code: str, told: Told) -> LocalizedText:
        """Return what the customer reads of a score: its reason, and what comes next."""
        found = self._customers.get((code, told.outcome, told.claim))
        return found or self._own[code]


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
