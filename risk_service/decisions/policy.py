"""From everything that was found to one outcome: the worst wins.

Holds the combination of lists, rules and scores; what purchase limits add is in
``limiting``. Knows no model: thresholds come with the bundle, as raw scores from which an
action is asked for.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from operator import ge

from risk_service.decisions.policy_file import (
    ABUSES,
    ACTIONS,
    PolicyFile,
    complete,
    fail_rules,
    outcome_table,
    read_policy,
    shift_table,
)
from risk_service.decisions.verdict import ALLOW, Evidence, Ladders, Thresholds, Verdict
from risk_service.domain.decision import Cause, QuantityLimit, Step
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import (
    Abuse,
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    PromotionType,
)

SECOND_US = 1_000_000
DENY_LIST, ALLOW_LIST = "deny", "allow"
# Combinations of promotion types that come in one order are few.
KEPT_THRESHOLDS = 4096
NOT_OFFERED = -1
_BY_ITSELF = {kind: frozenset((kind,)) for kind in PromotionType}


class Policy:
    """The policy in force.

    Attributes
    ----------
    version
        Name and digest of the file, so that no two policies share a version.
    challenge_ttl_us
        How long a challenge stays open.
    holds
        How long what an order takes of limits is held.
    fail
        What checkout does without an answer.
    """

    def __init__(self, text: str) -> None:
        content = read_policy(text)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.version = f"{content.name}+{digest}"
        self.challenge_ttl_us = content.challenge.ttl_s * SECOND_US
        self.holds = content.hold
        self.fail = fail_rules(content)
        self._fail_of = dict.fromkeys(PromotionType, self.fail.other) | dict(self.fail.rules)
        self._kinds: dict[str, ChallengeKind] = {
            abuse.value: ChallengeKind[content.challenge.kind[abuse]]
            for abuse in complete(content.challenge.kind, ABUSES)
        }
        self._rule_kind = ChallengeKind[content.challenge.rule]
        self._limit_kind = ChallengeKind[content.challenge.limit]
        self._outcomes = outcome_table(content)
        self._shifts = shift_table(content)
        self._read_ends(content)
        self.thresholds = lru_cache(KEPT_THRESHOLDS)(self._thresholds)

    def _read_ends(self, content: PolicyFile) -> None:
        units_default = content.units.get("default", 1)
        self._units = {kind: content.units.get(kind.name, units_default) for kind in PromotionType}
        self._satisfied = frozenset(Outcome[name] for name in content.completion.passed_satisfies)
        self._failed = Outcome[content.completion.failed_outcome]
        self._worst = {Mode[name]: Outcome[worst] for name, worst in content.worst.items()}
        self._review_from_minor = content.static.review_from_minor

    def judge(self, order: Order, evidence: Evidence) -> Verdict:
        """Combine what lists, rules and scores say of one order.

        An allow list suppresses scores and every rule that asks for less than DENY; it
        lifts no deny list, no rule that denies and no purchase limit.
        """
        scored = _reached(evidence)
        if not (scored or evidence.rule_hits or evidence.list_hits or evidence.completed):
            return self._by_amount(order) if evidence.mode is Mode.STATIC else ALLOW
        allow = _allow_list(evidence.list_hits)
        limits = self._limits(order)
        causes = _of_lists(evidence.list_hits)
        causes += self._softened(_of_rules(evidence.rule_hits, allow), bool(limits), evidence)
        for abuse, outcomes in scored:
            worst = self._worst.get(evidence.mode, Outcome.DENY)
            asked = [
                Cause(step=Step.SCORE, ref=abuse, outcome=min(one, worst), suppressed_by=allow)
                for one in outcomes
            ]
            kept = self._softened(asked, bool(limits), evidence)
            causes += sorted(kept, key=_severity)[:1]
        if evidence.completed is ChallengeResult.FAILED:
            causes.append(Cause(step=Step.CHALLENGE, ref="failed", outcome=self._failed))
        if evidence.mode is Mode.STATIC:
            causes += self._by_amount(order).causes
        return self.verdict(causes, limits)

    def verdict(self, causes: Iterable[Cause], limits: tuple[QuantityLimit, ...]) -> Verdict:
        """Return the verdict to which causes lead: the worst that nothing suppressed."""
        ordered = tuple(sorted(causes, key=_severity))
        outcome = max([c.outcome for c in ordered if not c.suppressed_by], default=Outcome.ALLOW)
        verdict = Verdict(
            outcome=outcome,
            causes=ordered,
            quantity_limits=limits if outcome is Outcome.LIMIT_QUANTITY else (),
        )
        if outcome is not Outcome.CHALLENGE:
            return verdict
        kind = max(self._kind(cause) for cause in verdict.decisive)
        return Verdict(outcome=outcome, causes=ordered, challenge_kind=kind)

    def fail_outcome(self, promotions: Iterable[PromotionType], *, of_goods: bool) -> Outcome:
        """Return what a limited order is answered when limits cannot be counted.

        Parameters
        ----------
        of_goods
            Whether a limit counts its units: then it is reviewed where it is not denied.
        """
        if any(self._fail_of[promotion] == "closed" for promotion in promotions):
            return Outcome.DENY
        return Outcome.REVIEW if of_goods else Outcome.ALLOW

    def _softened(self, causes: list[Cause], limitable: bool, evidence: Evidence) -> list[Cause]:
        """Leave out what there is nothing to limit for, and what a passed challenge settled."""
        passed = evidence.completed is ChallengeResult.PASSED
        return [
            cause
            for cause in causes
            if cause.outcome is not Outcome.ALLOW
            and (limitable or cause.outcome is not Outcome.LIMIT_QUANTITY)
            and not (passed and cause.outcome in self._satisfied)
        ]

    def _kind(self, cause: Cause) -> ChallengeKind:
        if cause.step is Step.SCORE:
            return self._kinds[cause.ref]
        return self._limit_kind if cause.step is Step.LIMIT else self._rule_kind

    def _by_amount(self, order: Order) -> Verdict:
        if order.payable_minor < self._review_from_minor:
            return ALLOW
        cause = Cause(step=Step.AMOUNT, ref="payable_minor", outcome=Outcome.REVIEW)
        return Verdict(outcome=Outcome.REVIEW, causes=(cause,))

    def _thresholds(self, ladders: Ladders, promotions: frozenset[PromotionType]) -> Thresholds:
        """Return the thresholds for orders of these promotion types, the strictest of each."""
        rungs: list[tuple[tuple[float, Outcome], ...]] = []
        scores: list[int] = []
        for abuse, steps in zip(ABUSES, ladders.steps, strict=True):
            lowest: dict[Outcome, float] = {}
            marks = dict.fromkeys(ACTIONS, NOT_OFFERED)
            fall = max(self._shifts.get((abuse, promotion), 0.0) for promotion in promotions)
            for raw, action in steps:
                marks[action] = ladders.score_at(abuse, raw - fall)
                for promotion in promotions:
                    outcome = self._outcomes[abuse, promotion, action]
                    from_raw = raw - self._shifts.get((abuse, promotion), 0.0)
                    lowest[outcome] = min(lowest.get(outcome, from_raw), from_raw)
            rungs.append(tuple(sorted((raw, outcome) for outcome, raw in lowest.items())))
            scores += marks.values()
        return Thresholds(
            rungs=tuple(rungs),
            lowest=tuple([steps[0][0] if steps else math.inf for steps in rungs]),
            scores=tuple(scores),
        )

    def _limits(self, order: Order) -> tuple[QuantityLimit, ...]:
        asked: dict[str, int] = {}
        allowed: dict[str, int] = {}
        for line in order.lines:
            units = self._units[line.promotion_type]
            asked[line.sku] = asked.get(line.sku, 0) + line.quantity
            allowed[line.sku] = min(allowed.get(line.sku, units), units)
        return tuple(
            QuantityLimit(sku=sku, requested=count, allowed=allowed[sku])
            for sku, count in asked.items()
            if count > allowed[sku]
        )


def promotions_of(order: Order) -> frozenset[PromotionType]:
    """Return the promotion types of an order's lines and discounts."""
    if len(order.lines) == 1 and not order.discounts:
        return _BY_ITSELF[order.lines[0].promotion_type]
    promotions = [line.promotion_type for line in order.lines]
    promotions += [discount.promotion_type for discount in order.discounts]
    return frozenset(promotions)


