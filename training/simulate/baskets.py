"""Baskets that orders are made of: one store for every base, and the made-up base.

A basket belongs to one shop, as a marketplace splits a checkout by shop. Honest
customers and attackers draw from the same store: same prices, same SKUs.
"""

from dataclasses import dataclass

import numpy as np

from training.simulate.arrays import Array, lognormal, ragged


@dataclass(frozen=True, slots=True, kw_only=True)
class Baskets:
    """Lines of all baskets, joined; basket b holds lines start[b] .. start[b]+count[b]-1."""

    start: Array
    count: Array
    seller: Array
    value_minor: Array
    cancelled: Array
    sku: Array
    quantity: Array
    price_minor: Array
    seller_of_sku: Array
    by_seller: Array
    seller_start: Array

    @property
    def sellers(self) -> int:
        """Return the number of shops."""
        return self.seller_start.size - 1

    def of_sellers(self, rng: np.random.Generator, seller: Array) -> Array:
        """Return one random basket of each given shop."""
        size = self.seller_start[seller + 1] - self.seller_start[seller]
        pick = (rng.random(seller.size) * size).astype(np.int64)
        chosen: Array = self.by_seller[self.seller_start[seller] + pick]
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """When real customers bought what: visits sorted by customer, with their hour.

    ``customer_start`` has one element more than there are customers; visit v is a
    basket of the store.
    """

    customer_start: Array
    basket: Array
    at_s: Array

    @classmethod
    def of_baskets(cls, *, customer: Array, at_s: Array) -> "Habits":
        """Sort baskets by customer; basket i was bought by ``customer[i]`` at ``at_s[i]``."""
        order = np.lexsort((at_s, customer))
        counts = np.bincount(customer)
        return cls(
            customer_start=np.r_[0, np.cumsum(counts)],
            basket=order,
            at_s=at_s[order],
        )

    def weekday_weight(self) -> Array:
        """Return the share of visits on each weekday, Monday first, shape (7,)."""
        weekday = (self.at_s // 86_400 + 3) % 7  # 1970-01-01 was a Thursday
        share: Array = np.bincount(weekday, minlength=7) / self.at_s.size
        return share


def baskets_of_lines(
    *,
    group: Array,
    sku: Array,
    quantity: Array,
    price: Array,
    cancelled: Array,
    seller_of_sku: Array,
) -> Baskets:
    """Return the baskets of lines that are sorted by ``group``."""
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    count = np.diff(np.r_[start, group.size])
    seller = seller_of_sku[sku[start]]
    by_seller = np.argsort(seller, kind="stable")
    sizes = np.bincount(seller, minlength=int(seller_of_sku.max()) + 1)
    return Baskets(
        start=start,
        count=count,
        seller=seller,
        value_minor=np.add.reduceat(quantity.astype(np.int64) * price, start),
        cancelled=np.maximum.reduceat(cancelled.astype(np.int8), start).astype(bool),
        sku=sku,
        quantity=quantity.astype(np.int64),
        price_minor=price,
        seller_of_sku=seller_of_sku,
        by_seller=by_seller,
        seller_start=np.r_[0, np.cumsum(sizes)],
    )


def invented_baskets(rng: np.random.Generator, orders: int) -> Baskets:
    """Return made-up baskets: sellers of very different size, prices in fen."""
    sellers = int(np.clip(orders // 250, 60, 3000))
    skus = sellers * 20
    seller_of_sku = np.repeat(np.arange(sellers, dtype=np.int32), 20)
    level = lognormal(rng, 6000.0, 0.7, sellers)
    price = (lognormal(rng, level[seller_of_sku], 0.6, skus) // 10 * 10 + 90).astype(np.int64)
    baskets = max(6000, min(orders, 150_000))
    weight = 1.0 / (np.arange(sellers) + 8.0) ** 0.7
    # Every shop has at least a few baskets to draw from.
    seller = np.r_[
        np.repeat(np.arange(sellers), 4),
        rng.choice(sellers, baskets, p=rng.permutation(weight / weight.sum())),
    ]
    count = np.minimum(1 + rng.geometric(0.62, seller.size) - 1, 8)
    sku = np.repeat(seller * 20, count) + (rng.beta(0.6, 1.8, int(count.sum())) * 20).astype(int)
    quantity = np.minimum(rng.geometric(0.75, sku.size), 12)
    cancelled = np.repeat(rng.random(seller.size) < 0.05, count)
    return baskets_of_lines(
        group=np.repeat(np.arange(seller.size), count),
        sku=sku.astype(np.int32),
        quantity=quantity,
        price=price[sku],
        cancelled=cancelled,
        seller_of_sku=seller_of_sku,
    )


def lines_of(baskets: Baskets, basket: Array) -> tuple[Array, Array]:
    """Return (row of each line in ``basket``, line position in the store)."""
    count = baskets.count[basket]
    return np.repeat(np.arange(basket.size), count), ragged(baskets.start[basket], count)
