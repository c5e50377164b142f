"""The manifest of a model bundle: what was trained, how it scores, and every file's digest.

Holds the pydantic models of ``manifest.json``, format 1, and their checks. The bytes of
the manifest are signed; see ``signature.py``.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

from risk_service.domain.vocabulary import Abuse
from risk_service.models.anchors import check_anchors
from risk_service.models.calibration import check_calibration

MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"
VARIANTS = ("full", "order_only")
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

Variant = Literal["full", "order_only"]
Action = Literal["limit_quantity", "challenge", "review", "deny"]
Finite = Annotated[float, Field(allow_inf_nan=False)]
FileName = Annotated[str, Field(pattern=rf"^{FILE_NAME.pattern}$")]
FeatureName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,127}$")]
KnotTuple = Annotated[tuple[tuple[Finite, Finite], ...], Field(min_length=1, max_length=4096)]
Features = Annotated[tuple[FeatureName, ...], Field(min_length=1, max_length=4096)]


class _Strict(BaseModel):
    """No unknown field, no conversion of types, no NaN, no change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Calibration(_Strict):
    """Map from raw score to probability: ``platt`` has one knot (slope, intercept)."""

    kind: Literal["platt", "isotonic"]
    knots: KnotTuple

    @model_validator(mode="after")
    def _rising(self) -> Self:
        check_calibration(self.kind, self.knots)
        return self


class VariantModel(_Strict):
    """One LightGBM model and how its raw score is read.

    ``thresholds`` are raw scores: at or above one, its action is asked for. An action
    that is absent is never asked for by this model.
    """

    file: FileName
    features: Features
    calibration: Calibration
    anchors: KnotTuple
    thresholds: dict[Action, Finite]

    @model_validator(mode="after")
    def _anchored(self) -> Self:
        check_anchors(self.anchors)
        return self


class GoldenFile(_Strict):
    """Where the golden vectors are."""

    file: FileName


class TrainingFacts(_Strict):
    """From what the models were trained; free within each part."""

    window: dict[str, JsonValue]
    slices: dict[str, JsonValue]
    counts: dict[str, JsonValue]
    maturity: dict[str, JsonValue]
    dataset: dict[str, JsonValue]


class FileEntry(_Strict):
    """Digest and size of one file of the bundle."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class Manifest(_Strict):
    """The whole manifest. ``features`` are the names of the vector, in its order."""

    format: Literal[1]
    created_at: AwareDatetime
    schema_version: Annotated[str, Field(min_length=1, max_length=64)]
    features: Features
    models: dict[Abuse, dict[Variant, VariantModel]]
    golden: GoldenFile
    training: TrainingFacts
    metrics: dict[str, JsonValue]
    files: dict[FileName, FileEntry]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if set(self.models) != set(Abuse):
            raise ValueError("models must hold every abuse")
        if any(set(by_variant) != set(VARIANTS) for by_variant in self.models.values()):
            raise ValueError("each abuse must have the variants full and order_only")
        return self

    @model_validator(mode="after")
    def _features_consistent(self) -> Self:
        place = {name: at for at, name in enumerate(self.features)}
        if len(place) != len(self.features):
            raise ValueError("features repeats a name")
        for abuse, variant, model in self.each_model():
            places = [place.get(name, -1) for name in model.features]
            if -1 in places or sorted(set(places)) != places:
                raise ValueError(f"{abuse} {variant}: features are no ordered part of features")
            if variant == "full" and model.features != self.features:
                raise ValueError(f"{abuse} full: features differ from the manifest's")
        only = {by_variant["order_only"].features for by_variant in self.models.values()}
        if len(only) != 1:
            raise ValueError("the order_only models must share one list of features")
        return self

    @model_validator(mode="after")
    def _files_consistent(self) -> Self:
        named = [model.file for _, _, model in self.each_model()] + [self.golden.file]
        if len(set(named)) != len(named):
            raise ValueError("two parts share one file")
        if set(named) != set(self.files):
            raise ValueError("files must list exactly the models and the golden vectors")
        if {MANIFEST_FILE, SIGNATURE_FILE} & set(self.files):
            raise ValueError("files must not list the manifest or its signature")
        return self

    def each_model(self) -> list[tuple[Abuse, Variant, VariantModel]]:
        """Return all models in a fixed order: by abuse, then full before order_only."""
        variants: tuple[Variant, ...] = ("full", "order_only")
        return [
            (abuse, variant, self.models[abuse][variant]) for abuse in Abuse for variant in variants
        ]
