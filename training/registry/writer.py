"""Bundle writer: LightGBM texts, golden vectors and manifest into one directory, then signed.

Holds ``write_bundle`` and ``sign_bundle``. What is written has passed the same strict
reader as serving uses, and appears whole or not at all.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue, ValidationError

from risk_service.domain.errors import BundleRefused, ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.models.canonical import canonical_json
from risk_service.models.golden import (
    GOLDEN_FILE,
    MAX_ROWS,
    Expected,
    expect,
    first_line,
    write_golden,
)
from risk_service.models.manifest import (
    MANIFEST_FILE,
    SIGNATURE_FILE,
    Action,
    Calibration,
    FileEntry,
    GoldenFile,
    Manifest,
    TrainingFacts,
    Variant,
    VariantModel,
)
from risk_service.models.model_text import ModelTextFault, read_model_text
from risk_service.models.runtime import Booster
from risk_service.models.signature import key_id_of, load_signing_key, sign_manifest
from training.words import fault

Floats = NDArray[np.float64]
Knots = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """One trained model: LightGBM's text and how its raw score is read.

    ``features`` are the columns it was trained on, an ordered part of the schema's names.
    ``thresholds`` are raw scores; leave out an action that the model never asks for.
    """

    text: str
    features: tuple[str, ...]
    calibration: Calibration
    anchors: Knots
    thresholds: Mapping[Action, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleContent:
    """Everything that a bundle holds.

    ``features`` and ``schema_version`` are those of the feature schema; ``golden_rows``
    has shape (n, features), 1 to 256 typical vectors, NaN allowed; ``created_at`` is aware.
    """

    schema_version: str
    features: tuple[str, ...]
    models: Mapping[Abuse, Mapping[Variant, TrainedModel]]
    golden_rows: Floats
    training: TrainingFacts
    metrics: Mapping[str, JsonValue]
    created_at: datetime


def write_bundle(out: Path, content: BundleContent) -> Manifest:
    """Write an unsigned bundle to ``out``, which must not exist or be empty.

    Raises
    ------
    ConfigFault
        ``out`` holds something already.
    BundleRefused
        The content is not consistent, or a model's text is not one that serving accepts.
    """
    if out.exists() and any(out.iterdir()):
        raise ConfigFault(fault("bundle_not_empty", path=out))
    files = _model_files(content)
    manifest = _manifest(content, files)
    files[MANIFEST_FILE] = canonical_json(manifest.model_dump(mode="json"))
    _appear(out, files)
    return manifest


def _model_files(content: BundleContent) -> dict[str, bytes]:
    rows = np.ascontiguousarray(content.golden_rows, dtype=np.float64)
    _check_golden_rows(rows, len(content.features))
    place = {name: at for at, name in enumerate(content.features)}
    files: dict[str, bytes] = {}
    answers: dict[Abuse, dict[Variant, Expected]] = {}
    for abuse, by_variant in content.models.items():
        for variant, model in by_variant.items():
            file, text = model_file(abuse, variant), model.text.encode()
            _check_text(file, text, model.features)
            if not set(model.features) <= place.keys():
                raise BundleRefused("manifest", file, "takes features that the schema has not")
            columns = [place[name] for name in model.features]
            raw = Booster(text).predict_matrix(np.ascontiguousarray(rows[:, columns]))
            described = _variant_model(abuse, variant, model)
            answers.setdefault(abuse, {})[variant] = expect(described, raw.tolist())
            files[file] = text
    files[GOLDEN_FILE] = write_golden(rows, answers)
    return files


def _check_golden_rows(rows: Floats, features: int) -> None:
    if rows.ndim != 2 or rows.shape[1] != features or not 1 <= len(rows) <= MAX_ROWS:
        raise BundleRefused(
            "golden",
            GOLDEN_FILE,
            f"rows have shape {rows.shape}, not (1 to {MAX_ROWS}, {features})",
        )
    if bool(np.isinf(rows).any()):
        raise BundleRefused("golden", GOLDEN_FILE, "a row holds an infinity")


def model_file(abuse: Abuse, variant: Variant) -> str:
    """Return the name of a model's file in the bundle."""
    return f"{abuse}.{variant}.txt"


def _check_text(file: str, text: bytes, features: tuple[str, ...]) -> None:
    try:
        read_model_text(text, features)
    except ModelTextFault as error:
        raise BundleRefused("model text", file, str(error)) from error


def _variant_model(abuse: Abuse, variant: Variant, model: TrainedModel) -> VariantModel:
    file = model_file(abuse, variant)
    try:
        return VariantModel(
            file=file,
            features=model.features,
            calibration=model.calibration,
            anchors=tuple(model.anchors),
            thresholds=dict(model.thresholds),
        )
    except ValidationError as error:
        raise BundleRefused("manifest", file, first_line(error)) from error


def _manifest(content: BundleContent, files: Mapping[str, bytes]) -> Manifest:
    models = {
        abuse: {variant: _variant_model(abuse, variant, model) for variant, model in part.items()}
        for abuse, part in content.models.items()
    }
    entries = {
        name: FileEntry(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        for name, data in files.items()
    }
    try:
        return Manifest(
            format=1,
            created_at=content.created_at,
            schema_version=content.schema_version,
            features=content.features,
            models=models,
            golden=GoldenFile(file=GOLDEN_FILE),
            training=content.training,
            metrics=dict(content.metrics),
            files=entries,
        )
    except ValidationError as error:
        raise BundleRefused("manifest", MANIFEST_FILE, first_line(error)) from error


def _appear(out: Path, files: Mapping[str, bytes]) -> None:
    """Make the directory appear with all its files, or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        for name, data in files.items():
            (building / name).write_bytes(data)
        building.chmod(0o755)
        # On Linux a rename replaces an empty directory.
        building.rename(out)
    except OSError:
        shutil.rmtree(building, ignore_errors=True)
        raise


def sign_bundle(directory: Path, signing_key: Path) -> str:
    """Sign the manifest in ``directory``; return the id of the key.

    Parameters
    ----------
    signing_key
        The PEM file that ``risk keys init`` wrote as ``signing.key``.

    Raises
    ------
    ConfigFault
        The key or the manifest cannot be read.
    """
    key = load_signing_key(signing_key)
    try:
        manifest = (directory / MANIFEST_FILE).read_bytes()
    except OSError as error:
        told = fault("no_manifest", path=directory, error=error.strerror)
        raise ConfigFault(told) from error
    unfinished = directory / f"{SIGNATURE_FILE}.tmp"
    unfinished.write_bytes(sign_manifest(manifest, key))
    unfinished.replace(directory / SIGNATURE_FILE)
    return key_id_of(key.public_key())
