"""The strict reader accepts what LightGBM writes for us and refuses every edit of it."""

import re
from collections.abc import Callable

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.vocabulary import Abuse
from risk_service.models.model_text import ModelText, ModelTextFault, read_model_text
from tests.fixtures.bundle_maker import SCHEMA, labels, rows, trained

TEXT = trained(Abuse.SCALPING, "full").text


def resized(text: str) -> str:
    """Make ``tree_sizes`` fit, so that only the edit itself is at fault."""
    head, _, body = text.partition("\n\n")
    trees = body[: body.index("end of trees")]
    starts = [match.start() for match in re.finditer(r"^Tree=", trees, re.MULTILINE)]
    ends = [*starts[1:], len(trees)]
    sizes = " ".join(str(end - start) for start, end in zip(starts, ends, strict=True))
    return re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", head) + "\n\n" + body


def test_it_reads_what_lightgbm_reads() -> None:
    """Trees as read give LightGBM's own raw score, added up in tree order."""
    model = read_model_text(TEXT.encode(), SCHEMA.names)
    booster = lightgbm.Booster(model_str=TEXT)
    leaves = booster.predict(rows(), pred_leaf=True)
    total = np.zeros(len(rows()))
    for number, tree in enumerate(model.trees):
        total += tree.leaf_value[leaves[:, number]]
    assert total.tolist() == booster.predict(rows(), raw_score=True).tolist()


def test_a_model_of_one_leaf_is_read() -> None:
    """A model that found no split is one leaf and no array is missing."""
    data = lightgbm.Dataset(
        rows(), labels(Abuse.REFUND).astype(float), feature_name=list(SCHEMA.names)
    )
    text = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "min_gain_to_split": 1e12}, data, 3
    ).model_to_string()
    (tree,) = read_model_text(text.encode(), SCHEMA.names).trees
    assert tree.leaf_value.size == 1


def sub(pattern: str, to: str) -> Callable[[str], str]:
    """Return an edit of the first match."""

    def edit(text: str) -> str:
        changed, count = re.subn(pattern, to, text, count=1, flags=re.MULTILINE)
        assert count == 1
        return changed

    return edit


