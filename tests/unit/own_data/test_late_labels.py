"""Labels by conditions that are met after the delay: negative until then, positive from then on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.own_events import DAY_US
from tests.fixtures.own_past import inputs_of
from training.backtest.columns import EventColumns
from training.backtest.labels import LabelReader
from training.backtest.lengths import Edges
from training.backtest.truth import truth_of
from training.backtest.values import Known, OwnValues
from training.backtest.variables import OwnVariables
from training.backtest.zones import UTC_ZONE
from training.datasets.importing.run import import_events
from training.datasets.own_events import read_own_description
from training.labels import AbuseLabels
from training.own_data.events import OwnEvents, read_events, read_label
from training.own_data.inputs.formulas import shrunk
from training.own_data.learning.slices import training_window
from training.own_data.periods import Periods
from training.own_data.planning.make_plan import make_plan
from training.progress import silent

START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS, DELAY_DAYS = 900, 5
MAPPING = """
[event]
id = "id"
time = "ordered_at"

[entities]
customer = "customer"

[labels.returned]
when = ["returned_at present"]
known_at = "returned_at"
delay = "5d"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return orders of 90 days; returns come after 1 to 20 days, and the delay is 5."""
    root, rng = tmp_path_factory.mktemp("late"), np.random.default_rng(3)
    lines = ["id,ordered_at,customer,returned_at"]
    for row in range(ROWS):
        at = START + timedelta(hours=2.4137 * row)
        back = at + timedelta(hours=float(rng.integers(24, 480)) + 0.01)
        told = back.isoformat() if row % 3 == 0 else ""
        lines.append(f"e{row},{at.isoformat()},c{rng.integers(30)},{told}")
    (root / "s.csv").write_text("\n".join(lines), "utf-8")
    (root / "m.toml").write_text(MAPPING, "utf-8")
    import_events(root / "m.toml", root / "s.csv", root / "out", silent)
    return root / "out"


@pytest.fixture(scope="module")
def read(shop: Path) -> tuple[OwnEvents, AbuseLabels]:
    """Return its events and labels."""
    events = read_events(shop)
    return events, read_label(shop, events, "returned", None)


def expected(events: OwnEvents, labels: AbuseLabels, now_us: int) -> np.ndarray:
    """Return what a clerk would have found in the file at a time; -1 what was too young."""
    over = events.at_us + DELAY_DAYS * DAY_US <= now_us
    back = (labels.value == 1) & (labels.known_at_us <= now_us)
    return np.where(back, 1, np.where(over & (labels.value >= 0), 0, -1))


@pytest.mark.parametrize("day", [20, 40, 60])
def test_training_has_the_labels_of_its_cut(read: tuple[OwnEvents, AbuseLabels], day: int) -> None:
    """Orders that came back after the cut were no returns yet, and none of them is left out."""
    events, labels = read
    cut_us = int(events.at_us[0]) + day * DAY_US
    periods = Periods(
        train_from_us=int(events.at_us[0]),
        train_to_us=cut_us - DELAY_DAYS * DAY_US,
        test_from_us=cut_us,
        test_to_us=cut_us + 20 * DAY_US,
    )
    train = training_window(events, labels, periods)
    assert train.unknown == 0
    assert train.label.tolist() == expected(events, labels, cut_us)[train.labelled].tolist()
    assert (train.label != labels.value[train.labelled]).any()


def test_histories_count_a_label_as_it_stood(
    read: tuple[OwnEvents, AbuseLabels], tmp_path: Path
) -> None:
    """The rate of a customer holds each label once: negative at first, then positive."""
    events, labels = read
    until_us = int(events.at_us[600])
    plan = make_plan(events, labels.as_of(until_us), until_us, until_us)
    columns = inputs_of(events, labels, plan, tmp_path).columns
    codes = events.entities["customer"].codes
    for row in range(0, ROWS, 11):
        stood = expected(events, labels, int(events.at_us[row]) - 1)[codes == codes[row]]
        positive, known = int((stood == 1).sum()), int((stood >= 0).sum())
        assert columns["customer__known_ever"][row] == known
        assert columns["customer__positive_ever"][row] == positive
        rate = shrunk(np.array([positive]), np.array([known]), plan.prior)[0]
        assert columns["customer__rate_ever"][row] == np.float32(rate)


@pytest.mark.parametrize("edges", list(Edges))
def test_a_backtest_counts_a_label_as_training_does(
    shop: Path, read: tuple[OwnEvents, AbuseLabels], edges: Edges
) -> None:
    """Known once its delay went by, positive from its return on; and so as of any day."""
    events, labels = read
    columns = EventColumns(directory=shop, description=read_own_description(shop), zone=UTC_ZONE)
    values = OwnValues(OwnVariables(columns, ()), columns, (100, ROWS), edges)
    reader = LabelReader(columns)
    names = ["customer__returned__known_ever", "customer__returned__positive_ever"]
    found = values.of(names, Known(labels=reader.read, definitions={}), lambda _stage: None)
    codes = events.entities["customer"].codes
    for row in range(100, ROWS, 11):
        stood = expected(events, labels, int(events.at_us[row]) - 1)[codes == codes[row]]
        told = [found[name].values[row - 100] for name in names]
        assert told == [(stood >= 0).sum(), (stood == 1).sum()]
    now_us = int(events.at_us[400])
    part = reader.part("returned", 200, 400)
    state = truth_of(200, part, None, now_us).labels["abuse"][1]
    assert state.tolist() == expected(events, labels, now_us)[200:400].tolist()


def test_a_longer_delay_of_the_command_line_settles_later(shop: Path) -> None:
    """With 10 days an order that came back on the seventh was never a negative one."""
    events = read_events(shop)
    labels = read_label(shop, events, "returned", 10 * 86_400)
    assert labels.settled_us is not None
    after = labels.known_at_us - events.at_us
    late = labels.settled_us < labels.known_at_us
    np.testing.assert_array_equal(late, (labels.value == 1) & (after > 10 * DAY_US))
    assert late.any()


@pytest.mark.parametrize("days", [2, 10])
def test_a_delay_of_the_command_line_makes_nothing_known_earlier(shop: Path, days: int) -> None:
    """What the file told is known then or later; and settled no sooner than the file says."""
    events = read_events(shop)
    told = read_label(shop, events, "returned", None)
    labels = read_label(shop, events, "returned", days * 86_400)
    labelled = told.value >= 0
    later = np.maximum(told.known_at_us, events.at_us + days * DAY_US)
    np.testing.assert_array_equal(labels.known_at_us[labelled], later[labelled])
    assert (later > told.known_at_us)[labelled].any()
    assert labels.settled_us is not None
    turned = labels.settled_us < labels.known_at_us
    settled = (labels.settled_us - events.at_us)[turned]
    assert set(settled.tolist()) == {max(days, DELAY_DAYS) * DAY_US}


def test_labels_of_a_column_have_one_time(read: tuple[OwnEvents, AbuseLabels]) -> None:
    """What a column said before its label was known is not known, so nothing stands for it."""
    _, labels = read
    plain = AbuseLabels(
        abuse="returned",
        maturity_days=DELAY_DAYS,
        value=labels.value,
        known_at_us=labels.known_at_us,
    )
    assert plain.as_of(0) is plain
