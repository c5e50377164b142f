"""The inputs of an event hold what was known before it, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.features.windows.tiles import BY_NAME, start_us
from tests.fixtures.own_events import DAY_US, START_US, Shop, card_shop
from tests.fixtures.own_past import differing, inputs_of, only_first, turned_from
from training.labels import AbuseLabels
from training.own_data import events as events_room
from training.own_data.events import Coded, OwnEvents, read_events, read_label
from training.own_data.inputs.make import InputGroup, make_inputs
from training.own_data.plan import SHRINK_LABELS, FeaturePlan
from training.own_data.planning.make_plan import make_plan
from training.progress import silent
from training.windows import log
from training.windows.log import hash_column

UNTIL_US = START_US + 60 * DAY_US
ROWS = 1_500


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small data set."""
    return card_shop(rows=ROWS, cards=60, shops=12).write(tmp_path_factory.mktemp("own") / "shop")


@pytest.fixture(scope="module")
def read(shop: Path) -> tuple[OwnEvents, AbuseLabels, FeaturePlan]:
    """Return its events, labels and plan."""
    events = read_events(shop)
    labels = read_label(shop, events, "fraud", None)
    return events, labels, make_plan(events, labels, UNTIL_US, UNTIL_US)


def test_label_rates_equal_brute_force(
    read: tuple[OwnEvents, AbuseLabels, FeaturePlan], tmp_path: Path
) -> None:
    """The rate of a key counts exactly the labels of its events that were known before."""
    events, labels, plan = read
    found = inputs_of(events, labels, plan, tmp_path)
    for field in ("card", "shop"):
        codes = events.entities[field].codes
        for row in range(0, ROWS, 13):
            mine = (codes == codes[row]) & (codes[row] >= 0)
            known = mine & (labels.known_at_us < events.at_us[row])
            positive, count = int((labels.value[known] == 1).sum()), int(known.sum())
            rate = (positive + SHRINK_LABELS * plan.prior) / (count + SHRINK_LABELS)
            value = found.columns[f"{field}__rate_ever"][row]
            assert np.isnan(value) if codes[row] < 0 else value == np.float32(rate)


def test_labels_not_yet_known_change_nothing(
    read: tuple[OwnEvents, AbuseLabels, FeaturePlan], tmp_path: Path
) -> None:
    """Turning every label that becomes known from some time on leaves earlier events alone."""
    events, labels, plan = read
    cut_us = START_US + 45 * DAY_US
    turned = turned_from(labels, cut_us)
    before = np.flatnonzero(events.at_us <= cut_us)
    assert (turned.value != labels.value)[before].any()
    one = inputs_of(events, labels, plan, tmp_path)
    other = inputs_of(events, turned, plan, tmp_path)
    assert differing(one, other, before) == []
    assert any((one.columns[n] != other.columns[n]).any() for n in one.names([InputGroup.RATES]))


def test_later_events_change_nothing(
    read: tuple[OwnEvents, AbuseLabels, FeaturePlan], tmp_path: Path
) -> None:
    """The first events have the same inputs when all others have not happened yet."""
    events, labels, plan = read
    kept = ROWS // 2
    first = inputs_of(*only_first(events, labels, kept), plan, tmp_path)
    whole = inputs_of(events, labels, plan, tmp_path)
    assert differing(first, whole, np.arange(kept)) == []


def test_plan_is_made_of_the_past_alone(
    read: tuple[OwnEvents, AbuseLabels, FeaturePlan],
) -> None:
    """Other labels and amounts after the end of training give the same plan."""
    events, labels, plan = read
    after = events.at_us >= UNTIL_US
    numbers = {name: np.where(after, 1e6, values) for name, values in events.numbers.items()}
    unknown = labels.known_at_us > UNTIL_US
    turned = replace(labels, value=np.where(unknown, 1, labels.value))
    changed = replace(events, numbers=numbers)
    assert make_plan(changed, turned, UNTIL_US, UNTIL_US) == plan


