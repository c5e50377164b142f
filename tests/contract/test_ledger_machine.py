"""Random histories of every ledger against an oracle that adds everything up the naive way.

The same machine over a ledger whose check and write are not one step must fail: a suite that
lets that pass proves nothing.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.domain.errors import Conflict, NotFound, RiskError, StoreUnavailable
from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import (
    Cancel,
    Confirm,
    Extend,
    HoldRequest,
    LedgerAnswer,
    LedgerCall,
    Pay,
    Release,
    ReleasedLine,
    ReleaseReason,
    ReservationState,
    Reserve,
)
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import parse_limits
from tests.fixtures.ledgers import (
    HOUSES,
    SECOND_US,
    START_US,
    LedgerHouse,
    SqliteHouse,
    demand,
    line,
)
from tests.fixtures.limit_oracle import CONFIRMED, POLICIES, UNITS_CAP, Oracle

TTL_US = 20 * SECOND_US
FORGOTTEN_AFTER_US = 2 * 86_400 * SECOND_US
ACCOUNTS = ("a1", "a2", "a3")
DEVICES = ("d1", "d2", "")
SKUS = ("s1", "s2")
CLUSTERS = ((), ("a1", "a2"), ("a2", "a3"), ("a3", "a1", "a2"))

orders = st.sampled_from([f"o{number}" for number in range(5)])
demands = st.builds(
    lambda order_id, account, device, sku, units, cluster: demand(
        order_id, line(sku, units), account=account, device=device, cluster=cluster
    ),
    orders,
    st.sampled_from(ACCOUNTS),
    st.sampled_from(DEVICES),
    st.sampled_from(SKUS),
    st.integers(1, 4),
    st.sampled_from(CLUSTERS),
)


def units(grant: Grant) -> tuple[Outcome, int]:
    """Return the outcome and how many units are granted."""
    granted = grant.outcome in (Outcome.ALLOW, Outcome.LIMIT_QUANTITY)
    return grant.outcome, sum(one.granted for one in grant.lines) if granted else 0


class LedgerMachine(RuleBasedStateMachine):
    """Does to a ledger and to the oracle the same, and compares what they say."""

    kind = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.answers: dict[str, tuple[Reserve, LedgerAnswer]] = {}

    def open(self) -> LedgerHouse:
        """Return an empty ledger."""
        book = parse_limits(POLICIES, "oracle.toml")
        return HOUSES[self.kind](Path(self.scratch.name), book)

    @initialize()
    def begin(self) -> None:
        """Begin with nothing."""
        self.house = self.open()
        self.oracle = Oracle(START_US)
        self.clock_us = START_US
        self.has_forgotten = False

    def run(self, call: LedgerCall) -> LedgerAnswer | RiskError:
        """Do one call."""
        return self.house.ledger.run([call], self.clock_us)[0]

    @rule(asked=demands)
    def decide(self, asked: Demand) -> None:
        """Hold for a decision, which takes the order's hold over."""
        expected = self.oracle.hold(asked, TTL_US)
        reserved = self.house.ledger.hold([HoldRequest(demand=asked, ttl_us=TTL_US)], self.clock_us)
        self.house.commit(reserved)
        self.answers.pop(asked.reservation_id, None)
        self.let_go(asked, expected)
        self.same(reserved.grants[0], expected)

    @rule(group=st.lists(demands, min_size=2, max_size=4), keep=st.booleans())
    def decide_group(self, group: list[Demand], keep: bool) -> None:
        """Hold for a group, each order seeing those before; keep all or drop all."""
        requests = [HoldRequest(demand=asked, ttl_us=TTL_US) for asked in group]
        reserved = self.house.ledger.hold(requests, self.clock_us)
        if not keep and not self.house.holds_at_once:
            reserved.dropped()
            return
        self.house.commit(reserved)
        for asked, grant in zip(group, reserved.grants, strict=True):
            expected = self.oracle.hold(asked, TTL_US)
            self.answers.pop(asked.reservation_id, None)
            self.let_go(asked, expected)
            self.same(grant, expected)

    @rule(first=demands, second=demands)
    def race(self, first: Demand, second: Demand) -> None:
        """Grant two groups before either is written: never both from the same room."""
        now_us = self.clock_us
        one = self.house.ledger.hold([HoldRequest(demand=first, ttl_us=TTL_US)], now_us)
        other = self.house.ledger.hold([HoldRequest(demand=second, ttl_us=TTL_US)], now_us)
        try:
            self.house.commit(one)
            written = True
        except StoreUnavailable:
            assert not self.house.holds_at_once
            one.dropped()
            written = False
        self.house.commit(other)
        groups = [(first, one), (second, other)] if written else [(second, other)]
        for asked, reserved in groups:
            expected = self.oracle.hold(asked, TTL_US)
            self.answers.pop(asked.reservation_id, None)
            self.let_go(asked, expected)
            self.same(reserved.grants[0], expected)

    @rule(asked=demands, partial=st.booleans())
    def reserve(self, asked: Demand, partial: bool) -> None:
        """Reserve for an order that holds nothing."""
        if asked.reservation_id in self.answers:
            return  # ids and bodies are repeated by `repeat`
        known = self.oracle.last.get(asked.reservation_id)
        if known is not None and known.state != "EXPIRED":
            return
        call = Reserve(hold=HoldRequest(demand=asked, ttl_us=TTL_US, partial=partial))
        expected = self.oracle.hold(asked, TTL_US, lets_go=False, partial=partial)
        answer = self.run(call)
        assert isinstance(answer, LedgerAnswer), answer
        assert answer.grant is not None
        self.same(answer.grant, expected)
        self.answers[asked.reservation_id] = (call, answer)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def repeat(self, data: Any) -> None:
        """Ask the same again: the answer stays for as long as the hold lives or is paid."""
        order_id = data.draw(st.sampled_from(sorted(self.answers)))
        call, answer = self.answers[order_id]
        self.oracle.expire()
        kept = self.oracle.last.get(order_id)
        refused = answer.grant is not None and answer.grant.outcome is Outcome.DENY
        if order_id in self.oracle.gone or not (kept or refused):
            return
        if refused or (kept and kept.state in ("HELD", "CONFIRMED")):
            again = self.run(call)
            assert isinstance(again, LedgerAnswer)
            assert again.grant == answer.grant
        else:
            del self.answers[order_id]

    @rule(data=st.data(), state=st.sampled_from(["", "HELD", "EXPIRED"]))
    def confirm(self, data: Any, state: str) -> None:
        """Confirm says where it stands, and says so again."""
        self.oracle.expire()
        order_id = data.draw(self.in_state(state))
        expected = self.oracle.confirm(order_id)
        for _ in range(2):
            answer = self.run(Confirm(reservation_id=order_id))
            if expected is None:
                assert isinstance(answer, NotFound)
            else:
                assert isinstance(answer, LedgerAnswer), answer
                assert (answer.state.name, answer.refund_required) == expected

    @rule(data=st.data())
    def others_come_first(self, data: Any) -> None:
        """Let somebody take what an expired hold let go, then confirm that one."""
        self.oracle.expire()
        late = [key for key, kept in self.oracle.last.items() if kept.state == "EXPIRED"]
        if not late:
            return
        order_id = data.draw(st.sampled_from(sorted(late)))
        kept = self.oracle.last[order_id]
        sku = next(iter(kept.units))
        self.decide(
            demand(
                f"f{len(self.oracle.all)}",
                line(sku, UNITS_CAP),
                account=data.draw(st.sampled_from(ACCOUNTS)),
                device=kept.demand.subjects["device"],
            )
        )
        expected = self.oracle.confirm(order_id)
        answer = self.run(Confirm(reservation_id=order_id))
        assert isinstance(answer, LedgerAnswer), answer
        assert (answer.state.name, answer.refund_required) == expected

    @rule(asked=demands)
    def pay(self, asked: Demand) -> None:
        """Let an order be paid, held or not."""
        expected = self.oracle.pay(asked)
        answer = self.run(Pay(demand=asked))
        assert isinstance(answer, LedgerAnswer), answer
        self.answers.pop(asked.reservation_id, None)
        assert answer.state.name == expected[0]
        if expected[1]:
            assert answer.late

    @rule(order_id=orders)
    def cancel(self, order_id: str) -> None:
        """Let a hold go for good; what is paid stays."""
        expected = self.oracle.cancel(order_id)
        for _ in range(2):
            answer = self.run(Cancel(reservation_id=order_id))
            if expected is None:
                assert isinstance(answer, Conflict)
            else:
                assert isinstance(answer, LedgerAnswer)
                assert answer.state.name == expected
        self.answers.pop(order_id, None)

    @rule(data=st.data(), state=st.sampled_from(["", CONFIRMED, CONFIRMED]), some=st.integers(1, 3))
    def release(self, data: Any, state: str, some: int) -> None:
        """Units come back once per release id."""
        order_id = data.draw(self.in_state(state))
        kept = self.oracle.last.get(order_id)
        sku = next(iter(kept.units)) if kept else "s1"
        left = self.oracle.release(order_id, some)
        call = Release(
            reservation_id=order_id,
            release_id=f"{order_id}-{self.clock_us}-{some}-{left}",
            reason=ReleaseReason.REFUND,
            lines=(ReleasedLine(sku=sku, quantity=some),),
        )
        for _ in range(2):
            answer = self.run(call)
            if left is None:
                assert isinstance(answer, RiskError)
            else:
                assert isinstance(answer, LedgerAnswer), answer
                assert sum(one.granted for one in answer.lines) == left

    @rule(order_id=orders, by_s=st.integers(1, 90))
    def extend(self, order_id: str, by_s: int) -> None:
        """Move the end of a live hold on, never back."""
        self.oracle.expire()
        kept = self.oracle.last.get(order_id)
        until_us = self.oracle.now_us + by_s * SECOND_US
        answer = self.run(Extend(reservation_id=order_id, until_us=until_us))
        if kept is not None and kept.state == "HELD":
            kept.expires_us = max(kept.expires_us, until_us)
            assert isinstance(answer, LedgerAnswer)
            assert answer.expires_at_us == kept.expires_us
        else:
            assert isinstance(answer, RiskError)

    @rule(seconds=st.sampled_from([0, 1, 19, 20, 21, 40, 59, 60, 61]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock_us += seconds * SECOND_US
        self.oracle.now_us = max(self.oracle.now_us, self.clock_us)
        self.house.ledger.expire(self.clock_us)

    @precondition(lambda self: self.oracle.all and not self.has_forgotten)
    @rule()
    def forget(self) -> None:
        """Days later all reservations are forgotten; what counts for ever goes on to."""
        self.has_forgotten = True
        for _ in range(2):
            self.clock_us = max(self.clock_us, self.oracle.now_us) + FORGOTTEN_AFTER_US
            self.oracle.now_us = self.clock_us
            while self.house.ledger.expire(self.clock_us):
                pass
        before_us = self.clock_us - FORGOTTEN_AFTER_US // 2
        while self.house.ledger.prune(before_us, self.clock_us) is not None:
            pass
        self.oracle.forget()
        self.answers.clear()

    @rule(seconds=st.integers(1, 100))
    def clock_back(self, seconds: int) -> None:
        """Let the machine's clock go back; the ledger's stands still where it has written."""
        self.touch()
        self.clock_us -= seconds * SECOND_US

    @rule()
    def restart(self) -> None:
        """Let the process end and start again."""
        self.touch()
        self.house.restart()

    @invariant()
    def counters_are_the_sum_of_the_ledger(self) -> None:
        """Hold every counter against what the reservations add up to, and the oracle's sums."""
        if not hasattr(self, "house"):
            return
        ledger = self.house.ledger
        while ledger.expire(self.clock_us):
            pass
        self.oracle.expire()
        assert ledger.reconcile(repair=False, now_us=self.clock_us) == []
        for name, tokens in (("account", ACCOUNTS), ("device", DEVICES[:2])):
            for token in tokens:
                counters = ledger.usage(name, token, self.clock_us)
                told = (sum(one.confirmed for one in counters), sum(one.held for one in counters))
                assert told == self.oracle.used(name, token), (name, token)

    def in_state(self, state: str) -> st.SearchStrategy[str]:
        """Return the orders in a state, or any where there is none."""
        found = [key for key, kept in self.oracle.last.items() if kept.state == state]
        return st.sampled_from(sorted(found)) if found else orders

    def let_go(self, asked: Demand, expected: tuple[Outcome, int]) -> None:
        """Note that a decision that was refused leaves nothing to confirm."""
        kept = self.oracle.last.get(asked.reservation_id)
        if expected[0] is Outcome.DENY and kept is not None and kept.state == "TAKEN_OVER":
            kept.can_confirm = False
            kept.state = "EXPIRED"
            kept.orders = 0

    def same(self, grant: Grant, expected: tuple[Outcome, int]) -> None:
        """Compare a grant; no limit is exceeded by it."""
        if expected[1] >= 0:
            assert units(grant) == expected
        for use in grant.uses:
            assert use.granted == 0 or use.used + use.granted <= use.cap

    def touch(self) -> None:
        """Let the ledger write something now, so that it knows the time."""
        answer = self.run(Pay(demand=demand(f"t{self.clock_us}", line("clock"), account="clock")))
        assert isinstance(answer, LedgerAnswer)

    def teardown(self) -> None:
        """Hold nothing after a quiet while that is longer than every hold."""
        try:
            if hasattr(self, "house"):
                self.nothing_is_held()
        finally:
            if hasattr(self, "house"):
                self.house.close()
            self.scratch.cleanup()

    def nothing_is_held(self) -> None:
        """Let every hold have its time, then look."""
        late_us = max(self.clock_us, self.oracle.now_us) + 3600 * SECOND_US
        while self.house.ledger.expire(late_us):
            pass
        for name, tokens in (("account", ACCOUNTS), ("identity_cluster", ACCOUNTS)):
            for token in tokens:
                held = [one.held for one in self.house.ledger.usage(name, token, late_us)]
                assert sum(held) == 0
        assert self.house.ledger.reconcile(repair=False, now_us=late_us) == []


EXAMPLES, STEPS = 50, 30
EFFORT = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
# The first failure is enough: nobody needs the smallest history that shows it.
UNTIL_IT_FAILS = settings(EFFORT, phases=[Phase.generate], report_multiple_bugs=False)


def machine(kind: str) -> type[LedgerMachine]:
    """Return the machine over one kind of ledger."""
    return type(f"{kind}Machine", (LedgerMachine,), {"kind": kind})


@pytest.mark.parametrize("kind", sorted(HOUSES))
def test_ledger_does_as_the_oracle_says(kind: str) -> None:
    """Never over a limit, counters = ledger, one end, same answers, nothing held for ever."""
    few = settings(EFFORT, max_examples=EXAMPLES if kind == "sqlite" else EXAMPLES // 6)
    run_state_machine_as_test(machine(kind), settings=few)


class UnlockedLedger(SqliteLedger):
    """Writes holds that were granted from what is not there any more."""

    def _require(self, ticket: int) -> None:
        assert ticket


class UnlockedMachine(LedgerMachine):
    """The machine over the broken ledger."""

    def open(self) -> LedgerHouse:
        """Return the broken ledger."""
        book = parse_limits(POLICIES, "oracle.toml")
        return SqliteHouse(Path(self.scratch.name), book, UnlockedLedger)


def test_machine_notices_a_missing_lock() -> None:
    """Without the check that nothing was written in between, the last units are sold twice."""
    with pytest.raises((AssertionError, ValueError, ExceptionGroup)):
        run_state_machine_as_test(UnlockedMachine, settings=UNTIL_IT_FAILS)


def test_oracle_and_policies_have_one_cap() -> None:
    """The oracle's cap is the policy's."""
    assert f"cap = {UNITS_CAP}" in POLICIES
    assert ReservationState.CONFIRMED.name == CONFIRMED
