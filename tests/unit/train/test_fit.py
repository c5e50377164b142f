"""Boosters, calibration, baselines and the leak alarm on made-up data."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import load_schema
from training.measures.leaks import FeatureAuc, refuse_leaks, single_feature_aucs
from training.train.booster import (
    MAXIMUM_TREES,
    PARAMETERS,
    SMOOTHED_TREES,
    Lesson,
    Rows,
    best_trees,
    binned,
    boost,
    class_weight,
    fit_booster,
    quality_by_trees,
    raw_scores,
)
from training.train.calibrate import FITS, Calibrated, choose_calibration
from training.train.logistic import Logistic
from training.train.rules import load_rules

FEATURES = ("a", "b", "c")


def some_rows(seed: int, n: int = 3_000) -> Rows:
    """Return rows whose label follows the first two inputs."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, 3))
    odds = 2 * matrix[:, 0] - matrix[:, 1] ** 2 - 1.5
    return Rows(matrix=matrix, label=(rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8))


def a_lesson() -> Lesson:
    """Return rows to train and stop on, and others with them to learn from."""
    parts = [some_rows(seed) for seed in (1, 2, 3)]
    learn = Rows(
        matrix=np.concatenate([part.matrix for part in parts]),
        label=np.concatenate([part.label for part in parts]),
    )
    return Lesson(train=parts[0], stop=parts[1], learn=learn)


def test_same_seed_gives_the_same_model_text() -> None:
    """Training is reproducible to the byte."""
    one, two = (fit_booster(Abuse.REFUND, a_lesson(), FEATURES, seed=5) for _ in range(2))
    assert one.text == two.text
    assert one.gain[2] < one.gain[0]


def test_the_kept_model_has_the_trees_that_stop_chose_and_learned_from_everything() -> None:
    """As many trees as are best on stop, more as the rows are more, with their own weight."""
    lesson = a_lesson()
    kept = fit_booster(Abuse.REFUND, lesson, FEATURES, seed=5)

    def parameters(rows: Rows) -> dict[str, object]:
        return PARAMETERS | {"seed": 5, "scale_pos_weight": class_weight(rows.label)}

    of_train = parameters(lesson.train)
    bins = binned(lesson.train, FEATURES, of_train)
    stopping = binned(lesson.stop, FEATURES, of_train, bins_of=bins)
    best = best_trees(quality_by_trees(bins, stopping, of_train, MAXIMUM_TREES))
    of_all = parameters(lesson.learn)
    again = boost(binned(lesson.learn, FEATURES, of_all), of_all, 3 * best)
    assert best < MAXIMUM_TREES
    assert (kept.trees, kept.text) == (3 * best, again.text)


def test_a_peak_by_chance_does_not_choose_the_trees() -> None:
    """The best stretch of the curve counts, not its highest point; short curves have one too."""
    rising = 0.4 + 0.1 * np.minimum(np.arange(300), 200) / 200
    lucky = rising.copy()
    lucky[14] = 0.6
    assert best_trees(lucky) == best_trees(rising)
    assert 200 < best_trees(rising) <= 200 + SMOOTHED_TREES
    falling = np.concatenate([np.linspace(0.1, 0.5, 60), np.linspace(0.5, 0.2, 240)])
    assert 50 < best_trees(falling) < 75
    assert best_trees(np.array([0.3])) == 1
    assert best_trees(np.array([0.3, 0.4])) == 2


def test_trees_are_those_of_a_pass_row_by_row() -> None:
    """Column by column is faster and nothing else: missing values, categories, sparse columns."""
    rng = np.random.default_rng(7)
    matrix = np.where(rng.random((4_000, 8)) < 0.05, rng.normal(size=(4_000, 8)), 0.0)
    matrix[:, 0] = np.where(rng.random(4_000) < 0.5, np.nan, rng.normal(size=4_000))
    matrix[:, 1] = rng.integers(0, 30, 4_000)
    odds = np.nan_to_num(matrix[:, 0]) + matrix[:, 2] * 3 + (matrix[:, 1] % 5 == 0) * 2 - 2
    rows = Rows(matrix=matrix, label=(rng.random(4_000) < 1 / (1 + np.exp(-odds))).astype(np.int8))
    names = tuple("abcdefgh")
    trees = []
    for order in ({}, {"force_col_wise": False, "force_row_wise": True}):
        parameters = PARAMETERS | order | {"seed": 3}
        bins = binned(rows, names, parameters, categorical=("b",))
        trees.append(boost(bins, parameters, 40).text.split("parameters:")[0])
    assert trees[0] == trees[1]
    assert "cat_threshold" in trees[0]


def test_wide_rows_are_sampled_less_for_their_bins() -> None:
    """So many values are looked at in all; up to 300 inputs that is LightGBM's own number."""
    sampled = []
    for width in (3, 300, 1_200):
        rows = Rows(matrix=np.zeros((600, width)), label=np.zeros(600, np.int8))
        bins = binned(rows, tuple(f"f{i}" for i in range(width)), PARAMETERS).construct()
        sampled.append(bins.get_params()["bin_construct_sample_cnt"])
    assert sampled == [200_000, 200_000, 50_000]


def test_nothing_to_learn_is_an_error() -> None:
    """Constant inputs give no split, and that is said, not shipped."""
    rows = Rows(matrix=np.zeros((500, 3)), label=(np.arange(500) % 5 == 0).astype(np.int8))
    with pytest.raises(ConfigFault, match="refund: nothing could be learned"):
        fit_booster(Abuse.REFUND, Lesson(train=rows, stop=rows, learn=rows), FEATURES, seed=1)