def test_texts_after_the_end_of_training_give_the_same_plan(tmp_path: Path) -> None:
    """Neither what texts are nor how many levels a category has is learned from the test."""
    rows, until = 1_200, 900
    late = np.arange(rows) >= until
    shop = Shop(
        at_us=START_US + np.arange(rows) * DAY_US // 20,
        entities={
            "card": [f"c{row % 60}" for row in range(rows)],
            "mail": [f"m{row % 40}" for row in range(rows)],
        },
        label=(np.arange(rows) % 7 == 0).astype(np.int8),
        categorical={"channel": [f"k{row % 3}" for row in range(rows)]},
    )
    other = replace(
        shop,
        entities=shop.entities
        | {"mail": [f"a{row}@example.com" if late[row] else f"m{row % 40}" for row in range(rows)]},
        categorical={"channel": [f"k{row}" if late[row] else f"k{row % 3}" for row in range(rows)]},
    )
    plans = []
    for name, one in (("one", shop), ("other", other)):
        events = read_events(one.write(tmp_path / name))
        labels = read_label(tmp_path / name, events, "fraud", None)
        until_us = int(events.at_us[until])
        plans.append(make_plan(events, labels, until_us, until_us))
    assert plans[0] == plans[1]


def test_missing_stays_missing(
    read: tuple[OwnEvents, AbuseLabels, FeaturePlan], tmp_path: Path
) -> None:
    """No key, no number and no category are NaN, not a number that could be a real one."""
    events, labels, plan = read
    found = inputs_of(events, labels, plan, tmp_path)
    no_shop = events.entities["shop"].codes < 0
    assert no_shop.any()
    for name in ("shop__events_ever", "shop__rate_ever", "shop__since"):
        assert np.isnan(found.columns[name][no_shop]).all(), name
    np.testing.assert_array_equal(
        np.isnan(found.columns["distance"]), np.isnan(events.numbers["distance"])
    )
    no_channel = events.categories["channel"].codes < 0
    np.testing.assert_array_equal(np.isnan(found.columns["cat/channel"]), no_channel)


@pytest.mark.parametrize("early", [True, False])
def test_any_events_have_the_inputs_of_the_plan(tmp_path: Path, early: bool) -> None:
    """A column that is filled since some day: its missing values are counted or not in both."""
    row = np.arange(600)
    shop = Shop(
        at_us=START_US + row * DAY_US // 8,
        entities={"card": [f"c{at % 40}" for at in row]},
        label=(row % 7 == 0).astype(np.int8),
        numeric={"distance": np.where((row < 300) == early, np.nan, row % 11)},
    )
    events = read_events(shop.write(tmp_path / "shop"))
    labels = read_label(tmp_path / "shop", events, "fraud", None)
    until_us = int(events.at_us[300])
    plan = make_plan(events, labels, until_us, until_us)
    trained, tested = (
        make_inputs(events, labels, plan, wanted, tmp_path, silent) for wanted in
        (row < 300, row >= 300)
    )  # fmt: skip
    assert list(trained.columns) == list(tested.columns)
    assert ("missing_values" in trained.columns) == early


def test_first_event_of_a_key_has_no_history(
    read: tuple[OwnEvents, AbuseLabels, FeaturePlan], tmp_path: Path
) -> None:
    """A new card counts 0 events, was never seen since, and its rate is the prior."""
    events, labels, plan = read
    found = inputs_of(events, labels, plan, tmp_path)
    _, first = np.unique(events.entities["card"].codes, return_index=True)
    assert (found.columns["card__events_ever"][first] == 0).all()
    assert np.isnan(found.columns["card__since"][first]).all()
    assert (found.columns["card__rate_ever"][first] == np.float32(plan.prior)).all()


def test_unseen_and_rare_levels_share_a_code(tmp_path: Path) -> None:
    """A level that training did not see often enough has the code after all learned ones."""
    rows = 300
    levels: list[str | None] = ["web"] * 150 + ["app"] * 100 + ["rare"] * 3 + ["new"] * 46 + [None]
    shop = Shop(
        at_us=START_US + np.arange(rows) * DAY_US // 10,
        entities={"card": [f"c{row % 20}" for row in range(rows)]},
        label=(np.arange(rows) % 5 == 0).astype(np.int8),
        categorical={"channel": levels},
    )
    directory = shop.write(tmp_path / "shop")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    until_us = int(events.at_us[253])
    plan = make_plan(events, labels, until_us, until_us)
    assert plan.categories[0].levels == ("web", "app")
    codes = inputs_of(events, labels, plan, tmp_path).columns["cat/channel"]
    assert set(codes[250:299].tolist()) == {2.0}
    assert np.isnan(codes[299])


