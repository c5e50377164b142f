"""A state directory of before, with one row and field names per decision, goes on being served."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.key_index import FILE_NAME as INDEX_NAME
from risk_service.adapters.sqlite.read_only import read_record
from risk_service.adapters.sqlite.tail import LogTail, Place
from risk_service.domain.decision import Challenge, DecisionRecord
from risk_service.domain.vocabulary import ChallengeKind, Outcome
from tests.fixtures.records import record
from tests.fixtures.stored import write_log_of_before

VERSION_BEFORE = 4
OLD = 21
CHALLENGE = Challenge(challenge_id="chl-7", kind=ChallengeKind.CAPTCHA, expires_at_us=9)


def stamped(number: int, name: str) -> DecisionRecord:
    """Return the record with a number, stamped by it."""
    challenge = CHALLENGE if number == 7 else None
    kept = record(
        f"{name}-{number}", order_id=f"o-{number}", challenge=challenge, outcome=Outcome.CHALLENGE
    )
    order = replace(kept.order, order_id=f"o-{number}")
    return replace(kept, stamp_us=number * 10, order=order)


@pytest.fixture
def old(tmp_path: Path) -> list[DecisionRecord]:
    """Write a log as a service of before did, and return what is in it."""
    records = [stamped(number, "old") for number in range(1, OLD + 1)]
    write_log_of_before(tmp_path, records, VERSION_BEFORE)
    return records


@pytest.mark.parametrize("index", ["kept", "lost"])
def test_old_and_new_decisions_are_found_by_every_key(
    tmp_path: Path, old: list[DecisionRecord], index: str
) -> None:
    """What was decided before the update is found beside what is decided after it."""
    SqliteDecisionStore(tmp_path).close()
    if index == "lost":
        (tmp_path / INDEX_NAME).unlink()
    for round_ in range(2):
        store = SqliteDecisionStore(tmp_path)
        new = [stamped(100 * (round_ + 1) + number, "new") for number in range(11)]
        store.commit(new)
        asked = [one.decision.request_id for one in (*old, *new)]
        assert list(store.by_request_ids(asked).values()) == [*old, *new]
        assert store.latest_of_order("o-3") == old[2]
        assert store.by_decision_id(old[-1].decision.decision_id) == old[-1]
        assert store.by_challenge_id("chl-7") == old[6]
        for one in (old[4], new[9]):
            order_id = one.decision.order_id
            assert store.orders_of([order_id]) == {order_id: (one.decision.decision_id, one.order)}
        store.close()


def test_a_replay_reads_old_and_new_as_one_log(tmp_path: Path, old: list[DecisionRecord]) -> None:
    """Every attempt once, in its order, from any place on; marks of before are still known."""
    store, events = SqliteDecisionStore(tmp_path), SqliteEventLog(tmp_path)
    tail = LogTail(tmp_path, store, events)
    assert tail.end() == (Place(OLD, 0), f"{OLD}:{old[-1].decision.decision_id}:0")
    new = [stamped(OLD + number, "new") for number in range(1, 20)]
    for at in range(0, len(new), 9):
        store.commit(new[at : at + 9])
    everything = [one.stamp_us for one in (*old, *new)]
    logged = list(tail.after(Place(0, 0)))
    assert [one.stamp_us for one in logged] == everything
    assert tail.logged_us() == everything[-1]
    for place, one in enumerate(logged, 1):
        assert [later.stamp_us for later in tail.after(Place(one.seq, 0))] == everything[place:]
        assert tail.place_before(one.stamp_us + 1) == Place(one.seq, one.stamp_us)
        assert tail.has(f"{one.seq}:{one.event.event_id}:0")
        assert not tail.has(f"{one.seq}:another:0")
    assert tail.place_before(1) == Place(0, 0)
    assert not tail.has(f"{logged[-1].seq + 1}:x:0")
    events.close()
    store.close()


@pytest.mark.parametrize("opened", [False, True])
def test_one_decision_is_read_beside_the_service(
    tmp_path: Path, old: list[DecisionRecord], opened: bool
) -> None:
    """``risk explain --state`` reads a log of before, opened by a service of now or not yet."""
    if opened:
        store = SqliteDecisionStore(tmp_path)
        store.commit([stamped(100, "new"), stamped(101, "new")])
        assert read_record(tmp_path, "order_id", "o-101") == stamped(101, "new")
        store.close()
        assert read_record(tmp_path, "order_id", "o-101") == stamped(101, "new")
    assert read_record(tmp_path, "decision_id", "dec-old-4") == old[3]
    assert read_record(tmp_path, "order_id", "o-21") == old[20]
    assert read_record(tmp_path, "request_id", "old-1") == old[0]
