"""The vector builder: same bits in any batch, defaults, formulas."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_service.features import vector
from risk_service.features.formula import parse
from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder

SCHEMA = load_schema()
BUILDER = VectorBuilder(SCHEMA)
with pytest.MonkeyPatch.context() as patch:
    patch.setattr(vector, "load_loops", lambda _: None)
    WITHOUT_NUMBA = VectorBuilder(SCHEMA)
INPUTS = (*SCHEMA.order, *SCHEMA.stored, *SCHEMA.live)
N_ORDER, N_STORED, N_LIVE = len(SCHEMA.order), len(SCHEMA.stored), len(SCHEMA.live)
Inputs = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def random_inputs(seed: int, rows: int) -> Inputs:
    """Return inputs of very different sizes, one in five missing."""
    rng = np.random.default_rng(seed)
    values = rng.random((rows, len(INPUTS))) * 10.0 ** rng.integers(0, 9, (rows, len(INPUTS)))
    values[rng.random(values.shape) < 0.2] = np.nan
    past = N_ORDER + N_STORED
    return values[:, :N_ORDER], values[:, N_ORDER:past], values[:, past:]


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 70),
    cuts=st.lists(st.integers(0, 70), max_size=6),
)
def test_bits_do_not_depend_on_the_batch(seed: int, rows: int, cuts: list[int]) -> None:
    """However a batch is split, every row has the same bits."""
    order, stored, live = random_inputs(seed, rows)
    whole = BUILDER.build(order, stored, live)
    edges = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    parts = [BUILDER.build(order[a:b], stored[a:b], live[a:b]) for a, b in pairwise(edges)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(0, 40))
def test_the_loop_has_numpys_bits(seed: int, rows: int) -> None:
    """With numba and without, a row is the same to the last bit, read-only or strided too."""
    order, stored, live = random_inputs(seed, rows)
    compiled = BUILDER.build(order, stored, live)
    assert WITHOUT_NUMBA.build(order, stored, live).tobytes() == compiled.tobytes()
    packed = [np.frombuffer(part.tobytes()).reshape(part.shape) for part in (order, stored, live)]
    assert BUILDER.build(*packed).tobytes() == compiled.tobytes()


def test_bits_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on the workspace does not show in the values."""
    order, stored, live = random_inputs(5, 100)
    whole = WITHOUT_NUMBA.build(order, stored, live)
    monkeypatch.setattr(vector, "CHUNK_ROWS", 7)
    assert WITHOUT_NUMBA.build(order, stored, live).tobytes() == whole.tobytes()


def test_equals_plain_arithmetic() -> None:
    """Every derived feature is what Python computes from its formula, to the last bit."""
    order, stored, live = random_inputs(9, 20)
    built = BUILDER.build(order, stored, live)
    for row in range(20):
        raw = [*order[row].tolist(), *stored[row].tolist(), *live[row].tolist()]
        known = {
            feature.name: feature.default if math.isnan(value) else value
            for feature, value in zip(INPUTS, raw, strict=True)
        }
        for place, feature in enumerate(SCHEMA.features):
            expected = known.get(feature.name, math.nan)
            if feature.derived:
                parse(feature.derived)
                expected = eval(feature.derived, {}, known)  # noqa: S307 (parsed: names and + - * / only)
            expected = feature.default if math.isnan(expected) else expected
            assert built[row, place] == expected, feature.name


def test_all_missing_is_finite() -> None:
    """An order of which nothing is known still has a finite vector."""
    built = BUILDER.build(*(np.full((3, width), np.nan) for width in (N_ORDER, N_STORED, N_LIVE)))
    assert np.isfinite(built).all()
    assert built.flags.c_contiguous
    assert built.shape == (3, len(SCHEMA.names))


def test_denominators_are_never_zero() -> None:
    """With no history at all (every stored value 0) nothing divides by zero."""
    zeros = BUILDER.build(*(np.zeros((1, width)) for width in (N_ORDER, N_STORED, N_LIVE)))
    assert np.isfinite(zeros).all()


def test_empty_batch() -> None:
    """No orders give no rows."""
    built = BUILDER.build(*(np.empty((0, width)) for width in (N_ORDER, N_STORED, N_LIVE)))
    assert built.shape == (0, len(SCHEMA.names))
