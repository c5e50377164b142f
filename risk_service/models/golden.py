"""Golden vectors: inputs and the exact answers the models gave when they were trained.

Holds ``golden.json`` and its comparison. Floats are written in hexadecimal, so that a
vector is the same to the last bit on every machine.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.domain.errors import BundleRefused
from risk_service.domain.vocabulary import Abuse
from risk_service.models.anchors import score_of
from risk_service.models.calibration import calibrator
from risk_service.models.canonical import canonical_json, read_canonical
from risk_service.models.manifest import Manifest, Variant, VariantModel

GOLDEN_FILE = "golden.json"
MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 256

Hex = Annotated[str, Field(pattern=r"^(-?0x[01]\.[0-9a-f]{1,13}p[-+][0-9]{1,4}|nan)$")]
Floats = NDArray[np.float64]


class Expected(BaseModel):
    """What one model answers to each golden row."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    raw: tuple[Hex, ...]
    probability: tuple[Hex, ...]
    score: tuple[int, ...]


class Golden(BaseModel):
    """Rows in the order of the manifest's features, and the answers to them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    rows: Annotated[tuple[tuple[Hex, ...], ...], Field(min_length=1, max_length=MAX_ROWS)]
    expected: dict[Abuse, dict[Variant, Expected]]

    def matrix(self) -> Floats:
        """Return the rows as (n, features) float64."""
        return np.array([[float.fromhex(x) for x in row] for row in self.rows], dtype=np.float64)


def expect(model: VariantModel, raw: Sequence[float]) -> Expected:
    """Return the answer that follows from a model's raw scores."""
    probability = calibrator(model.calibration.kind, model.calibration.knots)
    score = score_of(model.anchors)
    return Expected(
        raw=tuple(x.hex() for x in raw),
        probability=tuple(probability(x).hex() for x in raw),
        score=tuple(score(x) for x in raw),
    )


def write_golden(rows: Floats, expected: Mapping[Abuse, Mapping[Variant, Expected]]) -> bytes:
    """Return the content of ``golden.json``."""
    parts = {
        abuse.value: {variant: answer.model_dump() for variant, answer in by_variant.items()}
        for abuse, by_variant in expected.items()
    }
    return canonical_json(
        {"rows": [[x.hex() for x in row] for row in rows.tolist()], "expected": parts}
    )


def read_golden(data: bytes, manifest: Manifest) -> Golden:
    """Parse ``golden.json``; it must speak of exactly the manifest's models and features.

    Raises
    ------
    BundleRefused
        It does not.
    """
    file = manifest.golden.file
    try:
        read_canonical(data)
        golden = Golden.model_validate_json(data)
    except (ValueError, ValidationError) as error:
        raise BundleRefused("golden", file, first_line(error)) from error
    if any(len(row) != len(manifest.features) for row in golden.rows):
        raise BundleRefused("golden", file, "a row has not one value per feature")
    named = {(abuse, variant) for abuse, part in golden.expected.items() for variant in part}
    if named != {(abuse, variant) for abuse, variant, _ in manifest.each_model()}:
        raise BundleRefused("golden", file, "answers are not those of the manifest's models")
    return golden


def check_answers(
    golden: Golden, manifest: Manifest, raw_of_file: Mapping[str, Sequence[float]]
) -> None:
    """Compare the answers of the loaded models with the golden ones, bit by bit.

    Raises
    ------
    BundleRefused
        One differs.
    """
    for abuse, variant, model in manifest.each_model():
        wanted = golden.expected[abuse][variant]
        given = expect(model, raw_of_file[model.file])
        for part in ("raw", "probability", "score"):
            if getattr(given, part) != getattr(wanted, part):
                raise BundleRefused(
                    "golden", model.file, f"{abuse} {variant}: {part} differs from the golden one"
                )


def first_line(error: ValueError) -> str:
    """Return where and why a pydantic model refused its input, in one line."""
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error)