def load_policy() -> Policy:
    """Return the policy that ships with the service."""
    return Policy(files(__package__).joinpath("policy.toml").read_text("utf-8"))


def _severity(cause: Cause) -> tuple[bool, int]:
    return bool(cause.suppressed_by), -cause.outcome


def _reached(evidence: Evidence) -> list[tuple[Abuse, list[Outcome]]]:
    """Return per abuse the outcomes that its score reaches, mild to harsh."""
    if True not in map(ge, evidence.raws, evidence.thresholds.lowest):  # most orders
        return []
    rows = zip(ABUSES, evidence.raws, evidence.thresholds.rungs, strict=True)
    asked = [
        (abuse, [outcome for from_raw, outcome in rungs if raw >= from_raw])
        for abuse, raw, rungs in rows
    ]
    return [one for one in asked if one[1]]


def _allow_list(hits: Sequence[ListHit]) -> str:
    return next((hit.list_id for hit in hits if hit.kind == ALLOW_LIST), "")


def _of_lists(hits: Sequence[ListHit]) -> list[Cause]:
    return [
        Cause(step=Step.LIST, ref=list_id, outcome=Outcome.DENY)
        for list_id in dict.fromkeys(hit.list_id for hit in hits if hit.kind == DENY_LIST)
    ]


def _of_rules(hits: Sequence[RuleHit], allow: str) -> list[Cause]:
    return [
        Cause(
            step=Step.RULE,
            ref=hit.rule_id,
            outcome=hit.outcome,
            suppressed_by="" if hit.outcome is Outcome.DENY else allow,
        )
        for hit in hits
        if not hit.shadow and not hit.fault
    ]
