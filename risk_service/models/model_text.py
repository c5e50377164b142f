"""Strict reader of LightGBM's text format, run before the C library sees a byte.

LightGBM trusts its files: an edited one aborts the process, an out-of-range child is a
segmentation fault, a duplicated line silently wins (LightGBM issues 7357, 7437, 7438).
This reader accepts what our trainer writes and nothing else: version v4, one class,
``binary sigmoid:1``, numerical splits, constant leaves. It also yields the arrays that
path attribution and the forest need. Limits: ``MAX_BYTES``, ``MAX_TREES``, ``MAX_LEAVES``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.models.parameter_text import check_trailer

MAX_BYTES = 64 * 1024 * 1024
MAX_TREES = 10_000
MAX_LEAVES = 4096

# Bit 0 categorical, bit 1 default left, bits 2-3 missing values: none 0, zero 1, NaN 2.
DECISION_TYPES = (0, 2, 8, 10)

_HEADER = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "objective": "binary sigmoid:1",
}
_HEADER_KEYS = frozenset(
    {*_HEADER, "max_feature_idx", "feature_names", "feature_infos", "tree_sizes"}
)
_INTS_PER_NODE = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
_FLOATS_PER_NODE = ("split_gain", "threshold", "internal_value", "internal_weight")
_SCALARS = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_TREE_KEYS = frozenset({*_INTS_PER_NODE, *_FLOATS_PER_NODE, *_SCALARS, *_PER_LEAF})
_FEATURE_INFO = re.compile(r"none|\[[-+0-9.e]+:[-+0-9.e]+\]")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")
_ALPHABET = dict.fromkeys(map(ord, "0123456789+-.e "))
_SPLIT_ALPHABET = dict.fromkeys(map(ord, "0123456789+-.e inf"))

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class ModelTextFault(ValueError):
    """The text is not one of our LightGBM models; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree: ``n`` leaves and ``n - 1`` splits; a child below 0 is leaf ``-1 - child``.

    A value up to the threshold goes to the left.
    """

    split_feature: Ints
    threshold: Floats
    left_child: Ints
    right_child: Ints
    internal_value: Floats
    leaf_value: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelText:
    """A model that passed every check of this reader."""

    feature_names: tuple[str, ...]
    trees: tuple[Tree, ...]


def read_model_text(data: bytes, feature_names: Sequence[str]) -> ModelText:
    """Check a whole model file whose features must be ``feature_names``, in order.

    Raises
    ------
    ModelTextFault
        Anything is missing, repeated, unknown, out of range or not finite.
    """
    if len(data) > MAX_BYTES:
        raise ModelTextFault(f"{len(data)} bytes, more than {MAX_BYTES}")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise ModelTextFault(f"byte {error.start} is not ASCII") from error
    head, blank, body = text.partition("\n\n")
    if not blank:
        raise ModelTextFault("no end of the header")
    sizes = _check_header(head, tuple(feature_names))
    trees, rest = _read_trees(body, sizes, len(feature_names))
    try:
        check_trailer(rest)
    except ValueError as error:
        raise ModelTextFault(str(error)) from error
    return ModelText(feature_names=tuple(feature_names), trees=trees)


def _check_header(head: str, feature_names: tuple[str, ...]) -> list[int]:
    first, _, rest = head.partition("\n")
    if first != "tree":
        raise ModelTextFault("does not start with 'tree'")
    values = _key_values(rest, _HEADER_KEYS, "header")
    for key, wanted in _HEADER.items():
        if values[key] != wanted:
            raise ModelTextFault(f"header: {key} is {values[key][:40]!r}, not {wanted!r}")
    if tuple(values["feature_names"].split(" ")) != feature_names:
        raise ModelTextFault("header: feature_names differ from the manifest's")
    if values["max_feature_idx"] != str(len(feature_names) - 1):
        raise ModelTextFault("header: max_feature_idx does not fit feature_names")
    infos = values["feature_infos"].split(" ")
    if len(infos) != len(feature_names) or not all(map(_FEATURE_INFO.fullmatch, infos)):
        raise ModelTextFault("header: feature_infos is not one numerical range per feature")
    sizes = values["tree_sizes"].split(" ")
    if len(sizes) > MAX_TREES or not all(map(_WHOLE.fullmatch, sizes)):
        raise ModelTextFault(f"header: tree_sizes is not a list of 1 to {MAX_TREES} sizes")
    return [int(size) for size in sizes]


def _key_values(block: str, keys: frozenset[str], where: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in block.split("\n"):
        key, equals, value = line.partition("=")
        if not equals or key not in keys:
            raise ModelTextFault(f"{where}: unknown line {line[:40]!r}")
        if key in values:
            raise ModelTextFault(f"{where}: {key} is there twice")
        values[key] = value
    missing = keys - values.keys()
    if missing:
        raise ModelTextFault(f"{where}: {min(missing)} is missing")
    return values


def _read_trees(body: str, sizes: list[int], features: int) -> tuple[tuple[Tree, ...], str]:
    trees: list[Tree] = []
    at = 0
    for number, size in enumerate(sizes):
        section = body[at : at + size]
        title, end = f"Tree={number}\n", "\n\n\n"
        if len(section) != size or not section.startswith(title) or not section.endswith(end):
            raise ModelTextFault(f"tree {number} does not fill its size of {size} bytes")
        block = section[len(title) : -len(end)]
        trees.append(_read_tree(block, f"tree {number}", features))
        at += size
    return tuple(trees), body[at:]


def _read_tree(block: str, where: str, features: int) -> Tree:
    values = _key_values(block, _TREE_KEYS, where)
    if values["num_cat"] != "0" or values["is_linear"] != "0":
        raise ModelTextFault(f"{where}: categorical splits and linear leaves are not supported")
    if not _WHOLE.fullmatch(values["num_leaves"]):
        raise ModelTextFault(f"{where}: num_leaves is not a number")
    leaves = int(values["num_leaves"])
    if not 1 <= leaves <= MAX_LEAVES:
        raise ModelTextFault(f"{where}: {leaves} leaves, not 1 to {MAX_LEAVES}")
    _floats(values, "shrinkage", 1, where)
    ints = {key: _ints(values, key, leaves - 1, where) for key in _INTS_PER_NODE}
    floats = {key: _floats(values, key, leaves - 1, where) for key in _FLOATS_PER_NODE}
    _check_leaf_statistics(values, leaves, where)
    _check_splits(ints, features, where)
    _check_shape(ints["left_child"], ints["right_child"], leaves, where)
    return Tree(
        split_feature=ints["split_feature"],
        threshold=floats["threshold"],
        left_child=ints["left_child"],
        right_child=ints["right_child"],
        internal_value=floats["internal_value"],
        leaf_value=_floats(values, "leaf_value", leaves, where),
    )


def _check_leaf_statistics(values: dict[str, str], leaves: int, where: str) -> None:
    # A tree that is one leaf carries no weight; LightGBM writes the line empty.
    _floats(values, "leaf_weight", leaves if leaves > 1 or values["leaf_weight"] else 0, where)
    _ints(values, "leaf_count", leaves, where)


def _check_splits(ints: dict[str, Ints], features: int, where: str) -> None:
    chosen = ints["split_feature"]
    if bool(((chosen < 0) | (chosen >= features)).any()):
        raise ModelTextFault(f"{where}: split_feature is not 0 to {features - 1}")
    if not set(ints["decision_type"].tolist()) <= set(DECISION_TYPES):
        raise ModelTextFault(f"{where}: decision_type is not one of {DECISION_TYPES}")


def _check_shape(left: Ints, right: Ints, leaves: int, where: str) -> None:
    children = np.concatenate((left, right))
    parents = np.arange(leaves - 1)
    inner = children >= 0
    # LightGBM numbers a split after its parent: a child that comes later cannot close a ring.
    if bool((inner & (children <= np.concatenate((parents, parents)))).any()):
        raise ModelTextFault(f"{where}: a child does not come after its parent")
    wanted = np.concatenate((np.arange(-leaves, 0), np.arange(1, leaves - 1)))
    if leaves > 1 and not np.array_equal(np.sort(children), wanted):
        raise ModelTextFault(f"{where}: not every split and leaf is reached exactly once")


def _ints(values: dict[str, str], key: str, count: int, where: str) -> Ints:
    tokens = _tokens(values, key, count, where)
    try:
        return np.array(list(map(int, tokens)), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise ModelTextFault(f"{where}: {key} holds something that is not an integer") from error


def _floats(values: dict[str, str], key: str, count: int, where: str) -> Floats:
    tokens = _tokens(values, key, count, where)
    try:
        numbers = np.array(list(map(float, tokens)), dtype=np.float64)
    except ValueError as error:
        raise ModelTextFault(f"{where}: {key} holds something that is not a number") from error
    # A threshold of inf parts the missing values from all others; elsewhere nothing is infinite.
    finite = np.isfinite(numbers) if key != "threshold" else numbers > -np.inf
    if not bool(finite.all()):
        raise ModelTextFault(f"{where}: {key} is not finite")
    return numbers


def _tokens(values: dict[str, str], key: str, count: int, where: str) -> list[str]:
    value = values[key]
    # Python reads 1_0, tabs and many names of infinity as numbers; LightGBM reads them otherwise.
    if value.translate(_SPLIT_ALPHABET if key == "threshold" else _ALPHABET):
        raise ModelTextFault(f"{where}: {key} is not finite or oddly spelled")
    tokens = value.split(" ") if value else []
    if len(tokens) != count:
        raise ModelTextFault(f"{where}: {key} has {len(tokens)} values, not {count}")
    return tokens
