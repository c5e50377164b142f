"""Formulas of derived features: + - * / over feature names and numbers, nothing else.

All formulas of a schema are compiled together into few instructions, each of which
does one operation for many features at once. Every operation is elementwise IEEE
arithmetic, so a value never depends on the size of the batch it was computed in.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault

OPERATORS: dict[type[ast.operator], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}


def parse(formula: str) -> ast.expr:
    """Return the syntax tree of a formula.

    Raises
    ------
    ConfigFault
        The text is no formula or uses anything but names, numbers and + - * /.
    """
    try:
        tree = ast.parse(formula, mode="eval").body
    except SyntaxError as error:
        raise ConfigFault(f"formula {formula!r}: {error.msg}") from error
    for node in ast.walk(tree):
        if not _allowed(node):
            raise ConfigFault(f"formula {formula!r}: {type(node).__name__} is not allowed")
    return tree


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, ast.BinOp | ast.Name | ast.Load) or type(node) in OPERATORS


def names_in(formula: str) -> tuple[str, ...]:
    """Return the feature names a formula reads, in order of first use."""
    found = [node.id for node in ast.walk(parse(formula)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """``slots[start:stop] = operation(slots[left], slots[right])``."""

    operation: np.ufunc
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Compiled formulas over a workspace of slots, one row per value, one column per order.

    The first slots hold the inputs, then come ``constants``, then results.
    ``results[i]`` is the slot of the i-th formula.
    """

    constants: NDArray[np.float64]
    instructions: tuple[Instruction, ...]
    results: NDArray[np.intp]
    n_slots: int

    def run(self, slots: NDArray[np.float64], n_inputs: int) -> None:
        """Fill everything after the inputs; ``slots`` has shape (n_slots, orders)."""
        slots[n_inputs : n_inputs + len(self.constants)] = self.constants[:, None]
        for step in self.instructions:
            step.operation(slots[step.left], slots[step.right], out=slots[step.start : step.stop])


class _Compiler:
    """Numbers the nodes of all formulas, level by level."""

    def __init__(self, inputs: Mapping[str, int]) -> None:
        self.inputs = inputs
        self.constants: dict[float, int] = {}
        self.levels: dict[tuple[int, str], list[str]] = {}
        self.nodes: dict[str, ast.BinOp] = {}
        self.slots: dict[str, int] = {}

    def collect(self, node: ast.expr) -> int:
        """Return the node's level (0 for inputs and numbers) and remember it."""
        if isinstance(node, ast.Constant):
            self.constants.setdefault(float(node.value), len(self.constants))  # type: ignore[arg-type] # parse() lets numbers through only
            return 0
        if not isinstance(node, ast.BinOp):
            return 0
        level = 1 + max(self.collect(node.left), self.collect(node.right))
        key = ast.unparse(node)
        if key not in self.nodes:
            self.nodes[key] = node
            self.levels.setdefault((level, type(node.op).__name__), []).append(key)
        return level

    def slot(self, node: ast.expr) -> int:
        if isinstance(node, ast.Constant):
            return len(self.inputs) + self.constants[float(node.value)]  # type: ignore[arg-type] # as above
        if isinstance(node, ast.Name):
            return self.inputs[node.id]
        return self.slots[ast.unparse(node)]

    def instruction(self, keys: Sequence[str], start: int) -> Instruction:
        pairs = [self.nodes[key] for key in keys]
        operands = [(self.slot(n.left), self.slot(n.right)) for n in pairs]
        for offset, key in enumerate(keys):
            self.slots[key] = start + offset
        return Instruction(
            operation=OPERATORS[type(pairs[0].op)],
            left=np.array([left for left, _ in operands], np.intp),
            right=np.array([right for _, right in operands], np.intp),
            start=start,
            stop=start + len(keys),
        )


def compile_formulas(formulas: Sequence[str], inputs: Mapping[str, int]) -> Program:
    """Compile formulas over inputs whose slots are 0 .. len(inputs) - 1.

    Raises
    ------
    ConfigFault
        A formula reads a name that is no input.
    """
    trees = [parse(formula) for formula in formulas]
    for formula in formulas:
        unknown = [name for name in names_in(formula) if name not in inputs]
        if unknown:
            raise ConfigFault(f"formula {formula!r}: unknown feature {unknown[0]}")
    compiler = _Compiler(inputs)
    for tree in trees:
        compiler.collect(tree)
    instructions = []
    start = len(inputs) + len(compiler.constants)
    for level in sorted(compiler.levels):
        step = compiler.instruction(compiler.levels[level], start)
        instructions.append(step)
        start = step.stop
    return Program(
        constants=np.array(list(compiler.constants), np.float64),
        instructions=tuple(instructions),
        results=np.array([compiler.slot(tree) for tree in trees], np.intp),
        n_slots=start,
    )
