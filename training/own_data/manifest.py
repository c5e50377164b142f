"""``manifest.json`` of a run on own events: everything that a later evaluation needs."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_service.domain.errors import ConfigFault
from training.own_data.learning.choose import INPUT_SETS
from training.own_data.periods import Periods
from training.own_data.plan import FeaturePlan
from training.train.run_file import write_json
from training.words import fault
from training.words.of_models import first_fault

MANIFEST_FILE, MODELS = "manifest.json", "models"
KIND = "events"
Knots = tuple[tuple[float, float], ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeptModel(_Part):
    """The models on one set of inputs; their raw scores are averaged.

    ``thresholds`` are raw scores by action; ``files`` map names in the run to their SHA-256.
    """

    features: tuple[str, ...]
    setting: str
    trees: int
    files: dict[str, str]
    calibration: Literal["platt", "isotonic"]
    knots: Knots
    anchors: Knots
    thresholds: dict[str, float]
    quality_on_folds: float


class Window(_Part):
    """The four times, in microseconds since 1970."""

    train_from_us: int
    train_to_us: int
    test_from_us: int
    test_to_us: int

    def periods(self) -> Periods:
        """Return them as the code has them."""
        return Periods(**self.model_dump())


class Manifest(_Part):
    """A run. ``data`` is the data set's place relative to the run."""

    format: Literal[1] = 1
    kind: Literal["events"] = "events"
    data: str
    dataset_name: str
    dataset_sha256: str
    label: str
    label_delay_s: Annotated[int, Field(ge=0)] | None
    window: Window
    seed: int
    window_set: str
    served: str
    models: dict[str, KeptModel]
    plan: FeaturePlan

    def sets(self) -> tuple[str, ...]:
        """Return the sets of inputs that were fitted, from the fewest inputs to the most."""
        return tuple(name for name in INPUT_SETS if name in self.models)


def write_manifest(run: Path, manifest: Manifest) -> None:
    """Write it."""
    write_json(run / MANIFEST_FILE, manifest.model_dump(mode="json"))


def is_own_run(run: Path) -> bool:
    """Tell whether a directory holds a run on own events."""
    return (run / MANIFEST_FILE).is_file()


def read_manifest(run: Path) -> Manifest:
    """Read the manifest.

    Raises
    ------
    ConfigFault
        It cannot be read, or is of another format.
    """
    path = run / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_text("utf-8"))
    except OSError as error:
        told = fault("unreadable_file", path=path, error=error.strerror)
        raise ConfigFault(told) from error
    except ValidationError as error:
        raise ConfigFault(fault("no_run", path=path, error=first_fault(error))) from error


def write_models(run: Path, name: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Write the texts of one set of inputs; return each file's SHA-256."""
    (run / MODELS).mkdir(exist_ok=True)
    files = {}
    for number, text in enumerate(texts):
        file = f"{MODELS}/{name}.{number}.txt"
        (run / file).write_text(text, "utf-8")
        files[file] = _sha256(text)
    return files


def read_models(run: Path, model: KeptModel) -> tuple[str, ...]:
    """Return the texts of a kept model.

    Raises
    ------
    ConfigFault
        A file is missing or was changed since the training.
    """
    return tuple(_read_model(run / file, sha256) for file, sha256 in model.files.items())


def _read_model(path: Path, sha256: str) -> str:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFault(fault("unreadable_file", path=path, error=error)) from error
    if _sha256(text) != sha256:
        raise ConfigFault(fault("changed_since_training", path=path))
    return text


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
