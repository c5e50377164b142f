"""Since when a key is known, its pauses, its hours, and what it did before."""

from itertools import pairwise

import numpy as np
import pytest

from tests.fixtures.own_events import DAY_US, START_US
from tests.fixtures.own_transfers import KINDS, transfers
from training.own_data.events import OwnEvents, read_events, read_label
from training.own_data.inputs.make import Inputs, make_inputs
from training.own_data.inputs.steps import level_name
from training.own_data.planning.make_plan import make_plan
from training.progress import silent

ROWS, WEEK_S = 400, 7 * 86_400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[OwnEvents, Inputs]:
    """Return transfers and their inputs."""
    scratch = tmp_path_factory.mktemp("own")
    directory = transfers(ROWS, accounts=60).write(scratch / "transfers")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    plan = make_plan(events, labels, START_US + 60 * DAY_US, START_US + 60 * DAY_US)
    wanted = np.ones(ROWS, bool)
    return events, make_inputs(events, labels, plan, wanted, scratch, silent)


def remembered(times: np.ndarray) -> float:
    """Return the pause that is remembered: a longer one takes its place, or any after a week."""
    pause, ended = 0.0, 0.0
    for before, at in pairwise(times.tolist()):
        if at - before >= pause or at - ended > WEEK_S:
            pause, ended = at - before, at
    return pause


def test_habits_equal_brute_force(made: tuple[OwnEvents, Inputs]) -> None:
    """Age, last gap, longest pause of late, how near the hour is to earlier ones, rhythm."""
    events, inputs = made
    codes, at_s = events.entities["payer"].codes, events.at_us / 1e6
    for row in range(ROWS):
        told = [
            inputs.columns[f"payer__{name}"][row]
            for name in ("age", "gap", "pause", "usual_hour", "rhythm")
        ]
        mine = np.flatnonzero(codes[:row] == codes[row]) if codes[row] >= 0 else np.array([], int)
        if not len(mine):
            assert np.isnan(told).all()
            continue
        times = np.append(at_s[mine], at_s[row])
        gaps = np.diff(times)
        age, gap, pause, near, rhythm = told
        assert age == pytest.approx(times[-1] - times[0], rel=1e-6)
        assert np.isnan(gap) if len(gaps) == 1 else gap == pytest.approx(gaps[-2], rel=1e-6)
        assert pause == np.float32(remembered(times))
        assert np.isnan(rhythm) == np.isnan(gap)
        if len(gaps) > 1:
            assert rhythm == pytest.approx((gaps[-1] + 1) / (gaps[-2] + 1), rel=1e-6)
        turn = 2 * np.pi * ((times[-1] - times[:-1]) % 86_400) / 86_400
        assert near == pytest.approx(np.cos(turn).sum() / (len(mine) + 2), abs=1e-4)


def test_a_pause_is_remembered_through_the_burst_after_it(made: tuple[OwnEvents, Inputs]) -> None:
    """Some events soon after another one still tell of the silence before both."""
    _, inputs = made
    since, pause = (inputs.columns[f"payer__{name}"] for name in ("since", "pause"))
    assert (pause > 10 * since).any()


def test_times_since_each_level_equal_brute_force(made: tuple[OwnEvents, Inputs]) -> None:
    """What the key did before is told apart by its kind; the event itself is not in it."""
    events, inputs = made
    codes, kinds = events.entities["payer"].codes, events.categories["kind"]
    texts = kinds.filled().to_pylist()
    counts = {kind: texts.count(kind) for kind in KINDS}
    ranked = sorted(KINDS, key=lambda kind: (-counts[kind], kind))
    for place, kind in enumerate(ranked):
        column = inputs.columns[f"payer__since_kind_{level_name(place, kind)}"]
        for row in range(ROWS):
            mine = [
                at
                for at in range(row)
                if codes[at] == codes[row] and codes[row] >= 0 and texts[at] == kind
            ]
            if mine:
                since = (events.at_us[row] - events.at_us[mine[-1]]) / 1e6
                assert column[row] == np.float32(since)
            else:
                assert np.isnan(column[row])


def test_levels_of_any_text_have_plain_names() -> None:
    """A model's text holds no blanks, quotes or brackets."""
    assert level_name(0, 'a "b" [c]') == "0_a_b_c"
    assert level_name(3, "转账") == "3"
