"""What checkout does with an order when the service gives no answer, as the policy has it."""

from collections.abc import Callable
from dataclasses import dataclass

from risk_service.decisions.policy_file import FailRules
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.book import LimitBook
from risk_service.limits.policy import OF_GOODS, State


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedItems:
    """What active purchase limits name: counted over all customers, never let pass alone."""

    promotion_types: frozenset[PromotionType] = frozenset()
    campaign_ids: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    seller_ids: frozenset[str] = frozenset()


def limited_items(book: LimitBook) -> LimitedItems:
    """Return what active limits on goods name, each policy by the narrowest thing it says.

    Limits on redemptions, draws and rewards are left out: they guard an offer, not a stock. A
    limit that only names SPUs or categories stands for its promotion types: checkout may not
    know the products of its lines when it is alone.
    """
    names: dict[str, set[str]] = {"skus": set(), "campaigns": set(), "sellers": set()}
    kinds: set[PromotionType] = set()
    for policy in book.policies:
        if policy.state is not State.ACTIVE or policy.measure not in OF_GOODS:
            continue
        include = policy.include
        named = [name for name in names if getattr(include, name)]
        if named:
            names[named[0]] |= getattr(include, named[0])
        else:
            kinds |= include.promotion_types or set(PromotionType)
    return LimitedItems(
        promotion_types=frozenset(kinds),
        campaign_ids=frozenset(names["campaigns"]),
        skus=frozenset(names["skus"]),
        seller_ids=frozenset(names["sellers"]),
    )


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