def test_data_changed_since_the_import_is_not_read(tmp_path: Path) -> None:
    """A label turned in the file is no label of the source."""
    directory = card_shop(rows=100).write(tmp_path / "shop")
    path = directory / "labels.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table.slice(1), table.slice(0, 1)]), path)
    with pytest.raises(DataFault, match=r"labels\.parquet: was changed"):
        read_events(directory)


def test_texts_one_to_one_share_one_history(tmp_path: Path) -> None:
    """A second name of the same entity gets no windows of its own."""
    made = card_shop(rows=400)
    twice = replace(made, entities={**made.entities, "holder": list(made.entities["card"])})
    directory = twice.write(tmp_path / "shop")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    plan = make_plan(events, labels, UNTIL_US, UNTIL_US)
    assert "holder" not in [key.field for key in plan.keys]
    assert isinstance(events.entities["holder"], Coded)


def test_texts_of_many_chunks_are_numbered_as_those_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their first coming, missing ones apart; row groups and levels per read do not show."""
    made = card_shop(rows=300)
    whole = read_events(made.write(tmp_path / "one"))
    write = pq.write_table
    monkeypatch.setattr(
        pq, "write_table", lambda table, path: write(table, path, row_group_size=37)
    )
    parts = read_events(made.write(tmp_path / "parts"))
    assert pq.ParquetFile(tmp_path / "parts" / "events.parquet").num_row_groups == 9
    for name, coded in whole.entities.items():
        assert parts.entities[name].codes.tolist() == coded.codes.tolist()
        assert parts.entities[name].levels.to_pylist() == coded.levels.to_pylist()
        _, first = np.unique(coded.codes[coded.codes >= 0], return_index=True)
        assert (np.diff(first) > 0).all()
    hashes = hash_column(whole.entities["card"].levels)
    monkeypatch.setattr(log, "_TEXTS_AT_A_TIME", 7)
    np.testing.assert_array_equal(hash_column(whole.entities["card"].levels), hashes)


def test_more_text_than_an_array_holds_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gigabytes of different texts are refused with what to do, not with a word of Arrow's."""

    def full(_: object) -> None:
        raise pa.lib.ArrowCapacityError("array cannot contain more than 2147483646 bytes")

    directory = card_shop(rows=100).write(tmp_path / "shop")
    monkeypatch.setattr(events_room.pc, "dictionary_encode", full)
    with pytest.raises(ConfigFault, match=r"more than 2 GB of different texts; leave it out"):
        read_events(directory)


def test_means_divide_by_the_events_that_carry_an_amount(tmp_path: Path) -> None:
    """Every other event of a card has no amount: neither its mean nor its ratio sees them."""
    made = card_shop(rows=ROWS, cards=20)
    has = np.random.default_rng(4).random(ROWS) < 0.5
    some = pa.array(made.amount_minor, mask=~has)
    directory = replace(made, amount_minor=some).write(tmp_path / "shop")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    plan = make_plan(events, labels, UNTIL_US, UNTIL_US)
    found = inputs_of(events, labels, plan, tmp_path)
    (card,) = [key for key in plan.keys if key.field == "card"]
    codes, amount = events.entities["card"].codes, events.amount
    assert amount is not None
    for window in (*card.windows, "ever"):
        for row in range(3, ROWS, 37):
            begin_us = start_us(BY_NAME[window], int(events.at_us[row]))
            seen = (codes[:row] == codes[row]) & (events.at_us[:row] >= begin_us) & has[:row]
            mean = amount[:row][seen].mean() if seen.any() else np.nan
            value = found.columns[f"card__amount_mean_{window}"][row]
            np.testing.assert_allclose(value, mean, rtol=1e-6, err_msg=f"{window} {row}")
