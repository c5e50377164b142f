"""One suite over every decision store: SQLite and its in-memory twin."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.domain.decision import Challenge, ChallengeCompletion, DecisionRecord
from risk_service.domain.vocabulary import ChallengeKind, ChallengeResult, Outcome
from risk_service.ports import DecisionStore
from tests.fixtures.memory_store import MemoryDecisionStore
from tests.fixtures.records import record

MakeRecord = Callable[..., DecisionRecord]


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DecisionStore]:
    """Return an empty store of each kind."""
    if request.param == "memory":
        yield MemoryDecisionStore()
        return
    sqlite = SqliteDecisionStore(tmp_path)
    yield sqlite
    sqlite.close()


def test_record_is_found_by_each_of_its_keys(store: DecisionStore) -> None:
    """What was committed comes back equal, whatever key is asked for."""
    challenge = Challenge(challenge_id="chl-1", kind=ChallengeKind.CAPTCHA, expires_at_us=9)
    kept = record("r-1", order_id="o-1", challenge=challenge)
    store.commit([kept])
    assert store.by_request_ids(["r-0", "r-1"]) == {"r-1": kept}
    assert store.by_decision_id(kept.decision.decision_id) == kept
    assert store.latest_of_order("o-1") == kept
    assert store.by_challenge_id("chl-1") == kept
    assert store.last_numbers(["o-0", "o-1"]) == {"o-1": 1}


def test_every_field_survives(store: DecisionStore) -> None:
    """Reasons, completion, unknown traits and the vector come back to the bit."""
    full = record("r-1", outcome=Outcome.REVIEW, with_reasons=True)
    completion = ChallengeCompletion(challenge_id="chl-0", result=ChallengeResult.FAILED)
    unknown = replace(full.order.traits, phone_is_virtual=math.nan)
    full = replace(full, completion=completion, order=replace(full.order, traits=unknown))
    store.commit([full])
    found = store.by_request_ids(["r-1"])["r-1"]
    assert math.isnan(found.order.traits.phone_is_virtual)
    same_traits = replace(found.order, traits=full.order.traits)
    assert replace(found, order=same_traits) == full


def test_absent_keys_give_nothing(store: DecisionStore) -> None:
    """An empty store answers every question with nothing."""
    assert store.by_request_ids(["r"]) == {}
    assert store.last_numbers(["o"]) == {}
    assert store.by_decision_id("d") is None
    assert store.latest_of_order("o") is None
    assert store.by_challenge_id("c") is None


def test_latest_decision_of_an_order_is_the_highest_number(store: DecisionStore) -> None:
    """An order's decisions are numbered; the last one speaks for it."""
    first, second = record("r-1", order_id="o", number=1), record("r-2", order_id="o", number=2)
    store.commit([first])
    store.commit([second])
    assert store.latest_of_order("o") == second
    assert store.last_numbers(["o"]) == {"o": 2}


@pytest.mark.parametrize("second", [("r-1", "o-9", 1), ("r-9", "o-1", 1)])
def test_group_with_a_duplicate_is_written_not_at_all(
    store: DecisionStore, second: tuple[str, str, int]
) -> None:
    """A request id or a number of an order stands once; its whole group is refused."""
    store.commit([record("r-1", order_id="o-1", number=1)])
    request_id, order_id, number = second
    group = [record("r-2", order_id="o-2"), record(request_id, order_id=order_id, number=number)]
    with pytest.raises(Exception, match=r"(?i)unique|already"):
        store.commit(group)
    assert store.by_request_ids(["r-2"]) == {}
    store.commit([record("r-3", order_id="o-3")])
    assert "r-3" in store.by_request_ids(["r-3"])
