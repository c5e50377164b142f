"""The use case behind ``risk evaluate`` on a run of own events.

The inputs are computed anew by the plan in the manifest, and the kept models score every
event of the test window, labelled or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.datasets.staging import write_rows
from training.measures.test_slice import ModelScores
from training.own_data.inputs.declare import declare
from training.own_data.inputs.make import Inputs
from training.own_data.learning.keep import probabilities
from training.own_data.learning.learn import mean_raw
from training.own_data.learning.slices import Window, open_window, test_window, training_window
from training.own_data.manifest import KeptModel, Manifest, read_manifest, read_models
from training.own_data.measuring.later import read_later_data
from training.own_data.measuring.measure import figures, test_slice
from training.own_data.measuring.random_split import Beside, random_split
from training.own_data.prepared import OwnData, read_own_data
from training.progress import Progress, Tallies, silent, tallies
from training.train.calibrate import Calibrated
from training.train.source import description_sha256
from training.words import fault

Json = dict[str, Any]
PREDICTIONS = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_at", pa.timestamp("us", tz="UTC")),
        ("probability", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvaluateRequest:
    """Which run to measure; ``data`` None: where it was trained on.

    Without ``test_from_us`` and ``test_to_us`` its own test window, and of other data all events
    from the begin of that window on.
    """

    run: Path
    data: Path | None = None
    test_from_us: int | None = None
    test_to_us: int | None = None
    random_split: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvaluation:
    """The figures, and the probability of every event of the test window."""

    figures: Json
    event_id: pa.Array
    event_at_us: NDArray[np.int64]
    probability: NDArray[np.float64]


def evaluate_own(request: OwnEvaluateRequest, tell: Progress = silent) -> OwnEvaluation:
    """Score the test window and measure.

    Raises
    ------
    ConfigFault
        The run cannot be read, or there are no later events with its columns.
    DataFault
        The data set cannot be read.
    """
    manifest = read_manifest(request.run)
    _refuse_other_windows(request.run, manifest)
    tell("read", 0, 0)
    data, train, test = _read(request, manifest)
    rows = test.events
    if train is not None and request.random_split:
        rows = np.concatenate((train.labelled, rows))
    inputs = data.inputs(manifest.plan, rows, request.run, tell)
    tell("score", 0, 0)
    scores = _score(request.run, manifest, inputs, test.events)
    tell("measure", 0, 0)
    found = _figures(data, (train, test), scores, manifest, tallies(tell, "measure"))
    if train is not None and request.random_split:
        tell("random split", 0, 0)
        labelled = np.searchsorted(test.events, test.labelled)
        found["random_split"] = random_split(
            Beside(
                data=data,
                train=train,
                test=test,
                inputs=inputs,
                manifest=manifest,
                raw={name: one.raw[labelled] for name, one in scores.items()},
            )
        )
    return OwnEvaluation(
        figures=found,
        event_id=data.events.event_id.take(pa.array(test.events)),
        event_at_us=data.events.at_us[test.events],
        probability=_known(scores[manifest.served]),
    )


def write_own_predictions(evaluation: OwnEvaluation, path: Path) -> int:
    """Write one row per event of the test window; return how many.

    Raises
    ------
    ConfigFault
        The file cannot be written.
    """
    columns = [
        evaluation.event_id,
        pa.array(evaluation.event_at_us).cast(PREDICTIONS.field("event_at").type),
        pa.array(evaluation.probability),
    ]
    write_rows(pa.Table.from_arrays(columns, schema=PREDICTIONS), path)
    return len(evaluation.probability)


def _read(request: OwnEvaluateRequest, manifest: Manifest) -> tuple[OwnData, Window | None, Window]:
    """Return the data, its training window (None: it is not that of the run), its test window."""
    directory = request.data or (request.run / manifest.data).resolve()
    if not (directory / "dataset.toml").is_file():
        raise ConfigFault(fault("no_data_set_there", path=directory))
    window = (request.test_from_us, request.test_to_us)
    periods = manifest.window.periods()
    if description_sha256(directory) == manifest.dataset_sha256 and window == (None, None):
        data = read_own_data(directory, manifest.label, manifest.label_delay_s, periods)
        train = training_window(data.events, data.labels, periods)
        return data, train, test_window(data.events, data.labels, periods)
    if request.random_split:
        raise ConfigFault(fault("random_split_elsewhere"))
    data = read_later_data(directory, manifest, window)
    return data, None, open_window(data.events, data.labels, data.periods)


def _refuse_other_windows(run: Path, manifest: Manifest) -> None:
    if declare(manifest.plan).version != manifest.window_set:
        raise ConfigFault(fault("other_windows", path=run))


def _score(
    run: Path, manifest: Manifest, inputs: Inputs, rows: NDArray[np.int64]
) -> dict[str, ModelScores]:
    at = np.searchsorted(inputs.rows, rows)
    return {
        name: _score_one(read_models(run, manifest.models[name]), manifest.models[name], inputs, at)
        for name in manifest.sets()
    }


def _score_one(
    texts: tuple[str, ...], kept: KeptModel, inputs: Inputs, at: NDArray[np.int64]
) -> ModelScores:
    raw = mean_raw(texts, inputs, at, kept.features)
    calibrated = Calibrated(kind=kept.calibration, knots=kept.knots, brier={})
    return ModelScores(
        raw=raw, probability=probabilities(calibrated, raw), thresholds=kept.thresholds
    )


def _figures(
    data: OwnData,
    windows: tuple[Window | None, Window],
    scores: Mapping[str, ModelScores],
    manifest: Manifest,
    tally: Tallies,
) -> Json:
    train, test = windows
    found: Json = {
        "label": manifest.label,
        "data_set": data.events.description.name,
        "all_events": len(test.events),
        "unlabelled": test.unlabelled,
    }
    if train is not None:
        found["train"] = {
            "labelled": len(train.labelled),
            "positives": int(train.label.sum()),
            "label_not_known_at_cut": train.unknown,
        }
    if not test.has_both_classes:
        count, positives = len(test.labelled), int(test.label.sum())
        return found | {"events": count, "positives": positives, "served": manifest.served}
    labelled = np.searchsorted(test.events, test.labelled)
    learned = data.learned() if train is None else train.labelled
    of_labelled = {
        name: ModelScores(
            raw=one.raw[labelled],
            probability=_known(one)[labelled],
            thresholds=one.thresholds,
        )
        for name, one in scores.items()
    }
    rows = test_slice(data, test, learned)
    return found | figures(rows, of_labelled, manifest.served, manifest.seed, tally)


def _known(scores: ModelScores) -> NDArray[np.float64]:
    assert scores.probability is not None  # noqa: S101 - every kept model is calibrated
    return scores.probability
