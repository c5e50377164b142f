"""What a report shows: everything it needs, and nothing it would have to compute."""

from collections.abc import Mapping
from dataclasses import dataclass

from risk_service.domain.vocabulary import Abuse
from training.measures.test_slice import ModelScores, TestSlice
from training.train.costs import CostTable
from training.train.fit import FittedAbuse

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseReport:
    """One abuse: how it was fitted, its figures, and the rows behind the curves."""

    fitted: FittedAbuse
    figures: Json
    rows: TestSlice
    scores: Mapping[str, ModelScores]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A training run. ``descriptions`` maps a feature to its English and Chinese text."""

    title: str
    facts: Mapping[str, str]
    abuses: Mapping[Abuse, AbuseReport]
    costs: CostTable
    descriptions: Mapping[str, tuple[str, str]]
    timings_s: Mapping[str, float]
