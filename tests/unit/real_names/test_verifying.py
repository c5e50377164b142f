"""Levels of real names: what shows them, how long they hold, and what never counts as passed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.adapters.clock import ReplayClock
from risk_service.adapters.real_names import LocalStandIn, NoProvider
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.verifications import SqliteVerifications
from risk_service.decisions.real_names.policy import DAY_US, load_real_name_policy
from risk_service.decisions.real_names.verified import Verified
from risk_service.decisions.real_names.verifying import VerificationAttempt, Verifying
from risk_service.domain.errors import ProviderUnavailable, RequestIdReused
from risk_service.domain.verification import (
    PhoneCodeResult,
    ProviderAnswer,
    RealNameEvidence,
    RealNameResult,
    Verification,
)
from risk_service.domain.vocabulary import VerificationLevel
from tests.fixtures.claims import id_number
from tests.fixtures.records import NOW_US, order

POLICY = load_real_name_policy()
YES = ProviderAnswer(name_matches=True)
L0, L1, L2, L3 = (VerificationLevel(number) for number in (1, 2, 3, 4))
PASSED = PhoneCodeResult.PASSED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteVerifications]:
    """Return verifications in a file."""
    decisions = SqliteDecisionStore(tmp_path)
    log = SqliteEventLog(tmp_path)
    yield SqliteVerifications(log)
    log.close()
    decisions.close()


@pytest.fixture
def clock() -> ReplayClock:
    """Return a clock that the test moves."""
    return ReplayClock(NOW_US)


@pytest.fixture
def verifying(store: SqliteVerifications, clock: ReplayClock) -> Verifying:
    """Return the use case."""
    return Verifying(store=store, verified=Verified(store), policy=POLICY, clock=clock)


def attempt(
    request_id: str,
    account: str = "acc",
    *,
    name: str = "name-1",
    phone: PhoneCodeResult = PhoneCodeResult.NOT_SENT,
    answer: ProviderAnswer | None = YES,
) -> VerificationAttempt:
    """Return an attempt with a name, unless its answer is None."""
    return VerificationAttempt(
        request_id=request_id,
        fingerprint=request_id.encode(),
        account=account,
        real_name=name if answer else "",
        phone=phone,
        provider="test",
        answer=answer,
    )


def verified(verifying: Verifying, one: VerificationAttempt) -> Verification:
    """Return the answer to one attempt."""
    (answer,) = verifying.verify([one])
    assert isinstance(answer, Verification)
    return answer


@pytest.mark.parametrize(
    ("phone", "answer", "result", "level"),
    [
        (PASSED, None, RealNameResult.VERIFIED, L1),
        (PhoneCodeResult.NOT_SENT, YES, RealNameResult.VERIFIED, L2),
        (PASSED, ProviderAnswer(name_matches=True, face_matches=True), RealNameResult.VERIFIED, L3),
        (
            PASSED,
            ProviderAnswer(name_matches=True, face_matches=False),
            RealNameResult.MISMATCH,
            L1,
        ),
        (PhoneCodeResult.NOT_SENT, ProviderAnswer(name_matches=False), RealNameResult.MISMATCH, L0),
        (PhoneCodeResult.FAILED, YES, RealNameResult.PHONE_FAILED, L0),
    ],
)
def test_a_level_is_what_the_evidence_shows(
    verifying: Verifying,
    phone: PhoneCodeResult,
    answer: ProviderAnswer | None,
    result: RealNameResult,
    level: VerificationLevel,
) -> None:
    """Phone L1, name and number L2, face L3; one piece that is wrong leaves at most the phone."""
    found = verified(verifying, attempt("r", phone=phone, answer=answer))
    assert (found.result, found.level) == (result, level)
    # Somebody else's number is not kept as this account's.
    assert bool(found.real_name) == (level >= L2)


def test_an_expired_level_counts_no_more_and_a_lower_one_may_hold_on(
    verifying: Verifying, clock: ReplayClock
) -> None:
    """L2 ends after a year; a phone verified in between still holds then."""
    verified(verifying, attempt("r1"))
    clock.order_seen(NOW_US + 300 * DAY_US)
    verified(verifying, attempt("r2", phone=PASSED, answer=None))
    levels = verifying.verified
    assert levels.level("acc", clock.now_us()) is L2
    assert levels.level("acc", NOW_US + 366 * DAY_US) is L1
    assert levels.level("acc", NOW_US + 700 * DAY_US) is VerificationLevel.UNSPECIFIED


def test_a_later_lower_verification_takes_no_level_away(verifying: Verifying) -> None:
    """A mismatch or a phone check after L2 answers for itself, and L2 stays in force."""
    verified(verifying, attempt("r1"))
    later = verified(verifying, attempt("r2", answer=ProviderAnswer(name_matches=False)))
    assert (later.result, later.level) == (RealNameResult.MISMATCH, L0)
    assert later.in_force_level is L2
    assert verifying.verified.level("acc", NOW_US + 1) is L2


def test_one_real_name_stands_behind_so_many_accounts_only(verifying: Verifying) -> None:
    """The fourth account is refused, also within one group; one of the three may come again."""
    answers = verifying.verify([attempt(f"r{n}", f"acc-{n}") for n in range(4)])
    results = [one.result for one in answers if isinstance(one, Verification)]
    too_many = RealNameResult.TOO_MANY_ACCOUNTS
    assert results == [RealNameResult.VERIFIED] * POLICY.accounts_max + [too_many]
    assert verifying.verified.level("acc-3", NOW_US + 1) is VerificationLevel.UNSPECIFIED
    again = verified(verifying, attempt("again", "acc-0"))
    assert (again.result, again.accounts_of_real_name) == (RealNameResult.VERIFIED, 3)


def test_a_repeated_request_gets_the_stored_answer(verifying: Verifying) -> None:
    """Same id and payload: the same answer; another payload: refused; one group or two."""
    first = verified(verifying, attempt("r1"))
    assert verified(verifying, attempt("r1")) == first
    assert verifying.known("r1", b"r1") == first
    other = replace(attempt("r1", "acc-2"), fingerprint=b"other")
    (answer,) = verifying.verify([other])
    assert isinstance(answer, RequestIdReused)
    twice = verifying.verify([attempt("r2"), attempt("r2")])
    assert twice[0] == twice[1]


def test_a_fault_of_one_attempt_fails_no_other(
    verifying: Verifying, store: SqliteVerifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who were verified with it are verified; it alone gets the error."""
    accounts_of = store.accounts_of

    def faulty(real_name: str, now_us: int) -> frozenset[str]:
        if real_name == "odd":
            raise ZeroDivisionError
        return frozenset(accounts_of(real_name, now_us))

    monkeypatch.setattr(store, "accounts_of", faulty)
    group = [
        replace(attempt(name, account=name, answer=YES), real_name=name)
        for name in ("good", "odd", "fine")
    ]
    good, odd, fine = verifying.verify(group)
    assert isinstance(odd, ZeroDivisionError)
    assert isinstance(good, Verification)
    assert isinstance(fine, Verification)
    assert verifying.verified.level("fine", NOW_US + 1) is L2


