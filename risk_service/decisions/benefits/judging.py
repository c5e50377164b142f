"""From findings and limits to the answer to one action: the worst wins, limits come last."""

from dataclasses import dataclass

from msgspec.structs import replace

from risk_service.decisions.assessing.combining import Finding, worst
from risk_service.decisions.benefits.limits import Asked, BenefitLimits
from risk_service.decisions.benefits.policy import (
    FAILED,
    LACKING,
    LIMIT,
    LIMIT_CODES,
    NO_LIMITS,
    NOT_TAKEN,
    VERIFY,
    BenefitPolicy,
)
from risk_service.decisions.cause_reasons import DIMENSION_MISSING, VERIFICATION_REQUIRED
from risk_service.domain.decision import Cause, Reason, Step
from risk_service.domain.evidence import Evidence
from risk_service.domain.grant import Grant, LimitUse
from risk_service.domain.names import subject_names, use_facts
from risk_service.domain.text import LocalizedText, filled
from risk_service.domain.vocabulary import (
    ChallengeKind,
    ChallengeResult,
    Outcome,
    VerificationLevel,
)

REASONS_MAX = 8
USED = LocalizedText(
    zh="（{subject}已用 {used}，上限 {cap}）", en=" ({subject} has used {used} of {cap})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an action comes to."""

    outcome: Outcome
    causes: tuple[Cause, ...]
    reasons: tuple[Reason, ...]
    required: tuple[Evidence, ...]
    challenge_kind: ChallengeKind | None
    uses: tuple[LimitUse, ...]
    blocking: str
    required_level: VerificationLevel
    limits_version: str
    limits_counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Combines what was found with limits."""

    policy: BenefitPolicy
    limits: BenefitLimits

    def judge(
        self,
        findings: list[Finding],
        asked: Asked,
        completed: ChallengeResult | None,
        now_us: int,
    ) -> Judged:
        """Return the answer; takes of the limits only when nothing else speaks against it.

        A passed challenge answers what asked for CHALLENGE and nothing else; a failed one
        hands the action to a person. A limit that still asks for a challenge after one was
        passed goes to a person, unless a level is missing: that stays open.
        """
        if completed is ChallengeResult.PASSED:
            findings = [one for one in findings if one.cause.outcome is not Outcome.CHALLENGE]
        if completed is ChallengeResult.FAILED:
            failed = self.policy.finding(FAILED, Step.CHALLENGE, Outcome.REVIEW)
            findings = [*findings, failed]
        outcome, _, _ = worst(findings)
        taking = outcome is Outcome.ALLOW
        grant = self.limits.take(asked, now_us) if taking else self.limits.look(asked, now_us)
        findings = findings + self._of_limits(grant, completed)
        return self._judged(findings, asked, grant)

    def _of_limits(self, grant: Grant | None, completed: ChallengeResult | None) -> list[Finding]:
        if grant is None:
            return [self.policy.finding(NO_LIMITS, Step.FAIL_POLICY, Outcome.REVIEW)]
        if grant.outcome is Outcome.ALLOW:
            return []
        # Where another limit refuses, a level is of no use.
        asks = grant.outcome is Outcome.CHALLENGE
        if asks and grant.required_level is not VerificationLevel.UNSPECIFIED:
            level = grant.required_level.name
            return [self.policy.finding(VERIFY, Step.LIMIT, grant.outcome, limit=level)]
        outcome = grant.outcome
        if outcome is Outcome.CHALLENGE and completed is not None:
            outcome = Outcome.REVIEW
        # An action is one unit: there is no part of it to grant.
        outcome = Outcome.DENY if outcome is Outcome.LIMIT_QUANTITY else outcome
        blocking: dict[str, LimitUse] = {}
        for use in grant.uses:
            if use.blocking and not use.shadow:
                blocking.setdefault(use.policy_id, use)
        found = [self._reached(outcome, name, use) for name, use in blocking.items()]
        if DIMENSION_MISSING in grant.codes:
            what = subject_names(grant.missing)
            found.insert(0, self.policy.finding(LACKING, Step.LIMIT, outcome, what=what))
        codes = [code for code in grant.codes if code != VERIFICATION_REQUIRED]
        return found or [self._reached(outcome, code) for code in codes or ("",)]

    def _reached(self, outcome: Outcome, ref: str, use: LimitUse | None = None) -> Finding:
        """Return what one limit speaks for, by its policy and whom it counts."""
        code = LIMIT_CODES.get(outcome, LIMIT if use else NOT_TAKEN)
        told = filled(USED, use_facts(use, "")) if use else ""
        found = self.policy.finding(code, Step.LIMIT, outcome, limit=ref, use=told)
        return replace(found, cause=replace(found.cause, ref=ref or code))

    def _judged(self, findings: list[Finding], asked: Asked, grant: Grant | None) -> Judged:
        outcome, causes, reasons = worst(findings)
        uses = grant.uses if grant else ()
        level = grant.required_level if grant else VerificationLevel.UNSPECIFIED
        challenged = outcome is Outcome.CHALLENGE
        required = self._required(asked, outcome, level)
        if outcome is Outcome.REVIEW and not required:
            # There is nothing left that the customer could do: no text may ask for it.
            reviewing = [one for one in findings if one.cause.outcome is Outcome.REVIEW]
            reasons = worst(reviewing)[2]
        real_name = Evidence.REAL_NAME in required
        kind = ChallengeKind.REAL_NAME if real_name else ChallengeKind.CAPTCHA
        blocking = [use.subject for use in uses if use.blocking and not use.shadow]
        return Judged(
            outcome=outcome,
            causes=causes,
            reasons=reasons[:REASONS_MAX],
            required=required,
            challenge_kind=kind if challenged else None,
            uses=uses,
            blocking=blocking[0] if blocking else "",
            required_level=level if challenged else VerificationLevel.UNSPECIFIED,
            limits_version=grant.versions if grant else "",
            limits_counted=grant is not None,
        )

    def _required(
        self, asked: Asked, outcome: Outcome, level: VerificationLevel
    ) -> tuple[Evidence, ...]:
        """Return what must be handed in before the action can pass."""
        if outcome not in (Outcome.REVIEW, Outcome.CHALLENGE):
            return ()
        pieces = list(asked.wanted)
        if level is not VerificationLevel.UNSPECIFIED:
            pieces.append(Evidence.REAL_NAME)
        if asked.benefit.subsidy is None and outcome is Outcome.CHALLENGE:
            pieces += self.policy.challenge_asks(asked.benefit.benefit_type)
        if asked.benefit.subsidy is not None:
            pieces += self.policy.subsidy_asks
        return tuple(dict.fromkeys(one for one in pieces if not self._has(asked, one, level)))

    def _has(self, asked: Asked, piece: Evidence, level: VerificationLevel) -> bool:
        subsidy = asked.benefit.subsidy
        if piece is Evidence.REAL_NAME:
            needed = max(level, VerificationLevel.L2)
            return asked.level >= needed
        if subsidy is None:
            return False
        return {
            Evidence.TRANSACTION_PROOF: subsidy.transaction_proof_attached,
            Evidence.SHIPPING_DOCUMENTS: subsidy.shipping_documents_attached,
        }.get(piece, False)
