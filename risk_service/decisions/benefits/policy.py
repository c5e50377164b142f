"""What the service does about promotion actions: reads ``benefits.toml`` and judges by it."""

from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from risk_service.decisions.assessing.combining import Finding
from risk_service.decisions.assessing.texts import Strict, TextEntry, finding, read_content
from risk_service.decisions.benefits.subsidies import LONGEST_DAYS, Claimed
from risk_service.domain.benefit import BenefitType, SubsidyClaim, SubsidyKind
from risk_service.domain.currency import amount_text
from risk_service.domain.decision import Step
from risk_service.domain.errors import ConfigFault
from risk_service.domain.evidence import Evidence
from risk_service.domain.vocabulary import Outcome

FILE = "benefits.toml"
SINGLE, SUM, JUST_BELOW, ADVERTISING, CURRENCY = (
    "SUBSIDY_SINGLE",
    "SUBSIDY_SUM",
    "SUBSIDY_JUST_BELOW",
    "SUBSIDY_ADVERTISING",
    "SUBSIDY_CURRENCY",
)
LIMIT, TO_VERIFY, TO_CHECK, VERIFY, LACKING, NOT_TAKEN, NO_LIMITS, FAILED = (
    "ACTION_LIMIT_REACHED",
    "ACTION_LIMIT_TO_VERIFY",
    "ACTION_LIMIT_TO_CHECK",
    "ACTION_VERIFICATION_REQUIRED",
    "ACTION_DATA_MISSING",
    "ACTION_NOT_TAKEN",
    "LIMITS_UNAVAILABLE",
    "CHALLENGE_FAILED",
)
LIMIT_CODES = {Outcome.CHALLENGE: TO_VERIFY, Outcome.REVIEW: TO_CHECK}
CODES = frozenset(
    {
        *(SINGLE, SUM, JUST_BELOW, ADVERTISING, CURRENCY),
        *(LIMIT, TO_VERIFY, TO_CHECK, VERIFY, LACKING, NOT_TAKEN, NO_LIMITS, FAILED),
    }
)
OutcomeName = Literal["CHALLENGE", "REVIEW", "DENY"]
Minor = Annotated[int, Field(ge=1)]


class _Subsidy(Strict):
    currency_code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    single_minor: Minor
    sum_minor: Minor
    sum_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
    just_below_share: Annotated[float, Field(gt=0, lt=1)]
    just_below_count: Annotated[int, Field(ge=2)]
    advertising_minor: Minor
    outcome: OutcomeName
    other_currency: OutcomeName
    required: tuple[Literal["TRANSACTION_PROOF", "SHIPPING_DOCUMENTS"], ...]


class _BenefitsFile(Strict):
    name: str
    subsidy: _Subsidy
    evidence: dict[str, tuple[Literal["REAL_NAME"], ...]]
    text: dict[str, TextEntry]


class BenefitPolicy:
    """The policy of promotion actions in force.

    Attributes
    ----------
    version
        Name and digest of the file.
    sum_days
        Length of the window in which a seller's claims are added up.
    just_below
        Amounts that count as just below the line.
    subsidy_asks
        Documents that a claim which is looked at needs.
    """

    def __init__(self, text: str) -> None:
        content, self.version = read_content(text, FILE, _BenefitsFile)
        unknown = content.evidence.keys() - {kind.name for kind in BenefitType}
        wrong = (CODES - content.text.keys()) | unknown
        if wrong:
            raise ConfigFault(
                f"{FILE}: text of {min(wrong)} is missing, or it is not an action type"
            )
        self._texts = content.text
        self._subsidy = content.subsidy
        single = content.subsidy.single_minor
        below = round(single * (1 - content.subsidy.just_below_share))
        self.just_below = range(below, single + 1)
        self.sum_days = content.subsidy.sum_days
        self.subsidy_asks = tuple(Evidence[one] for one in content.subsidy.required)
        self._evidence = {
            BenefitType[name]: tuple(Evidence[one] for one in pieces)
            for name, pieces in content.evidence.items()
        }

    def subsidy_findings(self, claim: SubsidyClaim, sums: Claimed) -> list[Finding]:
        """Return what the money of a subsidy claim speaks for."""
        terms, asked = self._subsidy, claim.amount_minor
        outcome = Outcome[terms.outcome]
        if claim.currency_code != terms.currency_code:
            words = {"asked": claim.currency_code, "limit": terms.currency_code}
            return [self.finding(CURRENCY, Step.AMOUNT, Outcome[terms.other_currency], **words)]
        found: list[Finding] = []
        advertising = claim.kind is SubsidyKind.ADVERTISING
        if advertising and asked > terms.advertising_minor:
            told = self._amounts(asked=asked, limit=terms.advertising_minor)
            found.append(self.finding(ADVERTISING, Step.AMOUNT, outcome, **told))
        if not advertising:
            found += self._sales(asked, sums, outcome)
        return found

    def _sales(self, asked: int, sums: Claimed, outcome: Outcome) -> list[Finding]:
        terms = self._subsidy
        found = []
        if asked > terms.single_minor:
            told = self._amounts(asked=asked, limit=terms.single_minor)
            found.append(self.finding(SINGLE, Step.AMOUNT, outcome, **told))
        elif sums.in_policy_days > terms.sum_minor:
            told = self._amounts(asked=sums.in_policy_days, limit=terms.sum_minor)
            found.append(self.finding(SUM, Step.AMOUNT, outcome, days=terms.sum_days, **told))
        if asked in self.just_below and sums.just_below_30d >= terms.just_below_count:
            told = self._amounts(limit=terms.single_minor)
            count = sums.just_below_30d
            found.append(self.finding(JUST_BELOW, Step.AMOUNT, outcome, count=count, **told))
        return found

    def _amounts(self, **minor: int) -> dict[str, str]:
        """Return amounts as texts tell them, in the currency in which the lines are drawn."""
        code = self._subsidy.currency_code
        return {name: amount_text(one, code) for name, one in minor.items()}

    def challenge_asks(self, benefit_type: BenefitType) -> tuple[Evidence, ...]:
        """Return what a challenged customer must show; empty when a captcha will do."""
        return self._evidence.get(benefit_type, ())

    def finding(self, code: str, step: Step, outcome: Outcome, **values: object) -> Finding:
        """Return a finding with its texts; ``values`` fill those of the analyst."""
        return finding(self._texts, code, step, outcome, **values)


def load_benefit_policy() -> BenefitPolicy:
    """Return the policy that ships with the service."""
    return BenefitPolicy(files(__package__).joinpath(FILE).read_text("utf-8"))