EDITS: dict[str, tuple[Callable[[str], str], str]] = {
    "nan leaf": (sub(r"leaf_value=\S+", "leaf_value=nan"), "tree 0: leaf_value"),
    "infinite leaf": (sub(r"leaf_value=\S+", "leaf_value=inf"), "tree 0: leaf_value"),
    "leaf too great for a double": (sub(r"leaf_value=\S+", "leaf_value=1e999"), "leaf_value"),
    "duplicated leaf_value": (sub(r"^(leaf_value=.*)$", r"\1\n\1"), "leaf_value is there twice"),
    "duplicated header key": (sub(r"^(num_class=1)$", r"\1\n\1"), "num_class is there twice"),
    "child out of range": (sub(r"left_child=\S+", "left_child=99"), "reached exactly once"),
    "leaf out of range": (sub(r"right_child=(.*) \S+$", r"right_child=\1 -99"), "exactly once"),
    "child before its parent": (sub(r"left_child=\S+", "left_child=0"), "after its parent"),
    "child reached twice": (
        sub(r"right_child=(.*) \S+ \S+$", r"right_child=\1 -1 -1"),
        "exactly once",
    ),
    "feature out of range": (sub(r"split_feature=\S+", "split_feature=9"), "split_feature"),
    "negative feature": (sub(r"split_feature=\S+", "split_feature=-1"), "split_feature"),
    "categorical split": (sub(r"decision_type=\S+", "decision_type=1"), "decision_type"),
    "zero as missing": (sub(r"decision_type=\S+", "decision_type=6"), "decision_type"),
    "nan threshold": (sub(r"threshold=\S+", "threshold=nan"), "threshold"),
    "threshold of minus infinity": (sub(r"threshold=\S+", "threshold=-inf"), "threshold"),
    "hexadecimal threshold": (sub(r"threshold=\S+", "threshold=0x1p3"), "threshold"),
    "number with underscore": (sub(r"leaf_value=\S+", "leaf_value=1_0"), "leaf_value"),
    "number with two points": (sub(r"leaf_value=\S+", "leaf_value=1.2.3"), "leaf_value"),
    "one leaf less": (sub(r"leaf_value=\S+ ", "leaf_value="), "leaf_value has 7"),
    "one threshold more": (sub(r"threshold=", "threshold=1 "), "threshold has 8"),
    "more leaves": (sub(r"num_leaves=8", "num_leaves=9"), "has 7 values, not 8"),
    "no leaves": (sub(r"num_leaves=8", "num_leaves=0"), "0 leaves"),
    "leaves beyond all bounds": (sub(r"num_leaves=8", "num_leaves=2147483647"), "leaves, not 1"),
    "categories": (sub(r"num_cat=0", "num_cat=1"), "categorical"),
    "linear leaves": (sub(r"is_linear=0", "is_linear=1"), "linear"),
    "missing array": (sub(r"^leaf_value=.*\n", ""), "leaf_value is missing"),
    "unknown line": (sub(r"^shrinkage=", "leaf_coeff=1\nshrinkage="), "unknown line"),
    "several classes": (sub(r"num_class=1", "num_class=2"), "num_class"),
    "other objective": (sub(r"objective=binary sigmoid:1", "objective=regression"), "objective"),
    "other sigmoid": (sub(r"sigmoid:1$", "sigmoid:2"), "objective"),
    "other version": (sub(r"version=v4", "version=v5"), "version"),
    "averaged output": (sub(r"^label_index", "average_output\nlabel_index"), "unknown line"),
    "renamed feature": (sub(r"order__f0", "order__f9"), "feature_names"),
    "more features": (sub(r"max_feature_idx=8", "max_feature_idx=99"), "max_feature_idx"),
    "categorical range": (sub(r"feature_infos=\S+", "feature_infos=1:2:3"), "feature_infos"),
    "file parameter": (
        sub(r"\[forcedsplits_filename: \]", "[forcedsplits_filename: /etc/passwd]"),
        "names a file",
    ),
    "linear trees parameter": (sub(r"\[linear_tree: 0\]", "[linear_tree: 1]"), "linear_tree"),
    "duplicated parameter": (sub(r"^(\[seed: 7\])$", r"\1\n\1"), "seed is there twice"),
    "unknown parameter line": (sub(r"^\[seed: 7\]$", "seed 7"), "unknown line"),
    "importance that is not a number": (sub(r"^(order__f\d)=\d+$", r"\1=x"), "feature_importances"),
    "no parameters": (sub(r"^parameters:$", "parameterz:"), "no parameters"),
    "pandas categories": (
        sub(r"pandas_categorical:null", 'pandas_categorical:[["a"]]'),
        "does not end",
    ),
    "text after the end": (lambda text: text + "x", "does not end"),
    "wrong start": (lambda text: "x" + text, "does not start"),
    "not ASCII": (sub(r"shrinkage=1$", "shrinkage=\N{ARABIC-INDIC DIGIT ONE}"), "not ASCII"),
    "a tree less": (sub(r"tree_sizes=\d+ ", "tree_sizes="), "does not fill its size"),
    "sizes that are no numbers": (sub(r"tree_sizes=\d+", "tree_sizes=-1"), "tree_sizes"),
}
KEEP_SIZES = {"a tree less", "sizes that are no numbers", "wrong start"}


@pytest.mark.parametrize("case", EDITS)
def test_an_edited_text_is_refused(case: str) -> None:
    """Each edit is refused and the message says where."""
    edit, told = EDITS[case]
    text = edit(TEXT)
    if case not in KEEP_SIZES:
        text = resized(text)
    with pytest.raises(ModelTextFault, match=re.escape(told)):
        read_model_text(text.encode(), SCHEMA.names)


def test_resizing_alone_changes_nothing() -> None:
    """The edits above fail for what they edit, not for how the test rewrites sizes."""
    assert resized(TEXT) == TEXT


def test_a_ring_of_splits_is_refused() -> None:
    """Splits that lead back to each other would never end a prediction."""
    edited = sub(r"left_child=.*", "left_child=-1 -2 -3 -4 6 5 -5")(TEXT)
    edited = sub(r"right_child=.*", "right_child=1 2 3 4 -6 -7 -8")(edited)
    with pytest.raises(ModelTextFault, match="after its parent"):
        read_model_text(resized(edited).encode(), SCHEMA.names)


def _shape(model: ModelText) -> tuple[tuple[str, ...], list[int]]:
    return model.feature_names, [len(tree.leaf_value) for tree in model.trees]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.binary(min_size=0, max_size=4))
def test_random_edits_never_escape_as_another_error(at: int, put: bytes) -> None:
    """Whatever bytes are put in, the reader reads or refuses; it never fails otherwise."""
    data = TEXT.encode()
    edited = data[:at] + put + data[at + len(put) :]
    try:
        read = read_model_text(edited, SCHEMA.names)
    except ModelTextFault:
        return  # what most edits deserve
    # What is read has not lost a tree or a leaf by the edit.
    assert _shape(read) == _shape(read_model_text(data, SCHEMA.names))
