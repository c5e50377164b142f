"""The one place where model inputs are formed, for serving and for training.

Defaults stand in for what is missing, derived features are computed by + - * / only,
elementwise: a row has the same bits in a batch of one and of a million.
"""

import numpy as np
from numpy.typing import NDArray

from risk_service.features.formula import compile_formulas
from risk_service.features.schema import FeatureSchema

# Rows per pass: bounds the workspace to some tens of MiB at any batch size.
CHUNK_ROWS = 16_384


class VectorBuilder:
    """Turns the order's columns and stored values into model inputs.

    Parameters
    ----------
    schema
        Names the columns; see ``risk_service.features.schema``.
    """

    def __init__(self, schema: FeatureSchema) -> None:
        inputs = (*schema.order, *schema.stored, *schema.live)
        slots = {feature.name: slot for slot, feature in enumerate(inputs)}
        formulas = [feature.derived or "" for feature in schema.derived]
        self._program = compile_formulas(formulas, slots)
        self._n_order = len(schema.order)
        self._n_past = len(schema.order) + len(schema.stored)
        self._n_inputs = len(inputs)
        self._defaults = np.array([feature.default for feature in inputs])[:, None]
        results = dict(zip((f.name for f in schema.derived), self._program.results, strict=True))
        self._vector_slots = np.array([(slots | results)[name] for name in schema.names], np.intp)
        # Inputs already have their defaults; only derived features can still be NaN.
        self._vector_defaults = np.array([feature.default for feature in schema.features])[:, None]

    def build(
        self,
        order_columns: NDArray[np.float64],
        stored: NDArray[np.float64],
        live: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the model inputs of n orders.

        Parameters
        ----------
        order_columns
            Shape (n, order columns of the schema), NaN where unknown.
        stored
            Shape (n, stored features of the schema), NaN where missing.
        live
            Shape (n, live features of the schema), NaN where missing.

        Returns
        -------
        Shape (n, model inputs), float64, C-contiguous, always finite for finite input.
        """
        rows = len(order_columns)
        out = np.empty((rows, len(self._vector_slots)))
        for start in range(0, rows, CHUNK_ROWS):
            chunk = slice(start, start + CHUNK_ROWS)
            self._fill(order_columns[chunk], stored[chunk], live[chunk], out[chunk])
        return out

    def _fill(
        self,
        order_columns: NDArray[np.float64],
        stored: NDArray[np.float64],
        live: NDArray[np.float64],
        out: NDArray[np.float64],
    ) -> None:
        slots = np.empty((self._program.n_slots, len(order_columns)))
        inputs = slots[: self._n_inputs]
        inputs[: self._n_order] = order_columns.T
        inputs[self._n_order : self._n_past] = stored.T
        inputs[self._n_past :] = live.T
        np.copyto(inputs, self._defaults, where=np.isnan(inputs))
        self._program.run(slots, self._n_inputs)
        vectors = slots[self._vector_slots]
        np.copyto(vectors, self._vector_defaults, where=np.isnan(vectors))
        out[:] = vectors.T
