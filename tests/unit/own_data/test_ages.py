"""Ages part a key into those who share it; what is no age parts nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.own_events import DAY_US, START_US, Shop
from training.own_data.events import MISSING, Coded, OwnEvents, read_events, read_label
from training.own_data.fields.ages import ages, parted
from training.own_data.inputs.make import make_inputs
from training.own_data.plan import AgePlan, FeaturePlan
from training.own_data.planning.make_plan import make_plan
from training.progress import silent

DAY = AgePlan(key="bin", number="days_known", unit_us=DAY_US)
ROWS, BINS, CLIENTS = 8_000, 60, 600


@pytest.fixture(scope="module")
def client() -> np.ndarray:
    """Return who each event belongs to: no column of the data set says so."""
    return np.random.default_rng(3).integers(0, CLIENTS, ROWS)


@pytest.fixture(scope="module")
def directory(client: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ten clients to a card number's first digits, with the days they are known."""
    rng = np.random.default_rng(1)
    at_us = START_US + np.sort(rng.integers(0, 120 * DAY_US, ROWS))
    day = at_us // DAY_US - START_US // DAY_US
    first = rng.permutation(CLIENTS)
    known = (day + first[client]).astype(float)
    known[::50] = np.nan
    numeric = {
        "score": rng.normal(size=ROWS),
        "items": rng.integers(0, 3, ROWS).astype(float),
        "lot": (client % 7).astype(float),
        "day_of_year": day.astype(float) % 30,
        "days_known": known,
        "wild": np.where(rng.random(ROWS) < 0.5, 1e300, np.inf),
    }
    shop = Shop(
        at_us=at_us,
        entities={"bin": [f"b{one % BINS}" for one in client]},
        label=(client % 40 == 0).astype(np.int8),
        numeric=numeric,
    )
    return shop.write(tmp_path_factory.mktemp("ages") / "shop")


def _plan(directory: Path, events: OwnEvents) -> FeaturePlan:
    until_us = START_US + 90 * DAY_US
    return make_plan(events, read_label(directory, events, "fraud", None), until_us, until_us)


def test_the_age_is_found_among_numbers_that_are_none(directory: Path) -> None:
    """Neither noise nor counts, constants of a client or the calendar are taken for an age."""
    events = read_events(directory)
    codes = {"bin": events.entities["bin"].codes}
    assert ages(events.numbers, codes, events.at_us) == (DAY,)
    without = {name: of for name, of in events.numbers.items() if name != "days_known"}
    assert ages(without, codes, events.at_us) == ()


def test_an_age_is_found_though_most_events_have_keys_that_hundreds_share() -> None:
    """A few rare keys tell it; nine events in ten belong to keys that say nothing of it."""
    rng = np.random.default_rng(5)
    rows, clients = 40_000, 8_000
    client = rng.integers(0, clients, rows)
    key = np.where(np.arange(clients) % 10 == 0, np.arange(clients) // 4, np.arange(clients) % 4)
    at_us = START_US + np.sort(rng.integers(0, 120 * DAY_US, rows))
    day = (at_us // DAY_US).astype(float)
    numbers = {
        "days_known": np.where(
            rng.random(rows) < 0.3, 0.0, day - rng.integers(0, 500, clients)[client]
        ),
        "orders": rng.poisson(2.0, rows).astype(float),
    }
    found = ages(numbers, {"bin": key[client].astype(np.int32)}, at_us)
    assert found == (DAY,)


def test_a_parted_key_is_one_client(directory: Path, client: np.ndarray) -> None:
    """Every parted key holds the events of one client, and every client has one parted key."""
    events = read_events(directory)
    values = events.numbers["days_known"]
    found = parted(events.entities["bin"], events.at_us, values, DAY_US)
    assert ((found.codes == MISSING) == np.isnan(values)).all()
    there = found.codes != MISSING
    pairs = np.unique(np.stack((found.codes[there], client[there])), axis=1).shape[1]
    assert pairs == len(found.levels) == len(np.unique(client[there]))


def test_values_beyond_all_time_part_nothing(directory: Path) -> None:
    """A number that no beginning can be told from leaves the key missing."""
    events = read_events(directory)
    found = parted(events.entities["bin"], events.at_us, events.numbers["wild"], DAY_US)
    assert (found.codes == MISSING).all()
    assert isinstance(found, Coded)


def test_a_client_has_a_history_of_its_own(
    directory: Path, client: np.ndarray, tmp_path: Path
) -> None:
    """Its events and labels are counted apart from those of others with the same digits."""
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    plan = _plan(directory, events)
    assert [key.field for key in plan.keys] == ["bin", "bin.since_days_known"]
    wanted = np.ones(len(events), np.bool_)
    found = make_inputs(events, labels, plan, wanted, tmp_path, silent).columns
    there = np.isfinite(events.numbers["days_known"])
    for row in np.flatnonzero(there)[::397]:
        earlier = (client[:row] == client[row]) & there[:row]
        assert found["bin.since_days_known__events_ever"][row] == earlier.sum()


def test_ages_are_read_off_the_past_and_survive_the_manifest(directory: Path) -> None:
    """Numbers after the end of training change no age; a run of before ages has none."""
    events = read_events(directory)
    plan = _plan(directory, events)
    after = events.at_us >= START_US + 90 * DAY_US
    changed = {name: np.where(after, 7.0, values) for name, values in events.numbers.items()}
    assert _plan(directory, replace(events, numbers=changed)) == plan
    assert plan.ages == (DAY,)
    text = plan.model_dump(mode="json")
    assert FeaturePlan.model_validate(text) == plan
    del text["ages"]
    assert FeaturePlan.model_validate(text).ages == ()
