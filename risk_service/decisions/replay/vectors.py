"""The model inputs of records, and as much of them as can be formed again.

The order's own columns come from the stored order, derived features from the stored inputs.
Stored history and live features are taken as they were read; so is what is derived from an
input that is none of the model's and therefore not kept.
"""

from collections.abc import Sequence

import numpy as np

from risk_service.decisions.kept_inputs import inputs_of
from risk_service.decisions.replay.compared import Differs, Finding, compared
from risk_service.decisions.scoring import Floats
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import DataFault
from risk_service.features.formula import names_in
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import Feature, FeatureSchema
from risk_service.features.vector import VectorBuilder


class Vectors:
    """Reads the vectors of records and forms them again, through the one builder."""

    def __init__(self, schema: FeatureSchema) -> None:
        self.names = schema.names
        self._version = schema.version
        self._builder = VectorBuilder(schema)
        self._stored, self._live = self._places(schema.stored), self._places(schema.live)
        own = {feature.name for feature in schema.order}
        formed = own | {
            feature.name
            for feature in schema.derived
            if own.issuperset({*names_in(feature.derived or "")} - {*self.names})
        }
        self._formed = np.array([n for n, name in enumerate(self.names) if name in formed])

    def _places(self, features: Sequence[Feature]) -> list[int]:
        """Return where inputs stand in a vector; behind its end what is not kept there."""
        at = {name: place for place, name in enumerate(self.names)}
        return [at.get(feature.name, len(self.names)) for feature in features]

    def of(self, record: DecisionRecord) -> Floats | Differs:
        """Return the kept vector, or that it has not the size that its schema gives it."""
        expected = f'"{len(self.names)} numbers"'
        try:
            row = inputs_of(record)
        except DataFault:
            return Differs('"damaged"', expected)
        is_of_schema = record.decision.versions.feature_schema == self._version
        if is_of_schema and len(row) != len(self.names):
            return Differs(f'"{len(row)} numbers"', expected)
        return row

    def again(self, records: Sequence[DecisionRecord], matrix: Floats) -> list[Finding]:
        """Form again what can be, and compare it."""
        own = np.array([order_columns(record.order) for record in records])
        kept = np.column_stack((matrix, np.full(len(records), np.nan)))
        built = self._builder.build(own, kept[:, self._stored], kept[:, self._live])
        before, after = matrix[:, self._formed], built[:, self._formed]
        same = (before.view(np.int64) == after.view(np.int64)).all(axis=1)
        return [
            None if equal else self._differs(*rows)
            for equal, *rows in zip(same, before, after, strict=True)
        ]

    def _differs(self, before: Floats, after: Floats) -> Finding:
        other = np.flatnonzero(before.view(np.int64) != after.view(np.int64))
        names = [self.names[place] for place in self._formed[other]]
        return compared(
            *(dict(zip(names, row[other].tolist(), strict=True)) for row in (before, after))
        )
