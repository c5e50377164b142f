"""Exact counts and sums behind an action: what its owner did before, from the log itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from risk_service.decisions.assessing.combining import Finding
from risk_service.decisions.assessing.pending import Pending
from risk_service.decisions.benefits.as_order import summed
from risk_service.decisions.benefits.facts import counted_facts, subsidy_facts
from risk_service.decisions.benefits.policy import BenefitPolicy
from risk_service.decisions.benefits.subsidies import DAY_US, LONGEST_DAYS, Claimed, claimed
from risk_service.decisions.benefits.windows import SeenAction
from risk_service.domain.assessment import BenefitEntry, Value
from risk_service.domain.benefit import Benefit, BenefitType, SubsidyKind
from risk_service.features.windows.event import field_hash

OWN, HELPERS = "own", "helpers"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What was found, this action among it; ``new`` is what it adds to the log."""

    benefit: Benefit
    entries: Mapping[str, Sequence[BenefitEntry]]
    sums: Claimed | None
    findings: tuple[Finding, ...]
    new: tuple[BenefitEntry, ...]

    def values(self, seen: SeenAction, now_us: int) -> dict[str, Value]:
        """Return what rules may ask of it."""
        if self.benefit.subsidy is not None and self.sums is not None:
            return subsidy_facts(self.benefit.subsidy, self.sums)
        return counted_facts(self.benefit, self.entries, seen, now_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitEntries:
    """Looks entries up and adds them up."""

    policy: BenefitPolicy

    def look_up(
        self, benefit: Benefit, pending: Pending, now_us: int, *, is_first: bool
    ) -> LookedUp:
        """Return what the owners of this action did before.

        Parameters
        ----------
        is_first
            Whether this is the action's first decision: only that one adds to the log.
        """
        mine = _entries(benefit, now_us)
        new = tuple(mine.values()) if is_first else ()
        found = {name: [*self._before(one, pending, now_us)] for name, one in mine.items()}
        for name, one in mine.items():
            if is_first:
                found[name].append(one)
        sums, findings = None, []
        if benefit.subsidy is not None:
            below = self.policy.just_below
            days = self.policy.sum_days
            sums = claimed(found[OWN], now_us, days=days, just_below=below)
            findings = self.policy.subsidy_findings(benefit.subsidy, sums)
        return LookedUp(
            benefit=benefit, entries=found, sums=sums, findings=tuple(findings), new=new
        )

    def _before(self, entry: BenefitEntry, pending: Pending, now_us: int) -> Sequence[BenefitEntry]:
        days = 1 if entry.owner.startswith(HELPERS) else LONGEST_DAYS
        return pending.entries_since(entry.owner, now_us - days * DAY_US)


def _entries(benefit: Benefit, now_us: int) -> dict[str, BenefitEntry]:
    action, subsidy = benefit.action, benefit.subsidy
    if subsidy is not None:
        # Advertising has a line of its own: it makes no split claim of what a seller's sales got.
        kind = "advertising" if subsidy.kind is SubsidyKind.ADVERTISING else "subsidy"
        owner = f"{kind}:{subsidy.currency_code}:{subsidy.seller_id}"
        return {OWN: BenefitEntry(owner=owner, at_us=now_us, amount=subsidy.amount_minor)}
    if action is None:
        return {}
    owner = f"{benefit.benefit_type.name}:{action.account}"
    found = {OWN: BenefitEntry(owner=owner, at_us=now_us, amount=summed(benefit))}
    if benefit.benefit_type is BenefitType.BARGAIN_HELP and action.ip_block:
        owner = f"{HELPERS}:{action.ip_block}|{action.campaign}"
        found[HELPERS] = BenefitEntry(owner=owner, at_us=now_us, amount=field_hash(action.account))
    return found
