"""The forest: LightGBM's own bits for any row, and the library where it has no answer."""

import logging
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import risk_service.models.scorer as scorer_module
from risk_service.domain.vocabulary import Abuse
from risk_service.models import forest as forest_module
from risk_service.models.bundle import verify_bundle
from risk_service.models.forest import NEAR_ZERO, Forest
from risk_service.models.model_text import ModelText, read_model_text
from risk_service.models.runtime import Booster, predict_all
from risk_service.models.scorer import Scorer
from tests.fixtures.bundle_maker import SCHEMA, rows, trained

Floats = NDArray[np.float64]

TINY = (0.0, -0.0, 5e-324, -5e-324, 1e-36, -1e-36, NEAR_ZERO, -NEAR_ZERO)
ODD = (*TINY, *(float(np.nextafter(one, np.inf)) for one in (NEAR_ZERO, -NEAR_ZERO)))
BESIDE = (*ODD, float(np.nextafter(-NEAR_ZERO, -np.inf)), np.inf, -np.inf, 1e300, -1e300)


def _with_thresholds(text: str, chosen: tuple[float, ...]) -> str:
    """Return a model whose thresholds are, in turn, ours and its own."""
    head, *parts = re.split(r"(?=^Tree=)", text, flags=re.MULTILINE)
    *trees, last = parts
    last, end, rest = last.partition("end of trees")
    edited = [_edited(tree, chosen, number) for number, tree in enumerate([*trees, last])]
    sizes = " ".join(str(len(tree)) for tree in edited)
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", head, flags=re.MULTILINE)
    return head + "".join(edited) + end + rest


def _edited(tree: str, chosen: tuple[float, ...], number: int) -> str:
    found = re.search(r"^threshold=(.*)$", tree, flags=re.MULTILINE)
    assert found is not None
    values = found[1].split(" ")
    for place in range(number % 2, len(values), 2):
        values[place] = repr(chosen[(number + place) % len(chosen)])
    return tree[: found.start(1)] + " ".join(values) + tree[found.end(1) :]


@cache
def _models() -> tuple[Forest, tuple[Booster, ...], tuple[ModelText, ...]]:
    """Load three models, one of them with thresholds around zero and at infinity."""
    plain = [trained(abuse, "full").text for abuse in Abuse]
    odd = _with_thresholds(plain[0], (*ODD, float("inf")))
    files = [text.encode() for text in (odd, *plain[1:])]
    texts = tuple(read_model_text(file, SCHEMA.names) for file in files)
    return Forest(texts), tuple(Booster(file) for file in files), texts


def _values() -> st.SearchStrategy[float]:
    """Draw what may lie on either side of a threshold."""
    known = sorted({t for text in _models()[2] for tree in text.trees for t in tree.threshold})
    near = [float(np.nextafter(one, way)) for one in known for way in (-np.inf, np.inf)]
    return st.sampled_from([*known, *near, *BESIDE]) | st.floats(allow_nan=False)


@given(data=st.data(), count=st.integers(0, 20))
@settings(deadline=None, max_examples=150)
def test_raw_scores_have_lightgbms_bits(data: st.DataObject, count: int) -> None:
    """At and beside every threshold, near zero and at infinity, in every size of group."""
    forest, boosters, _ = _models()
    width = len(SCHEMA.names)
    drawn = data.draw(st.lists(_values(), min_size=count * width, max_size=count * width))
    matrix = np.array(drawn, dtype=np.float64).reshape(count, width)
    raw = forest.raw(matrix)
    assert raw is not None
    assert raw.tobytes() == predict_all(boosters, matrix).tobytes()


def test_a_model_of_bare_leaves_is_walked_too() -> None:
    """A tree without a split adds its value to every row."""
    text = trained(Abuse.REFUND, "order_only").text
    head, *trees = re.split(r"(?=^Tree=)", text, flags=re.MULTILINE)
    end = trees[-1][trees[-1].index("end of trees") :]
    bare = (
        "Tree=0\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nsplit_gain=\nthreshold=\n"
        "decision_type=\nleft_child=\nright_child=\nleaf_value=-1.5\nleaf_weight=\n"
        "leaf_count=9\ninternal_value=\ninternal_weight=\ninternal_count=\nis_linear=0\n"
        "shrinkage=1\n\n\n"
    )
    head = re.sub(r"^tree_sizes=.*$", f"tree_sizes={len(bare)}", head, flags=re.MULTILINE)
    file = (head + bare + end).encode()
    names = SCHEMA.order_only
    forest, booster = Forest([read_model_text(file, names)]), Booster(file)
    matrix = np.zeros((9, len(names)))
    raw = forest.raw(matrix)
    assert raw is not None
    assert raw[0].tolist() == booster.predict_matrix(matrix).tolist() == [-1.5] * 9


def test_missing_values_are_the_librarys(original: Any) -> None:
    """With a NaN anywhere the forest has no answer; the scorer's is that of the library."""
    forest, boosters, _ = _models()
    with_gaps = np.ascontiguousarray(rows()[:20])
    assert np.isnan(with_gaps).any()
    assert forest.raw(with_gaps) is None
    scorer = Scorer(verify_bundle(original.bundle, original.trusted, SCHEMA))
    assert [list(row) for row in scorer.score_rows(with_gaps, "full").raw] == (
        predict_all(
            [Booster(trained(abuse, "full").text.encode()) for abuse in Abuse], with_gaps
        ).T.tolist()
    )
    assert len(boosters) == len(Abuse)


def test_without_numba_the_library_answers(original: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same scores, bit by bit."""
    bundle = verify_bundle(original.bundle, original.trusted, SCHEMA)
    matrix = np.nan_to_num(rows()[:13])
    compiled = Scorer(bundle).score_rows(matrix, "full")
    monkeypatch.setattr(forest_module, "load_loops", lambda _: None)
    plain = Scorer(bundle)
    assert Forest(_models()[2]).raw(matrix) is None
    assert plain.score_rows(matrix, "full") == compiled


def test_a_forest_that_errs_never_serves(
    original: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At load golden rows are compared with the library, which then answers in its place."""

    class Wrong(Forest):
        def raw(self, rows: Floats) -> Floats | None:
            raw = super().raw(rows)
            return None if raw is None else np.nextafter(raw, np.inf)

    bundle = verify_bundle(original.bundle, original.trusted, SCHEMA)
    matrix = np.nan_to_num(rows()[:13])
    wanted = Scorer(bundle).score_rows(matrix, "full")
    monkeypatch.setattr(scorer_module, "Forest", Wrong)
    with caplog.at_level(logging.ERROR):
        scorer = Scorer(bundle)
    assert [record.message for record in caplog.records] == ["forest_differs"] * 2
    assert scorer.score_rows(matrix, "full") == wanted
