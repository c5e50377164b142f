"""From a raw action to one without raw identifiers, its level lifted to what was verified."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from risk_service.decisions.real_names.verified import Verified
from risk_service.domain.action import Action, RawAction
from risk_service.domain.benefit import Benefit, CustomerFacts, RawBenefit
from risk_service.domain.vocabulary import VerificationLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class TokeniseBenefit:
    """Tokenises actions.

    Parameters
    ----------
    action
        Turns a raw action into one without raw identifiers.
    verified
        Knows what accounts are verified to.
    """

    action: Callable[[RawAction], Action]
    verified: Verified

    def __call__(self, raw: RawBenefit, now_us: int) -> Benefit:
        """Return the tokenised action.

        Raises
        ------
        risk_service.domain.errors.InvalidInput
            An identifier is too long, or the IP address is none.
        """
        benefit = Benefit(
            action_id=raw.action_id,
            benefit_type=raw.benefit_type,
            at_us=raw.at_us,
            action=self.action(raw.action) if raw.action else None,
            facts=raw.facts,
            subsidy=raw.subsidy,
        )
        return self.lifted(benefit, VerificationLevel.UNSPECIFIED, now_us)

    def lifted(self, benefit: Benefit, level: VerificationLevel, now_us: int) -> Benefit:
        """Return the action with the highest of its level, this one and the account's own."""
        if benefit.action is None:
            return benefit
        facts = benefit.facts or CustomerFacts()
        known = self.verified.level(benefit.action.account, now_us)
        highest = max(facts.verification_level, level, known)
        return replace(benefit, facts=replace(facts, verification_level=highest))

    def real_name(self, account: str, now_us: int) -> str:
        """Return the token of the real name that an account is verified with, or empty."""
        return self.verified.real_name(account, now_us)
