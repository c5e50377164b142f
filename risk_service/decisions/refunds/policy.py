"""What the service does about claims: reads ``refunds.toml`` and judges by it."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated, Literal

from msgspec.structs import replace
from pydantic import Field

from risk_service.decisions.assessing.combining import Finding, worst
from risk_service.decisions.assessing.texts import Strict, TextEntry, finding, read_content
from risk_service.domain.currency import amount_text
from risk_service.domain.decision import Step
from risk_service.domain.errors import ConfigFault
from risk_service.domain.evidence import Evidence
from risk_service.domain.order import Order
from risk_service.domain.refund import Recalculation, RefundClaim
from risk_service.domain.vocabulary import EventReason, Outcome, VerificationLevel

FILE = "refunds.toml"
BELOW, UNKNOWN, ABOVE, SEEN = (
    "REFUND_BELOW_THRESHOLD",
    "REFUND_THRESHOLD_UNKNOWN",
    "REFUND_ABOVE_PAID",
    "REFUND_EVIDENCE_SEEN",
)
OutcomeName = Literal["ALLOW", "CHALLENGE", "REVIEW", "DENY"]
# The thresholds are those of orders, so a score asks for evidence or a person: it never denies.
ScoreOutcomeName = Literal["ALLOW", "CHALLENGE", "REVIEW"]
EvidenceName = Literal["PHOTOS", "WEIGHT", "RETURN_FIRST", "REAL_NAME"]


class _Money(Strict):
    below_threshold: OutcomeName
    threshold_unknown: OutcomeName
    above_paid: OutcomeName
    tolerance_minor: Annotated[int, Field(ge=0)]


class _Score(Strict):
    decides: Literal["order", "now"]
    actions: dict[Literal["limit_quantity", "challenge", "review", "deny"], ScoreOutcomeName]


class _RefundsFile(Strict):
    name: str
    score: _Score
    money: _Money
    evidence: dict[str, tuple[EvidenceName, ...]]
    text: dict[str, TextEntry]


class RefundPolicy:
    """The policy of claims in force.

    Attributes
    ----------
    version
        Name and digest of the file.
    order_decides
        Whether the score of the order when it was placed decides, or that of now.
    score_outcomes
        Outcome for each action that the refund model's thresholds ask for.
    """

    def __init__(self, text: str) -> None:
        content, self.version = read_content(text, FILE, _RefundsFile)
        missing = {BELOW, UNKNOWN, ABOVE, SEEN} - content.text.keys()
        reasons = {reason.name for reason in EventReason}
        wrong = missing | (reasons ^ content.evidence.keys())
        if wrong:
            raise ConfigFault(f"{FILE}: text or evidence of {min(wrong)} is missing or unknown")
        self._texts = content.text
        self._money = content.money
        self.order_decides = content.score.decides == "order"
        self.score_outcomes: dict[str, Outcome] = {
            name: Outcome[one] for name, one in content.score.actions.items()
        }
        self._evidence = {
            EventReason[name]: tuple(Evidence[one] for one in pieces)
            for name, pieces in content.evidence.items()
        }

    def findings(
        self, claim: RefundClaim, recalculation: Recalculation, currency_code: str
    ) -> list[Finding]:
        """Return what the money speaks for; amounts are told in the currency of the order."""
        money, most = self._money, recalculation.recalculated_minor
        if recalculation.below_threshold is None or most is None:
            return [self._finding(UNKNOWN, Outcome[money.threshold_unknown])]
        told = {
            "asked": amount_text(claim.amount_minor, currency_code),
            "most": amount_text(most, currency_code),
        }
        if recalculation.below_threshold:
            return [self._finding(BELOW, Outcome[money.below_threshold], **told)]
        if recalculation.excess_minor > money.tolerance_minor:
            return [self._finding(ABOVE, Outcome[money.above_paid], **told)]
        return []

    def evidence_seen(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return findings of a claim that lacks nothing: a person looks, no text asks for more."""
        seen = self._finding(SEEN, Outcome.REVIEW)
        text = seen.reason.customer_text
        told = [
            replace(one, reason=replace(one.reason, customer_text=text))
            if one.cause.outcome is Outcome.CHALLENGE
            else one
            for one in findings
        ]
        asks = worst(findings)[0] is Outcome.CHALLENGE
        return [*told, seen] if asks else told

    def lacking(
        self, order: Order, claim: RefundClaim, wanted: Sequence[Evidence] = ()
    ) -> tuple[Evidence, ...]:
        """Return what this claim needs and has not handed in; ``wanted`` is what rules ask for."""
        handed_in = {
            Evidence.PHOTOS: claim.photos_attached,
            Evidence.WEIGHT: claim.weight_ratio is not None,
            Evidence.RETURN_FIRST: claim.goods_returned,
            Evidence.REAL_NAME: order.verification_level >= VerificationLevel.L2,
        }
        needed = dict.fromkeys((*self._evidence[claim.reason], *wanted))
        return tuple(one for one in needed if not handed_in.get(one, False))

    def _finding(self, code: str, outcome: Outcome, **values: object) -> Finding:
        return finding(self._texts, code, Step.AMOUNT, outcome, **values)


def load_refund_policy() -> RefundPolicy:
    """Return the policy that ships with the service."""
    return RefundPolicy(files(__package__).joinpath(FILE).read_text("utf-8"))
