"""The use case of a decision: a group of attempts in, an answer for each out.

The group is the unit of work: one look-up of request ids, one feature read, one matrix,
one commit. The order of the steps is that of docs/decision.md: lists, rules, scores, the
worst wins, and what the order takes of purchase limits is held last, in the transaction of
the decisions. Nothing in memory changes for good before the commit has returned, so a group
that fails can be run again, order by order, and only the order at fault fails.

Single-threaded: the caller runs one group at a time.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from risk_service import __version__
from risk_service.decisions.attempt import Attempt
from risk_service.decisions.cases import Answer, Case, Cases
from risk_service.decisions.findings import Findings, Found, InForce
from risk_service.decisions.limiting import Ask, Held, Limited, Limiting
from risk_service.decisions.live import Live, LiveAttempt, LiveGroup
from risk_service.decisions.policy import Policy
from risk_service.decisions.records import Draft, Judged, Records
from risk_service.decisions.scoring import ScoredGroup, Scoring
from risk_service.decisions.verdict import NO_THRESHOLDS, Evidence
from risk_service.domain.decision import DecisionRecord, Versions
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.grant import Demand
from risk_service.domain.order import RawOrder
from risk_service.domain.vocabulary import ChallengeResult, Mode
from risk_service.limits.demand import demand_of_order
from risk_service.ports import Clock, DecisionStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Decides groups of orders and makes the decisions durable.

    Parameters
    ----------
    cases
        Forms what must be decided.
    live
        Reads the windows of a group and lets its attempts count.
    in_force
        Lists, rules and limits.
    limiting
        Holds what orders take of purchase limits.
    """

    cases: Cases
    live: Live
    scoring: Scoring
    in_force: InForce
    policy: Policy
    limiting: Limiting
    records: Records
    store: DecisionStore
    clock: Clock

    def decide(self, attempts: Sequence[Attempt]) -> list[Answer]:
        """Return one answer per attempt: a durable decision, or the error to report.

        A store that is down is the group's fault; any other error hits the order that
        triggers it and no other.
        """
        try:
            return self._decide_group(attempts)
        except StoreUnavailable as error:
            return [error] * len(attempts)
        except Exception as error:  # noqa: BLE001 - one order's fault must not fail its neighbours
            if len(attempts) == 1:
                return [error]
        log.warning("group_run_again", extra={"orders": len(attempts)})
        return [self.decide([attempt])[0] for attempt in attempts]

    def _decide_group(self, attempts: Sequence[Attempt]) -> list[Answer]:
        now_us = self._now_us(attempts)
        answers, first_of = self.cases.known(attempts)
        fresh = [i for i in range(len(attempts)) if i not in answers and i not in first_of]
        cases = self.cases.form(fresh, attempts, answers, now_us)
        if cases:
            records = self._decided(list(cases.values()), now_us)
            self.cases.decision_ids.durable([record.decision.request_id for record in records])
            for index, record in zip(cases, records, strict=True):
                answers[index] = record.decision
        return [answers[first_of.get(index, index)] for index in range(len(attempts))]

    def _now_us(self, attempts: Sequence[Attempt]) -> int:
        for attempt in attempts:
            if isinstance(attempt.subject, RawOrder):
                self.clock.order_seen(attempt.subject.ordered_at_us)
        return self.clock.now_us()

    def _decided(self, cases: Sequence[Case], now_us: int) -> list[DecisionRecord]:
        """Return the durable records of a group."""
        live = self.live.observe([_live_attempt(case) for case in cases], now_us)
        findings = self.in_force.now()
        demands = self._demands(cases, live, findings, now_us)
        self.limiting.expect(list(demands.values()), now_us)
        group = self.scoring.score([case.order for case in cases], now_us, live.values)
        found = findings.of_group(cases, group, live.clusters)
        drafts = self._drafts(cases, found, group, findings)
        limited, held = self._limited(drafts, demands, findings, now_us)
        try:
            records = self._written(drafts, limited, live, group, findings)
            self.store.commit(records, held.reserved)
        except BaseException:
            if held.reserved is not None:
                held.reserved.dropped()
            raise
        return records

    def _drafts(
        self, cases: Sequence[Case], found: Sequence[Found], group: ScoredGroup, findings: Findings
    ) -> list[Draft]:
        """Return each case with its verdict, limits apart."""
        policy, ladders, mode = self.policy, group.ladders, group.mode
        if ladders is None and not findings.has_rules:
            mode = Mode.STATIC
        drafts = []
        for case, one, raws in zip(cases, found, group.raw, strict=True):
            thresholds = policy.thresholds(ladders, case.promotions) if ladders else NO_THRESHOLDS
            evidence = Evidence(raws, thresholds, mode, case.result, one.list_hits, one.rule_hits)
            drafts.append(Draft(case, one, thresholds, mode, policy.judge(case.order, evidence)))
        return drafts

    def _demands(
        self, cases: Sequence[Case], live: LiveGroup, findings: Findings, now_us: int
    ) -> dict[int, Demand]:
        """Return what is asked of limits for the orders that they concern, by place."""
        return {
            place: demand_of_order(
                case.order,
                case.attempt.fingerprint,
                now_us=now_us,
                passed=case.result is ChallengeResult.PASSED,
                cluster=self._cluster(case, live, place, findings),
            )
            for place, case in enumerate(cases)
            if findings.asks_limits(case)
        }

    def _limited(
        self,
        drafts: Sequence[Draft],
        demands: Mapping[int, Demand],
        findings: Findings,
        now_us: int,
    ) -> tuple[list[Limited], Held]:
        """Return each verdict with what limits say, and what is held of them."""
        asks = []
        for place, demand in demands.items():
            case, verdict = drafts[place].case, drafts[place].verdict
            asks.append(Ask(case.order, demand, verdict, case.result))
        held = self.limiting.hold(asks, findings.limits, now_us)
        limited = [Limited(verdict=draft.verdict) for draft in drafts]
        for place, answer in zip(demands, held.answers, strict=True):
            limited[place] = answer
        return limited, held

    def _cluster(
        self, case: Case, live: LiveGroup, place: int, findings: Findings
    ) -> tuple[str, ...]:
        """Return the accounts of the order's identity cluster, where a limit counts on them."""
        if not findings.reads_cluster(case):
            return ()
        return self.live.accounts(live, place, live.stamps[place].stamp_us)

    def _written(
        self,
        drafts: Sequence[Draft],
        limited: Sequence[Limited],
        live: LiveGroup,
        group: ScoredGroup,
        findings: Findings,
    ) -> list[DecisionRecord]:
        versions = Versions(
            bundle_sha256=self.scoring.bundle_sha256,
            feature_schema=self.scoring.schema_version,
            policy=self.policy.version,
            reason_texts=self.records.reasons.version,
            service=__version__,
            rules=findings.rules.version,
            lists=findings.lists.version,
            limits=findings.limits.version,
        )
        inputs = self.records.packer.pack(group.matrix)
        rows = zip(drafts, limited, live.stamps, inputs, strict=True)
        return [
            self.records.of(Judged(*judged), group, index, versions)
            for index, judged in enumerate(rows)
        ]


def _live_attempt(case: Case) -> LiveAttempt:
    """Return the attempt as windows see it: the end of a challenge is no further one."""
    return LiveAttempt(
        order=case.order, decision_id=case.decision_id, counts=case.completion is None
    )