def test_class_weight_is_the_root_of_the_imbalance_up_to_ten() -> None:
    """Balanced data are not weighted; a thousand to one is held at ten."""
    assert class_weight(np.array([0, 1], dtype=np.int8)) == 1.0
    assert class_weight(np.array([0] * 9 + [1], dtype=np.int8)) == pytest.approx(3.0)
    assert class_weight(np.array([0] * 1_000 + [1], dtype=np.int8)) == 10.0


def test_calibration_mends_the_shift_of_the_class_weight() -> None:
    """After calibration the mean probability is the rate, though positives were weighted."""
    model = fit_booster(Abuse.REFUND, a_lesson(), FEATURES, seed=1)
    held, later = some_rows(4), some_rows(5)
    chosen = choose_calibration(raw_scores(model.text, held.matrix), held.label, seed=1)
    probability = chosen.probability(raw_scores(model.text, later.matrix))
    assert set(chosen.brier) == {"platt", "isotonic"}
    assert chosen.brier[chosen.kind] == min(chosen.brier.values())
    assert probability.mean() == pytest.approx(later.label.mean(), abs=0.03)


def test_steps_choose_isotonic_and_few_abuses_choose_platt() -> None:
    """Isotonic wins where the rate is a staircase; with under ten abuses it is not tried."""
    rng = np.random.default_rng(1)
    raw = rng.normal(size=20_000)
    stairs = np.select([raw > 1.5, raw > 0], [0.95, 0.30], 0.0)
    label = (rng.random(len(raw)) < stairs).astype(np.int8)
    assert choose_calibration(raw, label, seed=1).kind == "isotonic"
    few = np.zeros(500, dtype=np.int8)
    few[-6:] = 1
    chosen = choose_calibration(np.linspace(-3, 3, 500), few, seed=1)
    assert (chosen.kind, chosen.brier) == ("platt", {})


def test_logistic_survives_the_trip_through_json() -> None:
    """The baseline that evaluate reads is the one that train fitted."""
    rows = some_rows(1)
    fitted = Logistic.fit(rows, seed=1)
    again = Logistic.from_dict(fitted.as_dict())  # type: ignore[arg-type] # lists of floats
    assert (again.score(rows.matrix) == fitted.score(rows.matrix)).all()


def test_every_rule_speaks_of_known_features() -> None:
    """No rule of the baseline is dead because a feature was renamed, and each abuse has some."""
    schema = load_schema()
    for abuse in Abuse:
        score = load_rules().score(abuse, np.full((2, len(schema.names)), 5.0), schema.names)
        assert score.shape == (2,)
        assert len(getattr(load_rules(), abuse.value)) >= 8


def test_rule_about_an_unknown_feature_is_named() -> None:
    """A rule over a feature that is not there is an error, not a silent miss."""
    with pytest.raises(ConfigFault, match=r"rule scalping\.device_many_accounts"):
        load_rules().score(Abuse.SCALPING, np.zeros((1, 1)), ("order__units",))


def test_leaking_feature_is_refused_by_name() -> None:
    """An input that all but equals the label stops the training; few abuses do not."""
    label = (np.arange(1_000) % 10 == 0).astype(np.int8)
    rng = np.random.default_rng(1)
    matrix = np.column_stack((rng.normal(size=1_000), label + rng.normal(0, 0.1, 1_000)))
    ranked = single_feature_aucs(label, matrix, ("fine", "leak"), seed=1)
    with pytest.raises(ConfigFault, match="brushing: feature leak alone"):
        refuse_leaks(Abuse.BRUSHING, label, ranked)
    few = label.copy()
    few[150:] = 0
    refuse_leaks(Abuse.BRUSHING, few, ranked)


@pytest.mark.parametrize("seed", [0, 1])
def test_calibration_is_chosen_on_what_it_has_not_seen(seed: int) -> None:
    """Steps fit what they were fitted on the better, whatever the truth: it is a sigmoid here."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=400)
    label = (rng.random(400) < 1 / (1 + np.exp(2 - raw))).astype(np.int8)
    chosen = choose_calibration(raw, label, seed=1)
    assert chosen.kind == "platt"
    own = FITS["isotonic"](raw, label == 1)
    seen = Calibrated(kind="isotonic", knots=own, brier={}).probability(raw)
    assert float(np.mean((seen - label) ** 2)) < chosen.brier["platt"] < chosen.brier["isotonic"]


def test_every_abuse_and_some_honest_orders_are_ranked_alone() -> None:
    """The AUC of each input over all abuses; beyond 0.97 it is refused, and not at it."""
    rng = np.random.default_rng(1)
    label = np.r_[np.ones(300), np.zeros(2_000)].astype(np.int8)
    column = label * 1.0 * (np.arange(2_300) >= 100) + rng.normal(0, 0.2, 2_300)
    matrix = np.column_stack((rng.normal(size=2_300), -column))
    first, second = single_feature_aucs(label, matrix, ("none", "most"), seed=1)
    assert (first.feature, second.feature) == ("most", "none")
    assert first.auc == pytest.approx(roc_auc_score(label, column))
    for auc, refused in ((0.97, False), (0.9701, True)):
        found = (FeatureAuc(feature="one", auc=auc),)
        if refused:
            with pytest.raises(ConfigFault):
                refuse_leaks(Abuse.REFUND, label, found)
        else:
            refuse_leaks(Abuse.REFUND, label, found)
