"""What checkout does with an order when the service gives no answer in time.

Limits: knows only the order itself, so it can count the units of one order and not
those of one customer.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from risk_service.client.answers import FallbackAnswer, FallbackCause, Outcome, QuantityLimit
from risk_service.client.errors import (
    CallTimedOut,
    ServiceFailure,
    ServiceOverloaded,
    ServiceUnavailable,
)
from risk_service.pb.risk.v1 import order_pb2


class FallbackRule(Enum):
    """How lines of one promotion type are answered.

    OPEN lets them pass, CLOSED denies them, LIMITS_ONLY lets them pass up to the
    policy's units of one SKU in one order.
    """

    OPEN = auto()
    LIMITS_ONLY = auto()
    CLOSED = auto()


DEFAULT_RULES: Mapping[int, FallbackRule] = MappingProxyType(
    {
        order_pb2.PROMOTION_TYPE_UNSPECIFIED: FallbackRule.OPEN,
        order_pb2.PROMOTION_TYPE_NONE: FallbackRule.OPEN,
        order_pb2.PROMOTION_TYPE_SPEND_AND_SAVE: FallbackRule.OPEN,
        order_pb2.PROMOTION_TYPE_POINTS: FallbackRule.OPEN,
        # Each of these gives money or goods away per new account: farmed first.
        order_pb2.PROMOTION_TYPE_INVITE_REWARD: FallbackRule.CLOSED,
        order_pb2.PROMOTION_TYPE_LUCKY_DRAW: FallbackRule.CLOSED,
        order_pb2.PROMOTION_TYPE_BARGAIN_HELP: FallbackRule.CLOSED,
    }
)

CAUSES: tuple[tuple[type[ServiceFailure], FallbackCause], ...] = (
    (ServiceUnavailable, FallbackCause.UNAVAILABLE),
    (CallTimedOut, FallbackCause.TIMED_OUT),
    (ServiceOverloaded, FallbackCause.OVERLOADED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedItems:
    """What purchase limits cover, as the service told; flash sales and drops always are."""

    promotion_types: frozenset[int] = frozenset()
    campaign_ids: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    seller_ids: frozenset[str] = frozenset()

    def __or__(self, other: "LimitedItems") -> "LimitedItems":
        """Return what either covers."""
        return LimitedItems(
            promotion_types=self.promotion_types | other.promotion_types,
            campaign_ids=self.campaign_ids | other.campaign_ids,
            skus=self.skus | other.skus,
            seller_ids=self.seller_ids | other.seller_ids,
        )

    def has(self, line: order_pb2.OrderLine) -> bool:
        """Tell whether a limit covers the line."""
        return (
            int(line.promotion_type) in self.promotion_types
            or line.campaign_id in self.campaign_ids
            or line.sku in self.skus
            or line.seller_id in self.seller_ids
        )


# Until a service has told: what the limits that come with it cover.
SHIPPED_LIMITED = LimitedItems(
    promotion_types=frozenset(
        {
            order_pb2.PROMOTION_TYPE_FLASH_SALE,
            order_pb2.PROMOTION_TYPE_GIFT,
            order_pb2.PROMOTION_TYPE_NEW_CUSTOMER,
        }
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackPolicy:
    """Fallback outcome by promotion type; the worst line or discount decides.

    A limited item is one sold in a flash sale, in an order that names a drop, or covered by
    ``limited``: its units are counted over all customers, which only the service can do. It
    never falls back to ALLOW nor to LIMIT_QUANTITY: REVIEW at best, whatever the rules say.

    Parameters
    ----------
    rules
        Rule by promotion type number; ``other`` holds for types that are not named.
    units_per_sku
        What LIMITS_ONLY lets pass of one SKU in one order; at least 1.
    limited
        What else is limited.
    """

    rules: Mapping[int, FallbackRule] = field(default_factory=lambda: DEFAULT_RULES)
    other: FallbackRule = FallbackRule.LIMITS_ONLY
    units_per_sku: int = 2
    limited: LimitedItems = LimitedItems()

    def __post_init__(self) -> None:
        """Refuse a quantity that would sell nothing: CLOSED says so openly."""
        if self.units_per_sku < 1:
            raise ValueError("units_per_sku must be at least 1")

    def answer(
        self, order: order_pb2.Order, request_id: str, failure: ServiceFailure
    ) -> FallbackAnswer:
        """Return the client's own answer to an order."""
        outcome, limits = self._decide(order)
        return FallbackAnswer(
            request_id=request_id,
            order_id=order.order_id,
            outcome=outcome,
            cause=_cause(failure),
            detail=str(failure),
            quantity_limits=limits,
        )

    def _decide(self, order: order_pb2.Order) -> tuple[Outcome, tuple[QuantityLimit, ...]]:
        rules = {self._rule(kind) for kind in _promotions(order)}
        if FallbackRule.CLOSED in rules:
            return Outcome.DENY, ()
        if is_limited(order, self.limited):
            return Outcome.REVIEW, ()
        limits = self._limits(order)
        return (Outcome.LIMIT_QUANTITY, limits) if limits else (Outcome.ALLOW, ())

    def _limits(self, order: order_pb2.Order) -> tuple[QuantityLimit, ...]:
        """Return the SKUs of which too much is asked, counted over all their lines."""
        units: Counter[str] = Counter()
        for line in order.lines:
            if self._rule(line.promotion_type) is FallbackRule.LIMITS_ONLY:
                units[line.sku] += line.quantity
        return tuple(
            QuantityLimit(sku=sku, requested=asked, allowed=self.units_per_sku)
            for sku, asked in units.items()
            if asked > self.units_per_sku
        )

    def _rule(self, promotion_type: int) -> FallbackRule:
        return self.rules.get(promotion_type, self.other)


def is_limited(order: order_pb2.Order, limited: LimitedItems) -> bool:
    """Tell whether the order takes of a quantity that is shared by all customers."""
    return bool(order.session.drop_id) or any(
        line.promotion_type == order_pb2.PROMOTION_TYPE_FLASH_SALE or limited.has(line)
        for line in order.lines
    )


def _promotions(order: order_pb2.Order) -> set[int]:
    lines = {int(line.promotion_type) for line in order.lines}
    return lines | {int(discount.promotion_type) for discount in order.discounts}


def _cause(failure: ServiceFailure) -> FallbackCause:
    return next(
        (cause for kind, cause in CAUSES if isinstance(failure, kind)),
        FallbackCause.SERVICE_FAULT,
    )
