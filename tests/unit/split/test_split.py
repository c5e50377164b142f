"""Slices by time: order, gaps, as-of rule, refusals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from training.datasets.description import Description
from training.labels import DAY_US, AbuseLabels
from training.split import MINIMUM_DAYS, SHARES, SliceName, days_needed, members, plan_slices
from training.train.tasks import check_length

START = 1_700_000_000_000_000


def a_world(days: int, maturity: int, seed: int = 1) -> tuple[np.ndarray, AbuseLabels]:
    """Return order times and labels, abuses known between at once and two maturities late."""
    rng = np.random.default_rng(seed)
    ordered = np.sort(START + rng.integers(0, days * DAY_US, 4_000))
    value = (rng.random(4_000) < 0.05).astype(np.int8)
    late = rng.integers(0, 2 * maturity * DAY_US + 1, 4_000)
    delay = np.where(value == 1, late, maturity * DAY_US)
    return ordered, AbuseLabels(
        abuse=Abuse.REFUND, maturity_days=maturity, value=value, known_at_us=ordered + delay
    )


@settings(deadline=None)  # no timed assertion
@given(maturity=st.integers(0, 45), extra=st.integers(0, 400), offset=st.integers(0, DAY_US - 1))
def test_slices_rise_with_a_gap_of_one_maturity_after_each(
    maturity: int, extra: int, offset: int
) -> None:
    """Every plan has four slices of their least length, a gap after each, all within the data."""
    start = START + offset
    end = start + (days_needed(maturity) + extra + 1) * DAY_US
    plan = plan_slices(Abuse.REFUND, maturity, start, end)
    assert [part.name for part in plan.slices] == list(SHARES)
    for part in plan.slices:
        assert part.end_us - part.start_us >= MINIMUM_DAYS[part.name] * DAY_US
    for before, after in pairwise(plan.slices):
        assert before.end_us + maturity * DAY_US == before.cutoff_us == after.start_us
    assert start < plan[SliceName.TRAIN].start_us
    assert plan[SliceName.TEST].end_us + maturity * DAY_US <= end
    assert plan[SliceName.TEST].cutoff_us == end


def test_too_short_a_data_set_says_what_it_needs() -> None:
    """The refusal names the abuse and the days, so that the reader knows what to do."""
    with pytest.raises(ConfigFault, match=rf"refund .* needs at least {days_needed(30)} "):
        plan_slices(Abuse.REFUND, 30, START, START + 60 * DAY_US)


def test_a_short_data_set_is_told_the_days_that_all_abuses_need() -> None:
    """Who makes it as long as the refusal says is not refused again for another abuse."""
    days = {Abuse.SCALPING: 7, Abuse.REFUND: 30, Abuse.BRUSHING: 21}

    def of(length: int) -> Description:
        return Description(
            name="w", kind="promotion_world", start_us=START, end_us=START + length * DAY_US,
            currency_code="CNY", maturity_days=days, files={},
        )  # fmt: skip

    with pytest.raises(ConfigFault, match=rf"refund .* needs at least {days_needed(30)} "):
        check_length(of(60))
    check_length(of(days_needed(30) + 1))  # the first day is not whole


def test_members_obey_the_as_of_rule() -> None:
    """Each row lies in its slice, is ripe, and had its label when the next slice began."""
    ordered, known = a_world(240, 14)
    plan = plan_slices(Abuse.REFUND, 14, START, START + 240 * DAY_US)
    rows = members(plan, ordered, known)
    for part in plan.slices:
        mine = rows[part.name]
        assert ((ordered[mine] >= part.start_us) & (ordered[mine] < part.end_us)).all()
        assert (known.known_at_us[mine] <= part.cutoff_us).all()
        assert (ordered[mine] + 14 * DAY_US <= part.cutoff_us).all()
    train = plan[SliceName.TRAIN]
    late = (known.value == 1) & (known.known_at_us > train.cutoff_us)
    in_train = (ordered >= train.start_us) & (ordered < train.end_us)
    assert (late & in_train).any(), "the world has no late label to leave out"


def test_a_slice_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    """Orders at the edges, all of them ripe and known: each is in one slice at most."""
    plan = plan_slices(Abuse.REFUND, 14, START, START + 240 * DAY_US)
    edges = [at + step for part in plan.slices for at in (part.start_us, part.end_us)
             for step in (-1, 0)]  # fmt: skip
    ordered = np.repeat(np.array(edges), 2)
    known = AbuseLabels(
        abuse=Abuse.REFUND,
        maturity_days=14,
        value=np.tile(np.array([0, 1], np.int8), len(edges)),
        known_at_us=ordered,
    )
    rows = members(plan, ordered, known)
    for at, part in enumerate(plan.slices):
        assert set(ordered[rows[part.name]].tolist()) == set(edges[4 * at + 1 : 4 * at + 3])


@pytest.mark.parametrize(("offset", "lost"), [(0, 0), (1, 1), (DAY_US - 1, 1)])
def test_slices_are_of_whole_days(offset: int, lost: int) -> None:
    """A day that had begun before the data is none of them."""
    midnight = START // DAY_US * DAY_US
    plan = plan_slices(Abuse.REFUND, 14, midnight + offset, midnight + 245 * DAY_US)
    assert plan.slices[0].start_us == midnight + (lost + 24) * DAY_US


def test_what_is_learned_holds_train_stop_and_the_gap_as_known_when_calibrate_begins() -> None:
    """No row of train or stop is lost, the gap gives more, nothing of calibrate is there."""
    ordered, known = a_world(240, 14)
    plan = plan_slices(Abuse.REFUND, 14, START, START + 240 * DAY_US)
    rows = members(plan, ordered, known)
    train, stop, learn = (
        set(rows[name].tolist()) for name in (SliceName.TRAIN, SliceName.STOP, SliceName.LEARN)
    )
    assert train | stop < learn
    gap = ordered[sorted(learn - train - stop)]
    assert (gap >= plan[SliceName.TRAIN].start_us).all()
    assert (gap >= plan[SliceName.TRAIN].end_us).sum() > 100
    begins = plan[SliceName.CALIBRATE].start_us
    assert (ordered[rows[SliceName.LEARN]] + 14 * DAY_US <= begins).all()
    assert (known.known_at_us[rows[SliceName.LEARN]] <= begins).all()


@pytest.mark.parametrize(
    ("value", "message"), [(0, "none of the .* test slice is an abuse"), (1, "all .* are abuses")]
)
def test_one_class_in_a_slice_is_refused_by_name(value: int, message: str) -> None:
    """A slice of one class is no evidence: abuse and slice are named."""
    ordered, known = a_world(240, 14)
    plan = plan_slices(Abuse.REFUND, 14, START, START + 240 * DAY_US)
    changed = known.value.copy()
    changed[ordered >= plan[SliceName.TEST].start_us] = value
    one_class = AbuseLabels(
        abuse=known.abuse, maturity_days=14, value=changed, known_at_us=ordered + 14 * DAY_US
    )
    with pytest.raises(ConfigFault, match=rf"refund: {message}"):
        members(plan, ordered, one_class)


def test_empty_slice_is_refused_by_name() -> None:
    """No labelled order at all is said plainly."""
    ordered, known = a_world(240, 14)
    plan = plan_slices(Abuse.REFUND, 14, START, START + 240 * DAY_US)
    unlabelled = AbuseLabels(
        abuse=known.abuse,
        maturity_days=14,
        value=np.full(len(ordered), -1, dtype=np.int8),
        known_at_us=known.known_at_us,
    )
    with pytest.raises(ConfigFault, match="refund: the train slice has no labelled orders"):
        members(plan, ordered, unlabelled)
