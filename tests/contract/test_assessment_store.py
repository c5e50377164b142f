"""Decisions on claims and actions in SQLite: durable with their events, found by every key."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.adapters.sqlite import assessments
from risk_service.adapters.sqlite.assessments import SqliteAssessments
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.event_keys import BATCH_ROWS
from risk_service.adapters.sqlite.event_keys import FILE_NAME as INDEX_NAME
from risk_service.adapters.sqlite.events import ORDER_EVENTS_MAX, SqliteEventLog
from risk_service.adapters.sqlite.schema import EVENT_INDEX
from risk_service.adapters.sqlite.tail import LogTail, Place
from risk_service.domain.assessment import (
    AssessedRefund,
    AssessmentRecord,
    BenefitEntry,
    claim_subject,
)
from risk_service.domain.decision import Challenge
from risk_service.domain.evidence import Evidence
from risk_service.domain.refund import ClaimedLine, Recalculation, RefundClaim
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import ChallengeKind, EventReason, EventType
from tests.fixtures.records import NOW_US, record


@dataclass(frozen=True, kw_only=True)
class Files:
    """The stores over one file."""

    decisions: SqliteDecisionStore
    log: SqliteEventLog
    store: SqliteAssessments

    def close(self) -> None:
        """Close the file."""
        self.log.close()
        self.decisions.close()


def opened(directory: Path) -> Files:
    """Open the stores as the service does."""
    decisions = SqliteDecisionStore(directory)
    log = SqliteEventLog(directory)
    return Files(decisions=decisions, log=log, store=SqliteAssessments(log))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """Return empty stores."""
    made = opened(tmp_path)
    yield made
    made.close()


def assessed(request_id: str, *, number: int = 1, claim_id: str = "c-1") -> AssessmentRecord:
    """Return a record of a claim, all fields set."""
    challenge = Challenge(
        challenge_id=f"chl-{request_id}", kind=ChallengeKind.REAL_NAME, expires_at_us=9
    )
    decision = replace(
        record(request_id, number=number, with_reasons=True).decision, challenge=challenge
    )
    return AssessmentRecord(
        decision=decision,
        subject=claim_subject("o-1", claim_id),
        fingerprint=b"\x00\xff",
        counted=True,
        required=(Evidence.PHOTOS,),
        values={"claim_minor": 5.0, "delivered": True, "skus": ("a", "b"), "claim_reason": "x"},
        clock_us=NOW_US,
        stamp_us=NOW_US + 1,
        vector=b"\x01\x02",
        read_us=(1, 2),
        linked_us=3,
        others_us=(4,),
        refund=AssessedRefund(
            claim=RefundClaim(
                order_id="o-1",
                claim_id=claim_id,
                at_us=7,
                amount_minor=5,
                reason=EventReason.EMPTY_PARCEL,
                lines=(ClaimedLine(sku="a", quantity=2),),
                weight_ratio=0.25,
                photos_attached=True,
                goods_returned=True,
                threshold_minor=9,
                gift_kept=False,
            ),
            order_decision_id="dec_1",
            events=3,
            recalculation=Recalculation(
                is_partial=True,
                rest_goods_minor=1,
                below_threshold=True,
                recalculated_minor=2,
                excess_minor=3,
            ),
        ),
    )


def claimed(stamp_us: int, *, order_id: str = "o-1", same_as: str = "") -> EventRecord:
    """Return a claim as an event."""
    life = LifeEvent(
        event_id=f"e-{stamp_us}",
        event_type=EventType.REFUND_REQUESTED,
        at_us=stamp_us,
        order_id=order_id,
        claim_id="c-1",
    )
    return EventRecord(
        event_id=life.event_id,
        fingerprint=b"f",
        stamp_us=stamp_us,
        life=life,
        decision_id="dec-r0",
        same_as=same_as,
    )


def test_every_field_survives_and_every_key_finds_it(files: Files) -> None:
    """By request, decision, challenge and subject the record comes back equal."""
    first, second = assessed("r1"), assessed("r2", number=2)
    files.store.commit([first], [claimed(1)], [])
    files.store.commit([second], [], [])
    assert files.store.by_request_ids(["r1", "r2", "r3"]) == {"r1": first, "r2": second}
    assert files.store.by_decision_id("dec-r1") == first
    assert files.store.by_challenge_id("chl-r2") == second
    assert files.store.latest_of([first.subject, "nothing"]) == {first.subject: second}
    assert files.store.by_decision_id("dec-none") is None


def test_decision_event_and_entries_are_durable_together_or_not_at_all(files: Files) -> None:
    """A request id that is there already undoes the whole group, its events among it."""
    files.store.commit([assessed("r1")], [claimed(1)], [])
    entry = BenefitEntry(owner="s", at_us=5, amount=7)
    with pytest.raises(sqlite3.IntegrityError):
        files.store.commit([assessed("r2", number=2), assessed("r1")], [claimed(2)], [entry])
    assert files.store.by_request_ids(["r2"]) == {}
    assert files.log.fingerprints(["e-2"]) == {}
    assert list(files.store.entries_since("s", 0)) == []
    assert files.log.stamp_us == 1


def test_entries_are_found_by_owner_and_time_the_newest_first(files: Files) -> None:
    """Others' entries and older ones are left out."""
    entries = [BenefitEntry(owner=owner, at_us=at, amount=at) for owner in "ab" for at in (1, 2, 3)]
    files.store.commit([assessed("r1")], [], entries)
    assert [one.amount for one in files.store.entries_since("a", 2)] == [3, 2]


