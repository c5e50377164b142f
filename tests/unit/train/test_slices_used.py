"""Which rows a model, its probabilities, its anchors and its thresholds come from."""

from dataclasses import replace

import numpy as np
import pytest

from risk_service.domain.vocabulary import Abuse
from risk_service.models.fitting import fit_anchors
from training.labels import DAY_US, AbuseLabels
from training.split import SliceName, members, plan_slices
from training.train.booster import raw_scores
from training.train.calibrate import choose_calibration
from training.train.costs import load_costs
from training.train.fit import FittedAbuse, Task, fit_abuse
from training.train.frame import ABSENT, Frame
from training.train.logistic import Logistic

START_US, DAYS, ORDERS = 19_000 * DAY_US, 100, 8_000
FEATURES = ("a", "b", "c")


def a_world() -> tuple[Frame, AbuseLabels]:
    """Return orders whose abuse shows in the first input."""
    rng = np.random.default_rng(2)
    ordered_at_us = np.sort(START_US + rng.integers(0, DAYS * DAY_US, ORDERS))
    value = (rng.random(ORDERS) < 0.1).astype(np.int8)
    tokens = rng.integers(0, 900, (3, ORDERS))
    frame = Frame(
        order_id=np.array([f"o{row}" for row in range(ORDERS)], dtype=object),
        ordered_at_us=ordered_at_us,
        account=tokens[0],
        device=tokens[1],
        payment=tokens[2],
        value_minor=rng.integers(1_000, 9_000, ORDERS).astype(np.float64),
        matrix=rng.normal(size=(ORDERS, 3)) + np.outer(value, (1.5, 0.0, 0.0)),
        features=FEATURES,
    )
    labels = AbuseLabels(
        abuse=Abuse.SCALPING,
        maturity_days=7,
        value=value,
        known_at_us=ordered_at_us + 7 * DAY_US,
    )
    return frame, labels


def task_of(frame: Frame, labels: AbuseLabels) -> Task:
    """Return the task of all of it."""
    plan = plan_slices(Abuse.SCALPING, 7, START_US, START_US + DAYS * DAY_US)
    rows = members(plan, frame.ordered_at_us, labels)
    costs = load_costs().scalping
    return Task(abuse=Abuse.SCALPING, labels=labels, plan=plan, rows=rows, costs=costs, seed=1)


def learned(frame: Frame, labels: AbuseLabels) -> FittedAbuse:
    """Return what comes of it."""
    return fit_abuse(frame, task_of(frame, labels), {"full": FEATURES})


@pytest.fixture(scope="module")
def world() -> tuple[Frame, AbuseLabels]:
    """Return the orders and their labels."""
    return a_world()


@pytest.fixture(scope="module")
def fitted(world: tuple[Frame, AbuseLabels]) -> FittedAbuse:
    """Return what was learned of them."""
    return learned(*world)


def changed(world: tuple[Frame, AbuseLabels], from_us: int) -> FittedAbuse:
    """Return what is learned where everything from a time on is another world's."""
    frame, labels = world
    later = frame.ordered_at_us >= from_us
    return learned(
        replace(
            frame,
            matrix=np.where(later[:, None], -frame.matrix[:, ::-1], frame.matrix),
            value_minor=np.where(later, 1.0, frame.value_minor),
            account=np.where(later, 1, frame.account),
        ),
        replace(labels, value=np.where(later, 1 - labels.value, labels.value).astype(np.int8)),
    )


def test_nothing_is_learned_from_the_test(
    world: tuple[Frame, AbuseLabels], fitted: FittedAbuse
) -> None:
    """Its labels turned over and its inputs made up leave everything as it was."""
    other = changed(world, fitted.task.plan[SliceName.TEST].start_us)
    one, again = fitted.variants["full"], other.variants["full"]
    assert again.trained.text == one.trained.text
    assert again.calibrated == one.calibrated
    assert again.anchors == one.anchors
    assert again.thresholds == one.thresholds
    assert other.logistic.as_dict() == fitted.logistic.as_dict()
    assert other.single_features == fitted.single_features


def test_trees_see_nothing_of_what_they_are_calibrated_on(
    world: tuple[Frame, AbuseLabels], fitted: FittedAbuse
) -> None:
    """Probabilities, anchors and thresholds are those of the calibrate slice, its honest ones."""
    frame, labels = world
    one = fitted.variants["full"]
    rows = fitted.task.rows[SliceName.CALIBRATE]
    raw, label = raw_scores(one.trained.text, frame.matrix[rows]), labels.value[rows]
    assert one.anchors == fit_anchors(raw[label == 0])
    assert one.calibrated == choose_calibration(raw, label, seed=1)
    honest = raw[label == 0]
    for threshold in one.thresholds:
        assert threshold.honest_share == pytest.approx(np.mean(honest >= threshold.raw))
    learn = fitted.task.rows[SliceName.LEARN]
    assert learn.max() < rows.min()


def test_the_baseline_learns_what_the_model_learns(
    world: tuple[Frame, AbuseLabels], fitted: FittedAbuse
) -> None:
    """All that is known before the calibrate slice, and nothing of it."""
    cheaper = changed(world, fitted.task.plan[SliceName.CALIBRATE].start_us)
    assert cheaper.logistic.as_dict() == fitted.logistic.as_dict()
    assert cheaper.variants["full"].trained.text == fitted.variants["full"].trained.text
    shorter = changed(world, fitted.task.plan[SliceName.STOP].start_us)
    assert not np.array_equal(shorter.logistic.weight, fitted.logistic.weight)
    assert isinstance(fitted.logistic, Logistic)


def test_unseen_is_who_shares_nothing_with_what_was_learned() -> None:
    """No account, no device, no payment instrument; that both have none is nothing shared."""
    frame, _ = a_world()
    few = replace(frame, device=np.where(frame.device < 300, ABSENT, frame.device))
    rows, before = np.arange(1_000, 1_400), np.arange(400)
    expected = []
    for row in rows:
        tokens = ((few.account, row), (few.device, row), (few.payment, row))
        expected.append(
            not any(of[at] != ABSENT and of[at] in set(of[before]) for of, at in tokens)
        )
    assert few.unseen(rows, before).tolist() == expected
    assert 20 < sum(expected) < 380
