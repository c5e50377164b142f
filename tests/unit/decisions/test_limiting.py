"""Purchase limits in the decision: held last, with the decision, or not at all."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.decision import Decision, Step
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.vocabulary import (
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    VerificationLevel,
)
from tests.fixtures.desk import POISON_UNITS, Desk, attempt, completion
from tests.fixtures.limited_desk import flash, limited_desk, policy, used
from tests.fixtures.records import NOW_US

SECOND_US = 1_000_000
PASSED = ChallengeResult.PASSED


def decide(desk: Desk, *attempts: object) -> list[Decision]:
    """Return the decisions on one group; an error among them fails the test."""
    answers = desk.pipeline().decide(list(attempts))  # type: ignore[arg-type]  # attempts
    assert all(isinstance(answer, Decision) for answer in answers), answers
    return answers  # type: ignore[return-value]  # as asserted


def test_orders_of_one_account_share_its_limit(tmp_path: Path) -> None:
    """The third unit is denied, with what the limit is and whom it counts."""
    with limited_desk(tmp_path, policy(cap=2)) as desk:
        first, second = (decide(desk, flash(name))[0] for name in "ab")
        (third,) = decide(desk, flash("c"))
        assert [one.outcome for one in (first, second, third)] == [
            Outcome.ALLOW,
            Outcome.ALLOW,
            Outcome.DENY,
        ]
        (use,) = third.limit_uses
        assert (use.cap, use.used, use.requested, use.granted) == (2, 2, 1, 0)
        assert third.blocking == "account"
        assert [(cause.step, cause.ref) for cause in third.causes] == [(Step.LIMIT, "person")]
        assert [reason.code for reason in third.reasons] == ["LIMIT_REACHED"]
        assert third.versions.limits.startswith("limits-")
        assert used(desk) == 2


def test_the_last_unit_goes_to_one_of_a_group(tmp_path: Path) -> None:
    """Of orders that meet in one group each sees what those before it hold."""
    with limited_desk(tmp_path, policy(cap=2)) as desk:
        answers = decide(desk, *[flash(name) for name in "abcd"])
        assert [one.outcome for one in answers].count(Outcome.ALLOW) == 2
        assert used(desk) == 2


def test_a_retry_holds_nothing_more(tmp_path: Path) -> None:
    """The same request gets the same answer and its one hold, in a group or after it."""
    with limited_desk(tmp_path, policy(cap=2)) as desk:
        first, again = decide(desk, flash("a", 2), flash("a", 2))
        assert first is again
        assert decide(desk, flash("a", 2)) == [first]
        assert used(desk) == 2


def test_a_changed_quantity_takes_over_the_hold(tmp_path: Path) -> None:
    """The next decision on an order replaces what the one before held."""
    with limited_desk(tmp_path, policy(cap=3)) as desk:
        decide(desk, flash("a", 2, order_id="o"))
        (more,) = decide(desk, flash("b", 3, order_id="o"))
        assert (more.outcome, used(desk)) == (Outcome.ALLOW, 3)
        (fewer,) = decide(desk, flash("c", 1, order_id="o"))
        assert (fewer.outcome, used(desk)) == (Outcome.ALLOW, 1)
        assert [(line.requested, line.granted) for line in fewer.granted] == [(1, 1)]


def test_a_denied_order_holds_nothing_and_lets_go(tmp_path: Path) -> None:
    """Denied by its score, an order takes no quota, and gives back what it held before."""
    with limited_desk(tmp_path, policy(cap=200)) as desk:
        decide(desk, flash("a", 1, order_id="o"))
        assert used(desk) == 1
        (denied,) = decide(desk, flash("b", 60, order_id="o"))
        assert (denied.outcome, denied.held_until_us, denied.granted) == (Outcome.DENY, 0, ())
        assert used(desk) == 0
        (use,) = denied.limit_uses
        assert (use.cap, use.granted) == (200, use.granted)


def test_order_that_is_limited_no_more_lets_go(tmp_path: Path) -> None:
    """Bought at the full price after all, an order holds nothing of the flash sale."""
    with limited_desk(tmp_path, policy(cap=2)) as desk:
        decide(desk, flash("a", 2, order_id="o"))
        assert used(desk) == 2
        (plain,) = decide(desk, attempt("b", order_id="o"))
        assert (plain.outcome, plain.granted, plain.limit_uses) == (Outcome.ALLOW, (), ())
        assert used(desk) == 0


def test_holds_last_as_long_as_their_outcome_needs(tmp_path: Path) -> None:
    """ALLOW until it must be paid, CHALLENGE as long as it is open, REVIEW until its SLA."""
    with limited_desk(tmp_path, policy(cap=200)) as desk:
        answers = decide(desk, flash("a", 1), flash("b", 9), flash("c", 30))
        assert [one.outcome for one in answers] == [
            Outcome.ALLOW,
            Outcome.CHALLENGE,
            Outcome.REVIEW,
        ]
        seconds = [(one.held_until_us - NOW_US) // SECOND_US for one in answers]
        assert seconds == [1_800, 900, 86_400]


def test_a_deposit_presale_is_held_until_the_balance_is_due(tmp_path: Path) -> None:
    """The units of a paid deposit stay the customer's, up to the longest presale."""
    due_us = NOW_US + 30 * 86_400 * SECOND_US
    with limited_desk(tmp_path, policy(cap=200)) as desk:
        soon, never = decide(
            desk,
            flash("a", balance_due_at_us=due_us),
            flash("b", balance_due_at_us=NOW_US + 10**16),
        )
        assert soon.held_until_us == due_us
        assert never.held_until_us == NOW_US + 7_776_000 * SECOND_US


