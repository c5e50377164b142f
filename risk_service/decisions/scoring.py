"""Features and models of a group of orders: one read, one matrix, one call per model."""

import logging
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from risk_service.decisions.policy_file import ABUSES, Action
from risk_service.decisions.verdict import Ladders, ladder
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Abuse, Mode
from risk_service.feature_ports import FeatureReader
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import FeatureSchema
from risk_service.features.vector import VectorBuilder

Floats = NDArray[np.float64]
Variant = Literal["full", "order_only"]
VARIANTS: tuple[Variant, ...] = ("full", "order_only")

log = logging.getLogger(__name__)


class Scores(Protocol):
    """Scores of a group, one tuple per order in the order of ``Abuse``."""

    @property
    def raw(self) -> Sequence[tuple[float, ...]]:
        """Log odds, uncalibrated."""

    @property
    def probability(self) -> Sequence[tuple[float, ...]]:
        """Calibrated, 0 to 1."""

    @property
    def score(self) -> Sequence[tuple[int, ...]]:
        """0 to 1000 by false positive rate."""


class Models(Protocol):
    """The three models of a bundle."""

    @property
    def sha256(self) -> str:
        """Digest of the bundle's manifest."""

    def score_rows(self, matrix: Floats, variant: Variant) -> Scores:
        """Score a matrix of shape (orders, model inputs)."""

    def thresholds(self, variant: Variant, abuse: Abuse) -> Mapping[Action, float]:
        """Return the raw score from which each action is asked for."""

    def score_at(self, variant: Variant, abuse: Abuse, raw: float) -> int:
        """Return the score of 0 to 1000 that a raw score stands for."""

    def attribute(self, row: Floats, variant: Variant, abuse: Abuse) -> list[tuple[str, float]]:
        """Return each feature's share of the raw score of one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredGroup:
    """Everything the models said about a group; sequences run over the orders.

    Without models the tuples of scores are empty and ``ladders`` is None; ``has_history`` tells
    whether the matrix holds more than the orders' own columns.
    """

    now_us: int
    mode: Mode
    variant: Variant
    has_history: bool
    ladders: Ladders | None
    matrix: Floats
    raw: Sequence[tuple[float, ...]]
    probability: Sequence[tuple[float, ...]]
    score: Sequence[tuple[int, ...]]


class Scoring:
    """Forms the model inputs of a group and asks the models.

    Parameters
    ----------
    models
        None: decisions rest on rules and lists until ``use`` brings some.
    stale_after_us
        Age of the stored history from which decisions say STALE.
    """

    def __init__(
        self,
        schema: FeatureSchema,
        reader: FeatureReader,
        models: Models | None,
        *,
        stale_after_us: int,
    ) -> None:
        self.schema_version = schema.version
        self._names = schema.names
        self._n_stored = len(schema.stored)
        self._n_live = len(schema.live)
        self._pack = struct.Struct(f"{len(schema.order)}d").pack
        self._builder = VectorBuilder(schema)
        self._reader = reader
        self._stale_after_us = stale_after_us
        self.bundle_sha256 = ""
        self._models: Models | None = None
        self._ladders: dict[Variant, Ladders] = {}
        if models is not None:
            self.use(models)

    def use(self, models: Models) -> None:
        """Serve another bundle from the next group on."""
        self.bundle_sha256 = models.sha256
        self._models = models
        self._ladders = {variant: ladders_of(models, variant) for variant in VARIANTS}

    def score(
        self, orders: Sequence[Order], now_us: int, live: Floats | None = None
    ) -> ScoredGroup:
        """Score a group of at least one order.

        Parameters
        ----------
        live
            Shape (orders, live features of the schema), NaN where missing; None when the
            windows cannot be read: then only models that need no history decide.
        """
        stored, mode = self._stored(orders, now_us)
        if live is None:
            live, mode = np.full((len(orders), self._n_live), np.nan), Mode.NO_FEATURES
        variant: Variant = "order_only" if mode is Mode.NO_FEATURES else "full"
        # Packed row by row: numpy would look at the type of every number.
        packed = bytearray().join([self._pack(*order_columns(order)) for order in orders])
        columns = np.frombuffer(packed, np.float64).reshape(len(orders), -1)
        matrix = self._builder.build(columns, stored, live)
        has_history = mode is not Mode.NO_FEATURES
        if self._models is None:
            return _unscored(now_us, variant, matrix, has_history)
        scores = self._models.score_rows(matrix, variant)
        return ScoredGroup(
            now_us=now_us,
            mode=mode,
            variant=variant,
            has_history=has_history,
            ladders=self._ladders[variant],
            matrix=matrix,
            raw=scores.raw,
            probability=scores.probability,
            score=scores.score,
        )

    def contributions(
        self, group: ScoredGroup, index: int, abuses: Sequence[Abuse]
    ) -> dict[Abuse, list[tuple[str, float]]]:
        """Return each feature's share of the raw score of one order, per abuse."""
        row, models = group.matrix[index], self._models
        if models is None:
            return {}
        return {abuse: models.attribute(row, group.variant, abuse) for abuse in abuses}

    def values(self, group: ScoredGroup, index: int) -> dict[str, float]:
        """Return the model inputs of one order by name."""
        return dict(zip(self._names, group.matrix[index].tolist(), strict=True))

    def _stored(self, orders: Sequence[Order], now_us: int) -> tuple[Floats, Mode]:
        try:
            read = self._reader.read(orders, now_us)
        except StoreUnavailable as error:
            log.warning("features_unavailable", extra={"error": str(error), "orders": len(orders)})
            return np.full((len(orders), self._n_stored), np.nan), Mode.NO_FEATURES
        old = now_us - read.materialized_until_us > self._stale_after_us
        return read.values, Mode.STALE if old else Mode.FULL


def ladders_of(models: Models, variant: Variant) -> Ladders:
    """Return the thresholds of one variant of a bundle."""
    return Ladders(
        steps=tuple(ladder(models.thresholds(variant, abuse)) for abuse in ABUSES),
        score_at=lambda abuse, raw: models.score_at(variant, abuse, raw),
    )


def _unscored(now_us: int, variant: Variant, matrix: Floats, has_history: bool) -> ScoredGroup:
    """Return a group that no model has looked at."""
    nothing: list[tuple[()]] = [()] * len(matrix)
    return ScoredGroup(
        now_us=now_us,
        mode=Mode.RULES_ONLY,
        variant=variant,
        has_history=has_history,
        ladders=None,
        matrix=matrix,
        raw=nothing,
        probability=nothing,
        score=nothing,
    )
