"""What a run leaves beside its bundle: where its warehouse is, and the baselines as numbers."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.models.manifest import MANIFEST_FILE
from training.train.bundle import Source
from training.train.fit import FittedAbuse
from training.train.logistic import Logistic
from training.words import fault

RUN_FILE = "run.json"
COSTS_FILE = "costs.toml"
FORMAT = 1
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """The content of ``run.json``."""

    dataset_sha256: str
    warehouse: Path
    seed: int
    logistic: dict[Abuse, Logistic]


@contextmanager
def run_directory(path: Path) -> Iterator[None]:
    """Make the directory of a run, and take it away again when nothing came of it."""
    is_new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            # What has files in it stays, and so does what was there before.
            with suppress(OSError):
                path.rmdir()
        raise


def write_run_file(
    out: Path, warehouse: Path, source: Source, fitted: Mapping[Abuse, FittedAbuse]
) -> None:
    """Write ``run.json``; the warehouse is named relative to the run, so both can move."""
    write_json(
        out / RUN_FILE,
        {
            "format": FORMAT,
            "dataset_sha256": source.dataset_sha256,
            "warehouse": os.path.relpath(warehouse, out),
            "seed": source.seed,
            "logistic": {abuse.value: one.logistic.as_dict() for abuse, one in fitted.items()},
        },
    )


def read_run_file(run: Path) -> RunFile:
    """Read ``run.json``.

    Raises
    ------
    ConfigFault
        The directory holds no trained run of this format.
    """
    path = run / RUN_FILE
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
        return RunFile(
            dataset_sha256=content["dataset_sha256"],
            warehouse=(run / content["warehouse"]).resolve(),
            seed=content["seed"],
            logistic={
                Abuse(name): Logistic.from_dict(values)
                for name, values in content["logistic"].items()
            },
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigFault(fault("no_run", path=path, error=error)) from error


def write_json(path: Path, content: Json) -> None:
    """Write JSON with sorted keys; NaN is refused, since no reader agrees on it."""
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def describe(source: Source, bundle: Path) -> dict[str, str]:
    """Return what heads the report: data, time, versions."""
    dataset = source.dataset
    inputs, without = len(source.schema.names), len(source.schema.order_only)
    return {
        "Data set": dataset.name,
        "From": _date(dataset.start_us),
        "Until": _date(dataset.end_us),
        "Currency": dataset.currency_code,
        "Feature schema": source.schema.version,
        "Model inputs": f"{inputs}, {without} of them without history",
        "Bundle": hashlib.sha256((bundle / MANIFEST_FILE).read_bytes()).hexdigest()[:16],
        "Data set digest": source.dataset_sha256[:16],
        "Seed": str(source.seed),
    }


def fit_facts(fitted: FittedAbuse) -> Json:
    """Return how the models of one abuse came about, as plain JSON."""
    return {
        name: {
            "trees": variant.trained.trees,
            "class_weight": variant.trained.class_weight,
            "calibration": variant.calibrated.kind,
            "cross_fitted_brier": variant.calibrated.brier,
            "thresholds": [_plain_threshold(asdict(one)) for one in variant.thresholds],
            "gain": _top_gain(variant.features, variant.trained.gain.tolist()),
        }
        for name, variant in fitted.variants.items()
    } | {
        "strongest_single_feature_on_train": asdict(fitted.single_features[0]),
    }


def _plain_threshold(threshold: Json) -> Json:
    # Infinity means "never pays" and "not offered"; JSON has no word for it.
    never, offered = threshold["break_even"] > 1, math.isfinite(threshold["raw"])
    return threshold | {
        "break_even": None if never else threshold["break_even"],
        "raw": threshold["raw"] if offered else None,
    }


def _top_gain(features: tuple[str, ...], gain: list[float]) -> dict[str, float]:
    total = sum(gain)
    ranked = sorted(zip(features, gain, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return {name: value / total for name, value in ranked[:30] if value > 0}


def _date(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, tz=UTC).strftime("%Y-%m-%d")
