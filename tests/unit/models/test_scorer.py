"""Scores of a group: the same bits alone or together, and the bits of LightGBM itself."""

import gc
import subprocess
import sys
from typing import Any

import lightgbm
import numpy as np
import pytest

from risk_service.domain.vocabulary import Abuse
from risk_service.models import runtime
from risk_service.models.bundle import verify_bundle
from risk_service.models.runtime import FAST_ROWS_MAX, Booster, LightGBMError, predict_all
from risk_service.models.scorer import Scorer
from tests.fixtures.bundle_maker import ORDER, SCHEMA, rows, trained


@pytest.fixture(scope="module")
def scorer(original: Any) -> Scorer:
    """Load the sound bundle."""
    return Scorer(verify_bundle(original.bundle, original.trusted, SCHEMA))


@pytest.mark.parametrize("variant", ["full", "order_only"])
def test_raw_scores_are_lightgbms_own(scorer: Scorer, variant: Any) -> None:
    """The C API through ctypes gives what the training library predicts, bit by bit."""
    raw = scorer.score(rows(), variant).raw
    width = len(SCHEMA.names) if variant == "full" else len(ORDER)
    for at, abuse in enumerate(Abuse):
        booster = lightgbm.Booster(model_str=trained(abuse, variant).text)
        assert raw[:, at].tolist() == booster.predict(rows()[:, :width], raw_score=True).tolist()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 16, 33, 64])
@pytest.mark.parametrize("variant", ["full", "order_only"])
def test_neighbours_do_not_change_an_answer(scorer: Scorer, size: int, variant: Any) -> None:
    """Raw score, probability and score have the same bits in every group size."""
    whole = scorer.score(rows()[:264], variant)
    for start in range(0, 264 - size + 1, size):
        part = scorer.score(rows()[start : start + size], variant)
        for name in ("raw", "probability", "score"):
            wanted = getattr(whole, name)[start : start + size]
            assert getattr(part, name).tobytes() == wanted.tobytes()


def test_scores_are_in_their_ranges(scorer: Scorer) -> None:
    """Probabilities are 0 to 1, scores 0 to 1000, both rising with the raw score."""
    scores = scorer.score(rows(), "full")
    assert 0.0 <= scores.probability.min() <= scores.probability.max() <= 1.0
    assert 0 <= scores.score.min() <= scores.score.max() <= 1000
    for at in range(3):
        by_raw = np.argsort(scores.raw[:, at])
        assert (np.diff(scores.probability[by_raw, at]) >= 0.0).all()
        assert (np.diff(scores.score[by_raw, at]) >= 0).all()


def test_an_empty_group_has_empty_scores(scorer: Scorer) -> None:
    """No orders, no scores, no call into the library."""
    assert scorer.score(np.empty((0, len(SCHEMA.names))), "full").raw.shape == (0, 3)


def test_a_strided_matrix_is_scored_like_a_packed_one(scorer: Scorer) -> None:
    """A view of a larger array is copied, never read at wrong addresses."""
    wide = np.repeat(rows()[:5], 2, axis=1)
    assert (scorer.score(wide[:, ::2], "full").raw == scorer.score(rows()[:5], "full").raw).all()


def test_a_matrix_of_other_width_is_refused(scorer: Scorer) -> None:
    """A wrong width is an error of the caller, not a read past the row."""
    with pytest.raises(ValueError, match="shape"):
        scorer.score(np.zeros((2, 3)), "full")


@pytest.mark.parametrize("variant", ["full", "order_only"])
@pytest.mark.parametrize("abuse", list(Abuse))
def test_attribution_adds_up_to_the_raw_score(scorer: Scorer, variant: Any, abuse: Abuse) -> None:
    """Base and contributions sum to the raw score within 1e-9, strongest first."""
    raw = scorer.score(rows()[:200], variant).raw[:, list(Abuse).index(abuse)]
    allowed = SCHEMA.names if variant == "full" else ORDER
    for row, wanted in zip(rows()[:200], raw.tolist(), strict=True):
        parts = scorer.attribute(row, variant, abuse)
        assert scorer.base(variant, abuse) + sum(v for _, v in parts) == pytest.approx(
            wanted, abs=1e-9
        )
        sizes = [abs(value) for _, value in parts]
        assert sizes == sorted(sizes, reverse=True)
        assert {name for name, _ in parts} <= set(allowed)


