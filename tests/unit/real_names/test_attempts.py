"""How often the provider is asked in vain: bounded, durable, and never long for a typo."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.adapters.clock import ReplayClock
from risk_service.adapters.sqlite.connection import connect
from risk_service.adapters.sqlite.decisions import FILE_NAME, SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.schema import DECISION_LOG, FileKind, migrate
from risk_service.adapters.sqlite.shared_verifications import (
    FILE_NAME as COPY_NAME,
)
from risk_service.adapters.sqlite.shared_verifications import (
    SHARED_VERIFICATIONS,
    SqliteSharedVerifications,
)
from risk_service.adapters.sqlite.verifications import SqliteVerifications
from risk_service.decisions.real_names.attempts import Attempts
from risk_service.decisions.real_names.policy import HOUR_US, load_real_name_policy
from risk_service.decisions.real_names.verified import Verified
from risk_service.decisions.real_names.verifying import VerificationAttempt, Verifying
from risk_service.domain.errors import RequestIdReused, TooManyAttempts
from risk_service.domain.verification import (
    PhoneCodeResult,
    ProviderAnswer,
    RealNameResult,
    Verification,
)
from risk_service.domain.vocabulary import VerificationLevel
from risk_service.ports import VerificationStore
from tests.fixtures.records import NOW_US

POLICY = load_real_name_policy()
PER_ACCOUNT = POLICY.attempts.failed_per_account_max
PER_NAME = POLICY.attempts.failed_per_real_name_max
DAY_US = POLICY.attempts.window_us
NO, YES = ProviderAnswer(name_matches=False), ProviderAnswer(name_matches=True)


def attempt(request_id: str, account: str = "acc", name: str = "name") -> VerificationAttempt:
    """Return an attempt that the provider is about to be asked about."""
    return VerificationAttempt(
        request_id=request_id,
        fingerprint=request_id.encode(),
        account=account,
        real_name=name,
        phone=PhoneCodeResult.NOT_SENT,
        provider="test",
    )


class Office:
    """What verifies, on a store, at a time that the test moves."""

    def __init__(self, store: VerificationStore) -> None:
        self.clock = ReplayClock(NOW_US)
        self.attempts = Attempts(store, POLICY, self.clock)
        self.verifying = Verifying(
            store=store, verified=Verified(store), policy=POLICY, clock=self.clock
        )

    def tried(self, one: VerificationAttempt, answer: ProviderAnswer | None) -> None:
        """Try as the service does; no answer is a provider that is silent."""
        with self.attempts.under_way(one):
            if answer is not None:
                self.verifying.verify([one.answered(answer)])

    def failed(self, count: int, account: str = "acc", name: str = "") -> None:
        """Let attempts fail, each with a number of its own unless one is given."""
        for number in range(count):
            request_id = f"{account}-{name}-{number}-{self.clock.now_us()}"
            self.tried(attempt(request_id, account, name or f"name-{request_id}"), NO)

    def refused(self, one: VerificationAttempt) -> TooManyAttempts:
        """Return how an attempt is refused."""
        with pytest.raises(TooManyAttempts) as caught, self.attempts.under_way(one):
            pytest.fail("it was admitted")
        return caught.value

    def after(self, microseconds: int) -> None:
        """Let time pass."""
        self.clock.order_seen(self.clock.now_us() + microseconds)


@contextmanager
def opened(directory: Path) -> Iterator[SqliteVerifications]:
    """Open the verifications of a state directory."""
    decisions, log = SqliteDecisionStore(directory), SqliteEventLog(directory)
    try:
        yield SqliteVerifications(log)
    finally:
        log.close()
        decisions.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Return what verifies, on a file."""
    with opened(tmp_path) as store:
        yield Office(store)


def test_two_typos_lock_nobody_out(office: Office) -> None:
    """The third attempt, with the right number, passes at once."""
    office.failed(2)
    office.tried(attempt("right"), YES)
    assert office.verifying.verified.level("acc", NOW_US + 1) is VerificationLevel.L2