def test_a_silent_provider_verifies_nobody_and_leaves_the_request_open(
    verifying: Verifying,
) -> None:
    """The answer says so, nothing is stored, and the same request may come again."""
    told = verifying.unavailable(attempt("r1", phone=PASSED, answer=None))
    assert (told.result, told.in_force_level) == (RealNameResult.PROVIDER_UNAVAILABLE, L0)
    assert verifying.known("r1", b"r1") is None
    assert verified(verifying, attempt("r1")).result is RealNameResult.VERIFIED


def test_an_order_takes_its_accounts_level_where_it_is_higher(verifying: Verifying) -> None:
    """A level of the order that is higher stays, and so does its own real-name id."""
    account = order().tokens.account
    verified(verifying, attempt("r1", account))
    lifted = verifying.verified.order(order(), NOW_US + 1)
    assert (lifted.verification_level, lifted.tokens.real_name) == (L2, "name-1")
    higher = replace(order(), verification_level=L3)
    higher = replace(higher, tokens=replace(higher.tokens, real_name="own"))
    assert verifying.verified.order(higher, NOW_US + 1) == higher


def test_levels_are_remembered_and_looked_up_anew_after_a_verification(
    verifying: Verifying, store: SqliteVerifications
) -> None:
    """That an account had none is remembered too, until it is verified here."""
    assert verifying.verified.level("acc", NOW_US) is VerificationLevel.UNSPECIFIED
    verified(verifying, attempt("r1"))
    assert verifying.verified.level("acc", NOW_US + 1) is L2
    small = Verified(store, accounts_kept=1)
    assert [small.level(name, NOW_US + 1) for name in ("acc", "b", "acc")] == [L2, 0, L2]


def test_the_stand_in_answers_by_the_number_and_says_what_it_is() -> None:
    """The same number gets the same answer; the name tells that nothing was checked."""
    provider = LocalStandIn()
    assert "stand-in" in provider.name
    match = provider.verify(RealNameEvidence(name="n", real_name_id=id_number()), 1)
    assert (match.name_matches, match.face_matches) == (True, None)
    other = provider.verify(RealNameEvidence(name="n", real_name_id=id_number("999")), 1)
    assert not other.name_matches
    for face, matches in (("face-ok", True), ("face-no", False)):
        evidence = RealNameEvidence(name="n", real_name_id=id_number(), face_token=face)
        assert provider.verify(evidence, 1).face_matches is matches
    for code in ("998", "997"):
        with pytest.raises(ProviderUnavailable):
            provider.verify(RealNameEvidence(name="n", real_name_id=id_number(code)), 0.001)


def test_without_a_provider_nobody_is_verified() -> None:
    """The default of a service refuses to tell."""
    with pytest.raises(ProviderUnavailable):
        NoProvider().verify(RealNameEvidence(name="n", real_name_id=id_number()), 1)


def test_evidence_never_shows_in_a_representation() -> None:
    """Neither a log line nor a traceback repeats a name or a number."""
    assert id_number() not in repr(RealNameEvidence(name="王小明", real_name_id=id_number()))