def test_attribution_follows_the_path(scorer: Scorer) -> None:
    """Contributions equal a walk down each tree that credits every change of value."""
    bundle_text = lightgbm.Booster(model_str=trained(Abuse.REFUND, "full").text)
    row = rows()[3]
    wanted = dict.fromkeys(SCHEMA.names, 0.0)
    for tree in bundle_text.dump_model()["tree_info"]:
        node = tree["tree_structure"]
        while "split_index" in node:
            value, name = row[node["split_feature"]], SCHEMA.names[node["split_feature"]]
            left = node["default_left"] if np.isnan(value) else value <= node["threshold"]
            child = node["left_child" if left else "right_child"]
            wanted[name] += (
                child.get("internal_value", child.get("leaf_value")) - node["internal_value"]
            )
            node = child
    given = dict(scorer.attribute(row, "full", Abuse.REFUND))
    for name, value in wanted.items():
        # LightGBM's dump and text round inner values to 6 digits each.
        assert given.get(name, 0.0) == pytest.approx(value, abs=1e-5)


def test_thresholds_are_the_manifests(scorer: Scorer) -> None:
    """Thresholds are raw scores by action."""
    assert scorer.thresholds("full", Abuse.REFUND) == {
        "challenge": 0.25,
        "review": 0.5,
        "deny": 1.5,
    }


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(9),
        np.zeros((1, 8)),
        np.zeros((1, 9), dtype=np.float32),
        np.zeros((9, 2)).T,
    ],
    ids=["vector", "narrow", "float32", "column-major"],
)
def test_the_runtime_checks_what_it_hands_to_c(bad: Any) -> None:
    """A bare address is passed on, so shape, type and layout are checked before."""
    booster = Booster(trained(Abuse.SCALPING, "full").text.encode())
    with pytest.raises(ValueError, match="rows"):
        booster.predict_matrix(bad)
    with pytest.raises(ValueError, match="rows"):
        booster.leaf_indices(bad)


@pytest.mark.parametrize("count", [FAST_ROWS_MAX, FAST_ROWS_MAX + 1])
@pytest.mark.parametrize("variant", ["full", "order_only"])
def test_both_ways_into_the_library_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, variant: Any, count: int
) -> None:
    """Prepared single-row calls and the matrix call agree bit by bit, leaves too."""
    width = len(SCHEMA.names) if variant == "full" else len(ORDER)
    booster = Booster(trained(Abuse.REFUND, variant).text.encode())
    group = np.ascontiguousarray(rows()[:count, :width])
    answers = []
    for fast_rows_max in (0, count):
        monkeypatch.setattr(runtime, "FAST_ROWS_MAX", fast_rows_max)
        answers.append(
            (booster.predict_matrix(group).tobytes(), booster.leaf_indices(group).tobytes())
        )
    assert answers[0] == answers[1]


def test_models_of_a_group_are_asked_one_after_the_other() -> None:
    """The raw scores of several models are those of each alone; one odd model is refused."""
    group = np.ascontiguousarray(rows()[:12])
    boosters = [Booster(trained(abuse, "full").text.encode()) for abuse in Abuse]
    together = predict_all(boosters, group)
    assert together.tolist() == [one.predict_matrix(group).tolist() for one in boosters]
    narrow = Booster(trained(Abuse.REFUND, "order_only").text.encode())
    with pytest.raises(ValueError, match="rows"):
        predict_all([*boosters, narrow], group)


def test_leaf_indices_alone_are_those_of_the_batch() -> None:
    """The single-row call and the matrix call reach the same leaves."""
    booster = Booster(trained(Abuse.BRUSHING, "full").text.encode())
    together = booster.leaf_indices(rows()[:50])
    alone = [booster.leaf_indices(rows()[at : at + 1])[0].tolist() for at in range(50)]
    assert together.tolist() == alone


def test_errors_of_the_library_carry_its_words() -> None:
    """LightGBM's own message is the error's message."""
    with pytest.raises(LightGBMError, match="number of classes"):
        Booster(b"nothing")


def test_boosters_are_freed_once(capfd: pytest.CaptureFixture[str]) -> None:
    """Closing, then forgetting a booster frees it once and writes nothing to the terminal."""
    booster = Booster(trained(Abuse.SCALPING, "full").text.encode())
    booster.close()
    booster.close()
    del booster
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_scoring_does_not_import_lightgbm() -> None:
    """The library file is loaded alone: the package would cost seconds at start."""
    code = (
        "import sys, risk_service.models.scorer, risk_service.models.runtime as r; r._library();"
        "sys.exit(any(m.split('.')[0] in ('lightgbm', 'pandas', 'sklearn') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
