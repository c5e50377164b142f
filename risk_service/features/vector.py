"""The one place where model inputs are formed, for serving and for training.

Defaults stand in for what is missing, derived features are computed by + - * / only,
elementwise: a row has the same bits in a batch of one and of a million, in the compiled
loop and in numpy's operations, which stand in where numba is not installed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.features.formula import compile_formulas
from risk_service.features.schema import FeatureSchema
from risk_service.loops import load_loops

# Rows per pass: bounds the workspace to some tens of MiB at any batch size.
CHUNK_ROWS = 16_384
# As ``loops.vector`` numbers the operations.
CODES: dict[np.ufunc, int] = {np.add: 0, np.subtract: 1, np.multiply: 2, np.divide: 3}


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
        self._loops: Any = load_loops("vector")
        self._plan = None if self._loops is None else self._planned()

    def _planned(self) -> Any:  # a NamedTuple of the loops
        self._loops.compile_now()
        steps = self._program.instructions
        return self._loops.Plan(
            inputs=self._defaults.ravel(),
            constants=self._program.constants,
            operation=np.concatenate(
                [np.full(step.stop - step.start, CODES[step.operation], np.int64) for step in steps]
            ),
            left=np.concatenate([step.left for step in steps]).astype(np.int64),
            right=np.concatenate([step.right for step in steps]).astype(np.int64),
            chosen=self._vector_slots.astype(np.int64),
            outputs=self._vector_defaults.ravel(),
        )

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
        if self._plan is not None:
            parts = (_plain(order_columns), _plain(stored), _plain(live))
            self._loops.fill(parts, tuple(self._plan), np.empty(self._program.n_slots), out)
            return out
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


def _plain(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values in the one layout that the loop is compiled for."""
    is_plain = values.flags.c_contiguous and values.flags.writeable
    return values if is_plain else np.array(values, order="C")
