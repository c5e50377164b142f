"""The use case of a decision: a group of attempts in, an answer for each out.

The group is the unit of work: one look-up of request ids, one feature read, one matrix,
one commit. Nothing in memory changes before the commit has returned, so a group that
fails can be run again, order by order, and only the order at fault fails.

Single-threaded: the caller runs one group at a time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from risk_service import __version__
from risk_service.decisions.attempt import Attempt, ChallengeReport
from risk_service.decisions.live import DecisionIds, Live, LiveAttempt, Stamped
from risk_service.decisions.policy import ABUSES, Policy, Verdict
from risk_service.decisions.reasons import CHALLENGE_FAILED, Reasons
from risk_service.decisions.scoring import ScoredGroup, Scoring
from risk_service.domain.decision import (
    AbuseScore,
    Challenge,
    ChallengeCompletion,
    Decision,
    DecisionRecord,
    Reason,
    Versions,
)
from risk_service.domain.errors import ChallengeNotOpen, RequestIdReused, StoreUnavailable
from risk_service.domain.order import Order, RawOrder
from risk_service.domain.vocabulary import Outcome, VerificationLevel
from risk_service.ports import Clock, DecisionStore, IdSource

log = logging.getLogger(__name__)

Answer = Decision | Exception
Tokenise = Callable[[RawOrder], Order]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """An attempt that needs a new decision."""

    attempt: Attempt
    order: Order
    number: int
    decision_id: str
    completion: ChallengeCompletion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Decides groups of orders and makes the decisions durable.

    Parameters
    ----------
    tokenise
        Turns a raw order into one without raw identifiers.
    live
        Reads the windows of a group and lets its attempts count.
    decision_ids
        Must be made from the same source as ``ids``.
    """

    tokenise: Tokenise
    live: Live
    scoring: Scoring
    policy: Policy
    reasons: Reasons
    store: DecisionStore
    clock: Clock
    ids: IdSource
    decision_ids: DecisionIds

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
        answers, first_of = self._known(attempts)
        fresh = [i for i in range(len(attempts)) if i not in answers and i not in first_of]
        cases = self._cases(fresh, attempts, answers, now_us)
        if cases:
            records = self._records(list(cases.values()), now_us)
            self.store.commit(records)
            self.decision_ids.durable([record.decision.request_id for record in records])
            for index, record in zip(cases, records, strict=True):
                answers[index] = record.decision
        return [answers[first_of.get(index, index)] for index in range(len(attempts))]

    def _now_us(self, attempts: Sequence[Attempt]) -> int:
        for attempt in attempts:
            if isinstance(attempt.subject, RawOrder):
                self.clock.order_seen(attempt.subject.ordered_at_us)
        return self.clock.now_us()

    def _known(self, attempts: Sequence[Attempt]) -> tuple[dict[int, Answer], dict[int, int]]:
        """Answer repeated request ids; return also which attempt repeats which."""
        stored = self.store.by_request_ids([attempt.request_id for attempt in attempts])
        answers: dict[int, Answer] = {}
        first_of: dict[int, int] = {}
        seen: dict[str, int] = {}
        for index, attempt in enumerate(attempts):
            record = stored.get(attempt.request_id)
            first = seen.setdefault(attempt.request_id, index)
            known = record.fingerprint if record else attempts[first].fingerprint
            if known != attempt.fingerprint:
                answers[index] = RequestIdReused(
                    "the request id was used before with another payload"
                )
            elif record:
                answers[index] = record.decision
            elif first != index:
                first_of[index] = first
        return answers, first_of

    def _cases(
        self,
        fresh: Sequence[int],
        attempts: Sequence[Attempt],
        answers: dict[int, Answer],
        now_us: int,
    ) -> dict[int, _Case]:
        """Return what must be decided, by place; puts refusals into ``answers``."""
        drafts: dict[int, tuple[Order, DecisionRecord | None]] = {}
        for index in fresh:
            try:
                drafts[index] = self._draft(attempts[index], now_us)
            except ChallengeNotOpen as error:
                answers[index] = error
        return self._numbered(attempts, drafts, answers)

    def _draft(self, attempt: Attempt, now_us: int) -> tuple[Order, DecisionRecord | None]:
        """Return the tokenised order, and the decision whose challenge has ended."""
        subject = attempt.subject
        if isinstance(subject, RawOrder):
            return self.tokenise(subject), None
        record = self.store.by_challenge_id(subject.challenge_id)
        challenge = record.decision.challenge if record else None
        if record is None or challenge is None:
            raise ChallengeNotOpen("there is no such challenge")
        if challenge.expires_at_us <= now_us:
            raise ChallengeNotOpen("the challenge has expired")
        if subject.verification_level is VerificationLevel.UNSPECIFIED:
            return record.order, record
        return replace(record.order, verification_level=subject.verification_level), record

    def _numbered(
        self,
        attempts: Sequence[Attempt],
        drafts: dict[int, tuple[Order, DecisionRecord | None]],
        answers: dict[int, Answer],
    ) -> dict[int, _Case]:
        last = self.store.last_numbers([order.order_id for order, _ in drafts.values()])
        cases: dict[int, _Case] = {}
        for index, (order, challenged) in drafts.items():
            number = last.get(order.order_id, 0)
            if challenged is not None and challenged.decision.number != number:
                answers[index] = ChallengeNotOpen(
                    "the challenge was completed, or the order has a newer decision"
                )
                continue
            last[order.order_id] = number + 1
            cases[index] = _Case(
                attempt=attempts[index],
                order=order,
                number=number + 1,
                decision_id=self.decision_ids.of(attempts[index].request_id),
                completion=_completion(attempts[index].subject),
            )
        return cases

    def _records(self, cases: Sequence[_Case], now_us: int) -> list[DecisionRecord]:
        live = self.live.observe([_live_attempt(case) for case in cases], now_us)
        group = self.scoring.score([case.order for case in cases], now_us, live.values)
        versions = Versions(
            bundle_sha256=self.scoring.bundle_sha256,
            feature_schema=self.scoring.schema_version,
            policy=self.policy.version,
            reason_texts=self.reasons.version,
            service=__version__,
        )
        return [
            self._record(case, stamped, group, index, versions)
            for index, (case, stamped) in enumerate(zip(cases, live.stamps, strict=True))
        ]

    def _record(
        self, case: _Case, stamped: Stamped, group: ScoredGroup, index: int, versions: Versions
    ) -> DecisionRecord:
        now_us = group.now_us
        completed = case.completion.result if case.completion else None
        ladders = self.scoring.ladders(group.variant)
        verdict = self.policy.judge(case.order, group.raw[index], ladders, group.mode, completed)
        decision = Decision(
            decision_id=case.decision_id,
            request_id=case.attempt.request_id,
            order_id=case.order.order_id,
            number=case.number,
            outcome=verdict.outcome,
            scores=_scores(group, index),
            reasons=() if verdict.outcome is Outcome.ALLOW else self._why(verdict, group, index),
            versions=versions,
            mode=group.mode,
            decided_at_us=now_us,
            challenge=self._challenge(verdict, now_us),
            quantity_limits=verdict.quantity_limits,
        )
        return DecisionRecord(
            decision=decision,
            fingerprint=case.attempt.fingerprint,
            order=case.order,
            vector=group.matrix[index].tobytes(),
            clock_us=now_us,
            completion=case.completion,
            stamp_us=stamped.stamp_us,
            read_us=stamped.read_us,
            applied_us=stamped.applied_us,
            linked_us=stamped.linked_us,
        )

    def _why(self, verdict: Verdict, group: ScoredGroup, index: int) -> tuple[Reason, ...]:
        if not verdict.causes:
            return (self.reasons.plain(CHALLENGE_FAILED, None),)
        shares = self.scoring.contributions(group, index, verdict.causes)
        return self.reasons.explain(shares, self.scoring.values(group, index))

    def _challenge(self, verdict: Verdict, now_us: int) -> Challenge | None:
        if verdict.challenge_kind is None:
            return None
        return Challenge(
            challenge_id=self.ids.new_id("chl"),
            kind=verdict.challenge_kind,
            expires_at_us=now_us + self.policy.challenge_ttl_us,
        )


def _live_attempt(case: _Case) -> LiveAttempt:
    """Return the attempt as windows see it: the end of a challenge is no further one."""
    return LiveAttempt(
        order=case.order, decision_id=case.decision_id, counts=case.completion is None
    )


def _scores(group: ScoredGroup, index: int) -> tuple[AbuseScore, ...]:
    rows = zip(ABUSES, group.probability[index], group.score[index], strict=True)
    return tuple(
        [
            AbuseScore(abuse=abuse, probability=probability, score=score)
            for abuse, probability, score in rows
        ]
    )


def _completion(subject: RawOrder | ChallengeReport) -> ChallengeCompletion | None:
    if isinstance(subject, RawOrder):
        return None
    return ChallengeCompletion(challenge_id=subject.challenge_id, result=subject.result)