def test_a_flood_of_small_entries_hides_no_large_one(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older than the newest entries stays in the sum, dated as the newest of it."""
    monkeypatch.setattr(assessments, "ENTRIES_MAX", 3)
    amounts = [990_000, 5, 1, 1, 1]
    entries = [BenefitEntry(owner="a", at_us=at, amount=n) for at, n in enumerate(amounts, 1)]
    files.store.commit([assessed("r1")], [], entries)
    found = [(one.at_us, one.amount) for one in files.store.entries_since("a", 0)]
    assert found == [(5, 1), (4, 1), (3, 1), (2, 990_005)]
    assert len(files.store.entries_since("a", 3)) == 3


def test_the_events_of_an_order_are_found_wherever_their_keys_lie(tmp_path: Path) -> None:
    """In memory, in the file after a restart, and in an index that is made again."""
    files = opened(tmp_path)
    files.log.append([claimed(1), claimed(2, order_id="o-2"), claimed(3)])
    expected = {"o-1": (claimed(1), claimed(3)), "o-2": (claimed(2, order_id="o-2"),)}
    assert files.log.of_orders(["o-1", "o-2", "o-3"]) == expected
    files.close()
    files = opened(tmp_path)
    assert files.log.of_orders(["o-1", "o-2", "o-3"]) == expected
    files.close()
    (tmp_path / INDEX_NAME).write_bytes(b"no database")
    files = opened(tmp_path)
    assert files.log.of_orders(["o-1", "o-2", "o-3"]) == expected
    files.close()


def test_an_index_of_the_version_before_learns_the_orders_from_the_log(tmp_path: Path) -> None:
    """An upgrade reads the log once more and then knows the events of every order."""
    files = opened(tmp_path)
    files.log.append([claimed(1), claimed(2)])
    files.close()
    with sqlite3.connect(tmp_path / INDEX_NAME) as db:
        db.execute("DROP TABLE order_events")
        db.execute(f"PRAGMA user_version = {EVENT_INDEX.version - 1}")
    db.close()
    files = opened(tmp_path)
    assert files.log.of_orders(["o-1"]) == {"o-1": (claimed(1), claimed(2))}
    assert files.log.fingerprints(["e-1"]) == {"e-1": b"f"}
    files.close()


def test_an_order_with_very_many_events_gives_its_newest(files: Files) -> None:
    """A flood of events of one order costs no claim more than so many records."""
    total = BATCH_ROWS + 10
    files.log.append([claimed(stamp) for stamp in range(1, total + 1)])
    found = files.log.of_orders(["o-1"])["o-1"]
    assert [one.stamp_us for one in found] == list(range(total - ORDER_EVENTS_MAX + 1, total + 1))


def test_what_reports_a_claim_again_is_kept_and_counts_in_no_window(
    files: Files, tmp_path: Path
) -> None:
    """The replay of the log leaves it out, so a recovery counts the claim once."""
    files.decisions.commit([record("r0")])
    files.log.append([claimed(1), claimed(2, same_as="e-1")])
    tail = LogTail(tmp_path, files.decisions, files.log)
    assert [logged.stamp_us for logged in tail.after(Place(0, 0))] == [1]
    assert len(files.log.of_orders(["o-1"])["o-1"]) == 2
