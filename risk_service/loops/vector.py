"""Forms model inputs row by row; ``features.vector`` says what the numbers are.

One IEEE operation after the other, none of them fused or reordered: the bits are those of
numpy's operations on whole columns.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_service.loops.compiled import Arrays, compiler

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ADD, SUBTRACT, MULTIPLY, DIVIDE = range(4)

compiled = compiler([Path(__file__)])


class Plan(NamedTuple):
    """How a row comes about, over slots: inputs, then constants, then results of operations.

    ``inputs`` and ``outputs`` hold what stands in for a missing value of each input and each
    model input; ``chosen`` the slot of each model input.
    """

    inputs: Floats
    constants: Floats
    operation: Ints
    left: Ints
    right: Ints
    chosen: Ints
    outputs: Floats


@compiled
def fill(parts: tuple[Floats, Floats, Floats], plan: Arrays, slots: Floats, out: Floats) -> None:
    """Write the model inputs of each row: of its own columns, stored and live values."""
    _fill(parts, Plan(*plan), slots, out)


@compiled
def _fill(parts: tuple[Floats, Floats, Floats], plan: Plan, slots: Floats, out: Floats) -> None:
    constants, first = len(plan.inputs), len(plan.inputs) + len(plan.constants)
    for place in range(len(plan.constants)):
        slots[constants + place] = plan.constants[place]
    for row in range(len(out)):
        start = 0
        for part in parts:
            for place in range(part.shape[1]):
                value = part[row, place]
                slots[start + place] = plan.inputs[start + place] if np.isnan(value) else value
            start += part.shape[1]
        for step in range(len(plan.operation)):
            left, right = slots[plan.left[step]], slots[plan.right[step]]
            slots[first + step] = _result(plan.operation[step], left, right)
        for place in range(len(plan.chosen)):
            value = slots[plan.chosen[place]]
            out[row, place] = plan.outputs[place] if np.isnan(value) else value


@compiled
def _result(operation: int, left: float, right: float) -> float:
    if operation == ADD:
        return left + right
    if operation == SUBTRACT:
        return left - right
    return left * right if operation == MULTIPLY else left / right


def compile_now() -> None:
    """Compile, or load what was kept, before the first group comes."""
    numbers, places, table = np.zeros(1), np.zeros(1, np.int64), np.zeros((1, 1))
    plan = (np.zeros(3), numbers, places, places, places, places, numbers)
    fill((table, table, table), plan, np.zeros(5), table)