def test_a_passed_challenge_takes_over_the_hold(tmp_path: Path) -> None:
    """What was held under the challenge is the order's after it, and counts once."""
    with limited_desk(tmp_path, policy(cap=9)) as desk:
        (asked,) = decide(desk, flash("a", 9, order_id="o"))
        assert asked.challenge is not None
        assert used(desk) == 9
        end = completion("b", asked.challenge.challenge_id, PASSED, level=VerificationLevel.L2)
        (passed,) = decide(desk, end)
        # The score still asks for fewer units; only those are held on.
        assert passed.outcome is Outcome.LIMIT_QUANTITY
        allowed = passed.quantity_limits[0].allowed
        assert used(desk) == allowed == passed.granted[0].granted


def test_an_unmet_level_asks_for_the_real_name(tmp_path: Path) -> None:
    """A limit that needs a level answers CHALLENGE with what is needed, and denies nobody."""
    limit = policy(more='require_verification = "L2"')
    with limited_desk(tmp_path, limit) as desk:
        (asked,) = decide(desk, flash("a", order_id="o"))
        assert asked.outcome is Outcome.CHALLENGE
        assert asked.required_level is VerificationLevel.L2
        assert asked.challenge is not None
        assert asked.challenge.kind is ChallengeKind.REAL_NAME
        assert [reason.code for reason in asked.reasons] == ["LIMIT_VERIFICATION_REQUIRED"]
        assert used(desk) == 0
        still = completion(
            "b", asked.challenge.challenge_id, PASSED, level=VerificationLevel.UNSPECIFIED
        )
        (again,) = decide(desk, still)
        assert (again.outcome, again.required_level) == (
            Outcome.CHALLENGE,
            VerificationLevel.L2,
        )
        assert again.challenge is not None
        met = completion("c", again.challenge.challenge_id, PASSED, level=VerificationLevel.L2)
        (done,) = decide(desk, met)
        assert (done.outcome, used(desk)) == (Outcome.ALLOW, 1)


def test_a_challenge_by_a_limit_comes_once(tmp_path: Path) -> None:
    """Who passes and is still above the limit meets a person, not the same challenge again."""
    with limited_desk(tmp_path, policy(cap=1, on_exceed="challenge")) as desk:
        (asked,) = decide(desk, flash("a", 2))
        assert asked.challenge is not None
        assert (asked.outcome, asked.held_until_us) == (Outcome.CHALLENGE, 0)
        end = completion("b", asked.challenge.challenge_id, PASSED, level=VerificationLevel.L1)
        (after,) = decide(desk, end)
        assert (after.outcome, used(desk)) == (Outcome.REVIEW, 0)


def test_a_part_is_granted_where_the_limit_takes_a_part(tmp_path: Path) -> None:
    """Three of two left: two are held and may be sold."""
    with limited_desk(tmp_path, policy(cap=2, on_exceed="cap_quantity")) as desk:
        (answer,) = decide(desk, flash("a", 3))
        assert answer.outcome is Outcome.LIMIT_QUANTITY
        assert [(one.requested, one.allowed) for one in answer.quantity_limits] == [(3, 2)]
        assert [(one.requested, one.granted) for one in answer.granted] == [(3, 2)]
        assert used(desk) == 2


def test_a_shadow_limit_refuses_nobody(tmp_path: Path) -> None:
    """It is counted and shown, and the order passes."""
    with limited_desk(tmp_path, policy(cap=1, state="shadow")) as desk:
        (answer,) = decide(desk, flash("a", 3))
        assert (answer.outcome, answer.blocking) == (Outcome.ALLOW, "")
        assert [use.shadow for use in answer.limit_uses] == [True]