def test_an_account_is_refused_until_its_oldest_failure_is_a_window_old(office: Office) -> None:
    """The error names the account, and the second from which on it may try again."""
    office.failed(1)
    office.after(3 * HOUR_US + 1)
    office.failed(PER_ACCOUNT - 1)
    error = office.refused(attempt("one-more"))
    assert [violation.field for violation in error.violations] == ["account_id"]
    assert error.retry_after_s == 21 * 3600
    assert "请在 21 小时后再试" in error.customer_text.zh
    assert "try again in 21 hours." in error.customer_text.en
    office.after(21 * HOUR_US - 2)
    assert "请在 1 秒后再试" in office.refused(attempt("too-soon")).customer_text.zh
    office.after(1)
    office.tried(attempt("in-time"), NO)
    # Only the first one is gone: four of three hours later count on, and now this one.
    assert office.refused(attempt("next")).retry_after_s == 3 * 3600 + 1


def test_a_number_is_refused_whoever_tries_it(office: Office) -> None:
    """Accounts in turn get no more guesses at one number; their other numbers are free."""
    for number in range(PER_NAME):
        office.failed(1, f"acc-{number}", "victim")
    error = office.refused(attempt("r", "acc-fresh", "victim"))
    assert [violation.field for violation in error.violations] == ["real_name_id"]
    assert error.retry_after_s == DAY_US // 10**6
    office.tried(attempt("own", "acc-0", "own"), YES)
    assert office.verifying.verified.level("acc-0", NOW_US + 1) is VerificationLevel.L2


def test_a_number_behind_too_many_accounts_counts_as_failed(office: Office) -> None:
    """The provider was asked, and nobody was verified."""
    for number in range(POLICY.accounts_max):
        office.tried(attempt(f"of-{number}", f"acc-{number}"), YES)
    for number in range(PER_ACCOUNT):
        office.tried(attempt(f"more-{number}"), YES)
    assert office.refused(attempt("r")).violations[0].field == "account_id"


def test_failures_outlive_a_restart(tmp_path: Path) -> None:
    """A service that starts again refuses what the one before refused."""
    with opened(tmp_path) as store:
        Office(store).failed(PER_ACCOUNT)
    with opened(tmp_path) as store:
        assert Office(store).refused(attempt("r")).retry_after_s == DAY_US // 10**6


def test_of_two_calls_at_the_last_attempt_one_is_asked(office: Office) -> None:
    """The other may come again as soon as the first is known, unless the first has failed."""
    office.failed(PER_ACCOUNT - 1)
    last, other = attempt("last", name="a"), attempt("other", name="b")
    with office.attempts.under_way(last):
        assert office.refused(other).retry_after_s == POLICY.timeout_s
        # The same request once more is the same attempt.
        with office.attempts.under_way(last):
            assert office.refused(other).violations[0].field == "account_id"
        assert office.refused(other).violations[0].field == "account_id"
    office.tried(other, None)
    office.tried(last, NO)
    assert office.refused(other).retry_after_s == DAY_US // 10**6


def test_a_request_id_is_of_one_payload_until_it_is_known(office: Office) -> None:
    """The same one may come again meanwhile; another is refused, and asks nobody."""
    one, other = attempt("same"), replace(attempt("same"), fingerprint=b"other")
    with office.attempts.one_payload(one), office.attempts.one_payload(one):
        with pytest.raises(RequestIdReused), office.attempts.one_payload(other):
            pytest.fail("it was admitted")
        with office.attempts.one_payload(attempt("else")):
            pass
    with office.attempts.one_payload(other), pytest.raises(RequestIdReused):
        office.attempts.one_payload(one).__enter__()


STEPS = st.tuples(
    st.integers(0, 30), st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([NO, None])
)


