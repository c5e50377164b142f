"""What checkout does with an order when the service gives no answer, as the policy has it."""

from collections.abc import Callable
from dataclasses import dataclass

from risk_service.decisions.policy_file import FailRules
from risk_service.domain.vocabulary import PromotionType


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedItems:
    """What active purchase limits name: counted over all customers, never let pass alone."""

    promotion_types: frozenset[PromotionType] = frozenset()
    campaign_ids: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    seller_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailPolicies:
    """The fail policy in force, with what is limited right now.

    Parameters
    ----------
    version
        Of the policy; the limits have one of their own.
    limited
        Asked at each call: publishing a limit changes it.
    """

    version: str
    rules: FailRules
    limited: Callable[[], LimitedItems]
