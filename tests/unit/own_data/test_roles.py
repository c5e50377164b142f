"""What an account was paid is known when it pays: histories across two roles."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.fixtures.own_events import DAY_US, START_US
from tests.fixtures.own_past import differing, inputs_of, only_first, turned_from
from tests.fixtures.own_transfers import transfers
from training.labels import AbuseLabels
from training.own_data.events import Coded, OwnEvents, read_events, read_label
from training.own_data.fields.roles import in_one, roles
from training.own_data.inputs.make import InputGroup
from training.own_data.plan import SHRINK_LABELS, FeaturePlan
from training.own_data.planning.make_plan import make_plan

UNTIL_US = START_US + 45 * DAY_US
ROWS = 1_200
Read = tuple[OwnEvents, AbuseLabels, FeaturePlan]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Return transfers, their labels and the plan of their first 45 days."""
    directory = transfers(ROWS).write(tmp_path_factory.mktemp("own") / "transfers")
    events = read_events(directory)
    labels = read_label(directory, events, "fraud", None)
    return events, labels, make_plan(events, labels, UNTIL_US, UNTIL_US)


def names_of(coded: Coded) -> list[str | None]:
    """Return the text of each event."""
    return coded.filled().to_pylist()


def of(texts: list[str]) -> Coded:
    """Return texts as the reader would have them."""
    encoded = pa.array(texts).dictionary_encode()
    return Coded(codes=encoded.indices.to_numpy().astype(np.int32), levels=encoded.dictionary)


def found_roles(one: list[str], other: list[str], least: int = 5) -> set[tuple[str, str]]:
    """Return the roles of two fields of as many events."""
    fields = {"one": of(one), "other": of(other)}
    at_us = np.arange(len(one)) * DAY_US
    return {(field, role) for field, role, _ in roles(fields, fields, at_us, least, 4)}


def test_shared_texts_are_one_thing_in_two_roles() -> None:
    """Accounts stand in both columns, so each is read in the role of the other."""
    rng = np.random.default_rng(0)
    one, other = ([f"A{at}" for at in rng.integers(0, 20, 200)] for _ in range(2))
    assert found_roles(one, other) == {("one", "other"), ("other", "one")}


def test_few_that_are_often_in_the_other_role_are_enough() -> None:
    """Thirty phones of drivers order many trips: events are counted, and not different texts."""
    rng = np.random.default_rng(0)
    drivers = [f"d{at}" for at in rng.integers(0, 90, 3_000)]
    riders = [f"d{at // 30}" if at % 4 == 0 else f"r{at}" for at in rng.integers(0, 900, 3_000)]
    both = {("one", "other"), ("other", "one")}
    assert found_roles(riders, drivers, 200) == both
    few = [text.replace("d2", "r2").replace("d1", "r1") for text in riders]
    assert found_roles(few, drivers, 200) == set()


def test_numbers_that_count_from_one_are_not_the_same_things() -> None:
    """Client 17 and shop 17 have nothing in common; accounts of ten digits have."""
    rng = np.random.default_rng(0)
    clients, shops = rng.integers(1, 300, 2_000), rng.integers(1, 40, 2_000)
    of_both = [["nobody", *map(str, of_role)] for of_role in (clients, shops)]
    assert found_roles(*of_both) == set()
    ids = rng.integers(10**9, 10**10, 300)
    long = [[str(ids[at]) for at in of_role] for of_role in (clients, shops)]
    assert found_roles(*long) == {("one", "other"), ("other", "one")}


def test_accounts_that_count_from_one_never_pay_themselves() -> None:
    """Numbers from one are names of the same things where no event has one of them twice."""
    rng = np.random.default_rng(0)
    payer = rng.integers(1, 60, 2_000)
    payee = (payer + rng.integers(1, 59, 2_000) - 1) % 59 + 1
    assert not (payer == payee).any()
    found = found_roles([str(at) for at in payer], [str(at) for at in payee])
    assert found == {("one", "other"), ("other", "one")}


def test_ids_of_earlier_events_are_the_same_things() -> None:
    """Users 1 to 600 are invited by earlier ones; clients stay behind the orders, or go ahead."""
    ids = [str(event) for event in range(600)]
    by = [str(event - 1 - event * 7 % min(event, 40)) if event else "-" for event in range(600)]
    assert found_roles(ids, by) == {("other", "one")}
    behind = [str(event // 3 - event * 7 % max(event // 3, 1)) for event in range(600)]
    ahead = [str(event * 7 % 200) for event in range(600)]
    assert not found_roles(ids, behind)
    assert not found_roles(ids, ahead)
    assert not found_roles([*ids[:-1], "5"], by)


def test_different_texts_are_no_roles() -> None:
    """A card and a shop share no text."""
    assert found_roles(["c1", "c2"] * 50, ["s1", "s2"] * 50) == set()


def test_codes_of_two_fields_meet() -> None:
    """The same text has the same code in both fields, and no other text has it."""
    one, other = of(["a", "b", "a"]), of(["c", "b", "d"])
    first, second = in_one(one, other)
    assert first.tolist() == [0, 1, 0]
    assert second[1] == 1
    assert len({*first.tolist(), *second.tolist()}) == 4


def test_the_other_role_equals_brute_force(read: Read, tmp_path: Path) -> None:
    """Counts, sums and rates of a payer as payee are those of the transfers that it was paid."""
    events, labels, plan = read
    assert {role.name for role in plan.roles} == {"payer.as_payee", "payee.as_payer"}
    columns = inputs_of(events, labels, plan, tmp_path).columns
    payer, payee = (np.array(names_of(events.entities[name])) for name in ("payer", "payee"))
    assert events.amount is not None
    for row in range(0, ROWS, 7):
        before = np.arange(ROWS) < row
        mine = (payee == payer[row]) & (payer[row] is not None)
        known = mine & (labels.known_at_us < events.at_us[row])
        positive = int((labels.value[known] == 1).sum())
        rate = (positive + SHRINK_LABELS * plan.prior) / (int(known.sum()) + SHRINK_LABELS)
        back = before & mine & (payer == payee[row]) & (payee[row] is not None)
        told = [
            columns[f"payer.as_payee__{name}"][row]
            for name in ("events_ever", "amount_sum_ever", "rate_ever")
        ]
        if payer[row] is None:
            assert np.isnan(told).all()
            continue
        paid = float(events.amount[before & mine].sum())
        assert told == [(before & mine).sum(), np.float32(paid), np.float32(rate)]
        if payee[row] is not None:
            assert columns["payer_x_payee.back__count"][row] == back.sum()


def test_nothing_unknown_is_read_across_roles(read: Read, tmp_path: Path) -> None:
    """Turning labels that are not known yet, and leaving out later events, changes no input."""
    events, labels, plan = read
    kept = ROWS // 2
    turned = turned_from(labels, int(events.at_us[kept]))
    assert (turned.value != labels.value)[:kept].any()
    whole = inputs_of(events, labels, plan, tmp_path)
    first = inputs_of(*only_first(events, labels, kept), plan, tmp_path)
    assert differing(whole, first, np.arange(kept)) == []
    other = inputs_of(events, turned, plan, tmp_path)
    assert differing(whole, other, np.arange(kept)) == []
    of_roles = [name for name in whole.columns if ".as_" in name and "rate" in name]
    for group in (InputGroup.RATES, InputGroup.LINKS):
        told = set(of_roles) & set(whole.names([group]))
        assert told & set(differing(whole, other, np.arange(kept, ROWS))), group