def test_orders_that_no_limit_is_about_do_not_meet_the_ledger(tmp_path: Path) -> None:
    """Without a limit in scope there is no demand, no hold and no use."""
    with limited_desk(tmp_path, policy()) as desk:
        desk.ledger.close()  # type: ignore[attr-defined]  # whoever asks it now fails
        (answer,) = decide(desk, attempt("a"))
        assert (answer.outcome, answer.limit_uses, answer.held_until_us) == (Outcome.ALLOW, (), 0)


def test_a_fault_of_one_order_leaves_the_holds_of_its_group_right(tmp_path: Path) -> None:
    """Run again one by one, each order holds once, and the one at fault nothing."""
    with limited_desk(tmp_path, policy(cap=2)) as desk:
        group = [flash("a"), flash("bad", POISON_UNITS), flash("b"), flash("c")]
        first, bad, second, third = desk.pipeline().decide(group)
        assert isinstance(bad, RuntimeError)
        outcomes = [one.outcome for one in (first, second, third) if isinstance(one, Decision)]
        assert outcomes == [Outcome.ALLOW, Outcome.ALLOW, Outcome.DENY]
        assert used(desk) == 2


def test_a_commit_that_fails_takes_its_holds_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be made durable is not held, and the same request holds it later."""
    with limited_desk(tmp_path, policy(cap=2)) as desk:

        def fails(*_: object) -> None:
            raise StoreUnavailable("no space left")

        with monkeypatch.context() as patch:
            patch.setattr(desk.store, "commit", fails)
            (answer,) = desk.pipeline().decide([flash("a", 2)])
            assert isinstance(answer, StoreUnavailable)
        assert used(desk) == 0
        (again,) = decide(desk, flash("a", 2))
        assert (again.outcome, used(desk)) == (Outcome.ALLOW, 2)


class BrokenLedger:
    """A ledger that cannot be reached."""

    def expect(self, *_: object) -> None:
        """Leave the fault to ``hold``."""

    def check(self, *_: object) -> list[object]:
        """Fail."""
        raise StoreUnavailable("ledger down")

    hold = check


def test_without_the_ledger_a_limited_order_is_never_allowed(tmp_path: Path) -> None:
    """It is reviewed and says why; orders without limits go on as before."""
    with limited_desk(tmp_path, policy()) as desk:
        broken = Desk(ledger=BrokenLedger(), books=desk.books)  # type: ignore[arg-type]  # as a ledger
        limited, denied, free = decide(broken, flash("a"), flash("b", 60), attempt("c"))
        assert (limited.outcome, limited.mode) == (Outcome.REVIEW, Mode.NO_LIMITS)
        assert [reason.code for reason in limited.reasons] == ["LIMITS_UNAVAILABLE"]
        assert denied.outcome is Outcome.DENY
        assert (free.outcome, free.mode) == (Outcome.ALLOW, Mode.FULL)
        # What is worse than a missing ledger is told in its place.
        broken.reader.available = False
        (worse,) = decide(broken, flash("d"))
        assert (worse.outcome, worse.mode) == (Outcome.REVIEW, Mode.NO_FEATURES)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("pq"), st.integers(1, 60), st.sampled_from(["x", "y"])),
        min_size=1,
        max_size=8,
    ),
    sizes=st.lists(st.integers(1, 3), min_size=8, max_size=8),
    on_exceed=st.sampled_from(["reject", "cap_quantity", "challenge", "review"]),
)
def test_a_reservation_exists_iff_the_answer_holds_one(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, str]],
    sizes: list[int],
    on_exceed: str,
) -> None:
    """Over any orders in any groups: the ledger holds what the latest answers say, no more."""
    directory = tmp_path_factory.mktemp("ledger")
    with limited_desk(directory, policy(cap=12, on_exceed=on_exceed)) as desk:
        attempts = [
            flash(f"r{n}", units, order_id=order, account=account)
            for n, (order, units, account) in enumerate(steps)
        ]
        latest: dict[str, tuple[str, Decision]] = {}
        at = 0
        for size in sizes:
            group, at = attempts[at : at + size], at + size
            for one, answer in zip(group, decide(desk, *group) if group else [], strict=True):
                latest[answer.order_id] = (one.subject.account_id, answer)  # type: ignore[union-attr]  # orders
                held = sum(line.granted for line in answer.granted)
                assert (answer.held_until_us > NOW_US) == (held > 0)
                assert held == 0 or answer.outcome is not Outcome.DENY
        for account in "xy":
            held = sum(
                line.granted
                for owner, answer in latest.values()
                if owner == account
                for line in answer.granted
            )
            assert used(desk, account) == held <= 12