@given(st.lists(STEPS, max_size=60))
def test_no_window_ever_holds_more_failures_than_allowed(
    steps: list[tuple[int, str, str, ProviderAnswer | None]],
) -> None:
    """Refused if and only if a day of the oracle's list is full; silence is in no list."""
    with TemporaryDirectory() as directory, opened(Path(directory)) as store:
        office, failures = Office(store), list[tuple[int, str, str]]()
        for number, (hours, account, name, answer) in enumerate(steps):
            # Mostly close together, so that windows fill.
            office.after(max(hours - 24, 0) * HOUR_US + 1)
            now_us = office.clock.now_us()
            recent = [one for one in failures if one[0] + DAY_US > now_us]
            is_full = (
                sum(one[1] == account for one in recent) >= PER_ACCOUNT
                or sum(one[2] == name for one in recent) >= PER_NAME
            )
            one = attempt(str(number), account, name)
            if is_full:
                assert 0 < office.refused(one).retry_after_s <= DAY_US // 10**6
                continue
            office.tried(one, answer)
            if answer is not None:
                failures.append((now_us, account, name))


def kept(request_id: str, account: str, refused_name: str) -> Verification:
    """Return a verification that failed, or as services of before stored it."""
    return Verification(
        request_id=request_id,
        fingerprint=b"f",
        account=account,
        real_name="",
        result=RealNameResult.MISMATCH,
        level=VerificationLevel.L1,
        verified_at_us=NOW_US,
        expires_at_us=NOW_US + DAY_US,
        provider="",
        accounts_of_real_name=0,
        in_force_level=VerificationLevel.L1,
        in_force_until_us=NOW_US + DAY_US,
        policy="p",
        service="s",
        refused_name=refused_name,
    )


def test_failures_of_all_services_count_once(tmp_path: Path) -> None:
    """Own ones are in the copy as well, and those of others only there."""
    with opened(tmp_path) as own:
        shared = SqliteSharedVerifications(tmp_path, own, "here")
        with closing(shared):
            mine, other = kept("mine", "acc", "n1"), kept("other", "acc", "n1")
            shared.commit([mine])
            shared.take([mine, other], 1, 1)
            for kind, token in (("account", "acc"), ("real_name", "n1")):
                found = shared.failed(kind, token, NOW_US - 1)  # type: ignore[arg-type]  # of a list
                assert found == {"mine": NOW_US, "other": NOW_US}
                assert shared.failed(kind, token, NOW_US) == {}  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("kind", "name"), [(DECISION_LOG, FILE_NAME), (SHARED_VERIFICATIONS, COPY_NAME)]
)
def test_files_of_before_go_on(tmp_path: Path, kind: FileKind, name: str) -> None:
    """Levels of before hold, nothing of before counts as failed, and what fails now does."""
    before = 6 if kind is DECISION_LOG else 1
    old = FileKind(name=kind.name, application_id=kind.application_id, steps=kind.steps[:before])
    record = msgspec.to_builtins(kept("old", "acc", ""))
    del record["refused_name"]
    record["fingerprint"] = b"f"
    with closing(connect(tmp_path / name, "FULL")) as db:
        migrate(db, name, old)
        row = ("old", "acc", "", 2, NOW_US + DAY_US, msgspec.msgpack.encode(record))
        db.execute(
            "INSERT INTO verifications (request_id, account, real_name, level, expires_at_us, "
            "record) VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
    with opened(tmp_path) as own, closing(SqliteSharedVerifications(tmp_path, own, "h")) as store:
        office = Office(store)
        assert store.in_force(["acc"], NOW_US)["acc"].level is VerificationLevel.L1
        assert store.failed("account", "acc", 0) == {}
        office.failed(PER_ACCOUNT)
        assert office.refused(attempt("r")).violations[0].field == "account_id"
    with closing(sqlite3.connect(tmp_path / name)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == kind.version
