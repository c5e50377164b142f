"""Scores of a group of orders from a verified bundle: raw, probability, 0 to 1000, reasons.

Holds ``Scorer``. The answer to a row is the same to the last bit alone or in any group, from
the forest or from LightGBM. Safe to call from several threads.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.vocabulary import Abuse
from risk_service.models.anchors import score_of
from risk_service.models.attribution import PathTable
from risk_service.models.bundle import VerifiedBundle
from risk_service.models.calibration import calibrator
from risk_service.models.forest import Forest
from risk_service.models.golden import read_golden
from risk_service.models.manifest import Action, Manifest, Variant, VariantModel
from risk_service.models.runtime import Booster, predict_all

Floats = NDArray[np.float64]

ABUSES = tuple(Abuse)
VARIANTS: tuple[Variant, ...] = ("full", "order_only")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScores:
    """Scores of n orders, each of shape (n, 3), columns in the order of ``Abuse``.

    ``raw`` is in log odds, ``probability`` calibrated in [0, 1], ``score`` whole numbers
    of 0 to 1000 (900 = 2 % false positives).
    """

    raw: Floats
    probability: Floats
    score: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRows:
    """The same scores as tuples of plain numbers, one per order: what decisions work on."""

    raw: Sequence[tuple[float, ...]]
    probability: Sequence[tuple[float, ...]]
    score: Sequence[tuple[int, ...]]


class _Model:
    """One loaded model with everything that reads its raw score."""

    def __init__(self, bundle: VerifiedBundle, model: VariantModel) -> None:
        self.booster = Booster(bundle.files[model.file])
        self.table = PathTable(bundle.texts[model.file])
        self.probability = calibrator(model.calibration.kind, model.calibration.knots)
        self.score = score_of(model.anchors)
        self.thresholds = model.thresholds
        self.names = np.array(model.features, dtype=object)


class Scorer:
    """The models of one bundle, loaded and ready.

    Parameters
    ----------
    bundle
        A bundle that ``verify_bundle`` returned.

    Attributes
    ----------
    sha256
        The bundle's version, as written into decisions.
    manifest
        The bundle's manifest.
    """

    def __init__(self, bundle: VerifiedBundle) -> None:
        self.sha256 = bundle.sha256
        self.manifest: Manifest = bundle.manifest
        models = {
            (abuse, variant): _Model(bundle, model)
            for abuse, variant, model in bundle.manifest.each_model()
        }
        self._models = models
        self._by_variant = {
            variant: tuple(models[abuse, variant] for abuse in ABUSES) for variant in VARIANTS
        }
        self._columns = {variant: self._columns_of(variant) for variant in VARIANTS}
        texts = {
            variant: [bundle.texts[self.manifest.models[abuse][variant].file] for abuse in ABUSES]
            for variant in VARIANTS
        }
        self._forests: dict[Variant, Forest | None] = {
            variant: Forest(texts[variant]) for variant in VARIANTS
        }
        self._check_forests(bundle)

    def _columns_of(self, variant: Variant) -> NDArray[np.int64] | None:
        """Return which columns the variant takes, None for all of them."""
        names = self.manifest.models[ABUSES[0]][variant].features
        if names == self.manifest.features:
            return None
        place = {name: at for at, name in enumerate(self.manifest.features)}
        return np.array([place[name] for name in names], dtype=np.int64)

    def score(self, matrix: Floats, variant: Variant) -> GroupScores:
        """Score the vectors (n, features) of a group of orders.

        Raises
        ------
        ValueError
            The matrix does not have one column per feature of the manifest.
        """
        rows = self.score_rows(matrix, variant)
        shape = (len(matrix), len(ABUSES))
        return GroupScores(
            raw=np.array(rows.raw, dtype=np.float64).reshape(shape),
            probability=np.array(rows.probability, dtype=np.float64).reshape(shape),
            score=np.array(rows.score, dtype=np.int64).reshape(shape),
        )

    def score_rows(self, matrix: Floats, variant: Variant) -> ScoreRows:
        """Score the vectors (n, features) of a group of orders, as ``score`` does."""
        models = self._by_variant[variant]
        raw = self._raw(self._rows(matrix, variant), variant).tolist()
        by_model = list(zip(models, raw, strict=True))
        probability = [list(map(model.probability, values)) for model, values in by_model]
        score = [list(map(model.score, values)) for model, values in by_model]
        return ScoreRows(
            raw=list(zip(*raw, strict=True)),
            probability=list(zip(*probability, strict=True)),
            score=list(zip(*score, strict=True)),
        )

    def _raw(self, rows: Floats, variant: Variant) -> Floats:
        """Return raw scores, shape (models, n)."""
        forest = self._forests[variant]
        raw = None if forest is None else forest.raw(rows)
        return self._raw_of_library(rows, variant) if raw is None else raw

    def _raw_of_library(self, rows: Floats, variant: Variant) -> Floats:
        return predict_all([model.booster for model in self._by_variant[variant]], rows)

    def _check_forests(self, bundle: VerifiedBundle) -> None:
        """Leave a variant to the library where the forest answers a golden row otherwise."""
        golden = read_golden(bundle.files[self.manifest.golden.file], self.manifest).matrix()
        complete = golden[~np.isnan(golden).any(axis=1)]
        for variant in VARIANTS:
            rows = self._rows(complete, variant)
            wanted = self._raw_of_library(rows, variant)
            # All at once and one by one: a group takes another loop than what is left of it.
            alone = [self._raw(rows[at : at + 1], variant) for at in range(len(rows))]
            given = [self._raw(rows, variant), np.concatenate(alone, axis=1)]
            if any(one.tobytes() != wanted.tobytes() for one in given):
                log.error(
                    "forest_differs", extra={"variant": variant, "bundle_sha256": self.sha256}
                )
                self._forests[variant] = None

    def _rows(self, matrix: Floats, variant: Variant) -> Floats:
        if matrix.ndim != 2 or matrix.shape[1] != len(self.manifest.features):
            raise ValueError(
                f"matrix has shape {matrix.shape}, not (n, {len(self.manifest.features)})"
            )
        columns = self._columns[variant]
        if columns is not None:
            return np.take(matrix, columns, axis=1)
        return np.ascontiguousarray(matrix, dtype=np.float64)

    def thresholds(self, variant: Variant, abuse: Abuse) -> Mapping[Action, float]:
        """Return raw scores at or above which each action is asked for."""
        return self._models[abuse, variant].thresholds

    def score_at(self, variant: Variant, abuse: Abuse, raw: float) -> int:
        """Return the score of 0 to 1000 that a raw score stands for."""
        return self._models[abuse, variant].score(raw)

    def attribute(self, row: Floats, variant: Variant, abuse: Abuse) -> list[tuple[str, float]]:
        """Return the features that moved one order's raw score, the strongest first.

        Contributions are in log odds; with ``base`` they sum to the raw score. Features
        that did not move it are left out.

        Parameters
        ----------
        row
            The order's vector, shape (features,).
        """
        model = self._models[abuse, variant]
        rows = self._rows(row.reshape(1, -1), variant)
        amounts = model.table.contributions(model.booster.leaf_indices(rows)[0])
        # Those that moved nothing come last.
        by_strength = np.argsort(-np.abs(amounts), kind="stable")[: np.count_nonzero(amounts)]
        names = model.names.take(by_strength).tolist()
        return list(zip(names, amounts.take(by_strength).tolist(), strict=True))

    def base(self, variant: Variant, abuse: Abuse) -> float:
        """Return the raw score before any feature is known, in log odds."""
        return self._models[abuse, variant].table.base

    @property
    def table_bytes(self) -> int:
        """Memory of the attribution tables of all models, in bytes."""
        return sum(model.table.nbytes for model in self._models.values())
