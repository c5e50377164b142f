"""What each strategy orders on one day. A ring's members are drawn, then their orders.

Baskets, prices and hours come from the same stores as those of honest customers.
"""

from collections.abc import Callable

import numpy as np

from risk_service.domain.vocabulary import PromotionType
from training.simulate import kinds
from training.simulate.arrays import DAY_US, Array, Columns, lognormal
from training.simulate.honest import place_at_drop
from training.simulate.market import Market
from training.simulate.places import home_ip, mobile_ip
from training.simulate.rings import Ring

SINGLE_JOBS = 0.15
_SCALPER_ENTRIES = np.array([0, 0.17, 0.08, 0.08, 0.03, 0.04, 0.08, 0.36, 0.09, 0.07])
_BRUSHER_ENTRIES = np.array([0, 0.06, 0.27, 0.38, 0.04, 0.04, 0.02, 0.13, 0.05, 0.01])
_BUYER_ENTRIES = np.array([0, 0.17, 0.27, 0.11, 0.10, 0.11, 0.06, 0.07, 0.09, 0.02])


def attack(
    ring: Ring, day: int, n: int, market: Market, rng: np.random.Generator
) -> tuple[Columns, Array]:
    """Return (orders, member of each order) of one ring on one day; both may be empty."""
    member = rng.integers(0, ring.account.size, n)
    orders = kinds.blank_orders(n)
    orders["at"] = market.settings.start_us + day * DAY_US + market.time_of_day(rng, n)
    orders["strategy"] = np.full(n, ring.strategy, dtype=np.int8)
    orders["ring"] = np.full(n, ring.number, dtype=np.int32)
    _STRATEGIES[ring.strategy](ring, day, orders, market, rng)
    _identify(ring, member, orders, market, rng)
    return orders, member


def _identify(
    ring: Ring, member: Array, orders: Columns, market: Market, rng: np.random.Generator
) -> None:
    n = member.size
    for name in ("account", "device", "payment", "payer", "recipient", "phone", "address"):
        orders[name] = getattr(ring, name)[member]
    orders["city"] = ring.city[member].astype(np.int16)
    home = home_ip(market.settings.seed, ring.block[member], orders["at"] // DAY_US)
    exit_ = ring.exits[rng.integers(0, ring.exits.size, n)] + rng.integers(1, 40, n)
    shared = 0.0 if ring.profile.per_device == 1.0 else 0.35
    draw = rng.random(n)
    ip = np.where(~ring.hired[member] & (draw < shared), exit_, home)
    orders["ip"] = np.where(draw > 0.62, mobile_ip(rng, ring.city[member]), ip)
    # Members lend each other what is at hand, so groups overlap like families do.
    swap = ~ring.hired[member] & (rng.random(n) < 0.12) & (ring.profile.per_device > 1.0)
    other = rng.integers(0, ring.account.size, n)
    orders["device"] = np.where(swap, ring.device[other], orders["device"])
    # Evasive typing: half of the time the address is spelled anew.
    anew = rng.random(n) < 0.4
    orders["spelling"] = np.where(anew, rng.integers(0, 6, n), -1).astype(np.int8)


def _scalp(ring: Ring, day: int, orders: Columns, market: Market, rng: np.random.Generator) -> None:
    n = orders["at"].size
    drops = [drop.number for drop in market.drops_on(day)]
    if not drops:
        _look_normal(orders, market, rng)
        return
    chosen = np.array(drops)[rng.integers(0, len(drops), n)]
    human = rng.random(n) < 0.4 + 0.5 * ring.mimicry
    place_at_drop(market, rng, orders, chosen, np.where(human, 700.0, 200.0))
    orders["page_ms"] = lognormal(rng, np.where(human, 7_000, 2_900), 0.7, n).clip(450)
    orders["entry"] = rng.choice(10, n, p=_normal(_SCALPER_ENTRIES))
    orders["cancels"] = (rng.random(n) < 0.15).astype(np.int8)
    _live_on(orders, rng, 0.15)


def _look_normal(orders: Columns, market: Market, rng: np.random.Generator) -> None:
    """Buy something on a quiet day, so that the account is no stranger at the next drop."""
    n = orders["at"].size
    orders["basket"] = rng.integers(0, int(market.baskets.by_seller.size), n)
    orders["page_ms"] = lognormal(rng, 36_000, 1.0, n)
    orders["entry"] = rng.choice(10, n, p=_normal(_BUYER_ENTRIES))
    orders["coupon"] = np.where(rng.random(n) < 0.16, 1, 0).astype(np.int8)
    _live_on(orders, rng, 0.25)


def _farm_coupons(
    ring: Ring, day: int, orders: Columns, market: Market, rng: np.random.Generator
) -> None:
    n = orders["at"].size
    choices = rng.integers(0, int(market.baskets.by_seller.size), (3, n))
    value = market.baskets.value_minor[choices]
    # Just enough to redeem: the cheapest of three that still clears the coupon's floor.
    floor = market.spend_threshold_minor // 4
    cost = np.where(value >= floor, value, value.max() + floor - value)
    cheap = choices[cost.argmin(axis=0), np.arange(n)]
    orders["basket"] = np.where(rng.random(n) < 0.6, cheap, choices[0])
    orders["coupon"] = np.where(rng.random(n) < 0.4, 2, 1).astype(np.int8)
    human = rng.random(n) < 0.6 + 0.35 * ring.mimicry
    orders["page_ms"] = lognormal(rng, np.where(human, 38_000, 17_000), 0.9, n)
    orders["entry"] = rng.choice(10, n, p=_normal(_BUYER_ENTRIES))
    orders["cancels"] = (rng.random(n) < 0.03).astype(np.int8)
    _live_on(orders, rng, 0.2)


def _brush(ring: Ring, day: int, orders: Columns, market: Market, rng: np.random.Generator) -> None:
    n = orders["at"].size
    # A platform serves two or three of its shops a day, in bursts.
    shift = day // 3
    of_day = ring.sellers[(np.arange(min(2, ring.sellers.size)) + shift) % ring.sellers.size]
    seller = of_day[rng.integers(0, of_day.size, n)]
    # Single jobs for shops that try it out once.
    seller = np.where(
        rng.random(n) < SINGLE_JOBS, rng.integers(0, market.baskets.sellers, n), seller
    )
    tries = np.stack([market.baskets.of_sellers(rng, seller) for _ in range(2)])
    # The money comes back to the buyer, so the cheaper of two will do.
    cheaper = market.baskets.value_minor[tries].argmin(axis=0)
    orders["basket"] = tries[cheaper, np.arange(n)]
    told = rng.random(n) < 0.8 - 0.3 * ring.mimicry
    entries = np.where(
        told,
        rng.choice(10, n, p=_normal(_BRUSHER_ENTRIES)),
        rng.choice(10, n, p=_normal(_BUYER_ENTRIES)),
    )
    orders["entry"] = entries.astype(np.int8)
    # Told to look round first: dwell times are long and much alike.
    orders["page_ms"] = lognormal(rng, 75_000, 0.5, n)
    orders["coupon"] = np.where(rng.random(n) < 0.16, 1, 0).astype(np.int8)
    orders["review"] = (rng.random(n) < 0.7).astype(np.int8)
    hollow = rng.random(n) < 0.3
    orders["ship_weight"] = np.where(hollow, rng.uniform(0.05, 0.5, n), rng.normal(1, 0.07, n))
    orders["cancels"] = (rng.random(n) < 0.02).astype(np.int8)


_CLAIM_MIX: dict[int, tuple[tuple[int, ...], tuple[float, ...]]] = {
    kinds.SERIAL_REFUNDER: (
        (kinds.NOT_RECEIVED, kinds.REFUND_ONLY, kinds.NOT_AS_DESCRIBED, kinds.CHANGED_MIND),
        (0.3, 0.36, 0.24, 0.1),
    ),
    kinds.REFUND_RING: (
        (kinds.NOT_RECEIVED, kinds.REFUND_ONLY, kinds.NOT_AS_DESCRIBED),
        (0.3, 0.4, 0.3),
    ),
    kinds.EMPTY_PARCEL: ((kinds.EMPTY_CLAIM, kinds.CHANGED_MIND), (0.45, 0.55)),
    kinds.SPLITTING: ((kinds.PARTIAL_RETURN, kinds.CHANGED_MIND), (0.75, 0.25)),
}


def _refund(
    ring: Ring, day: int, orders: Columns, market: Market, rng: np.random.Generator
) -> None:
    n = orders["at"].size
    tries = rng.integers(0, int(market.baskets.by_seller.size), (4, n))
    value = market.baskets.value_minor[tries]
    if ring.strategy == kinds.SPLITTING:
        # Just above the threshold: the least of four that still saves.
        short = value < market.spend_threshold_minor
        best = np.where(short, value + value.max(), value).argmin(axis=0)
    else:
        # Worth the trouble, but nothing absurd that somebody would look at.
        best = np.where(value > market.spend_threshold_minor * 10, 0, value).argmax(axis=0)
    keen = rng.random(n) < 0.85
    orders["basket"] = np.where(keen, tries[best, np.arange(n)], tries[0])
    weekend = int(market.saving_campaign_of_day[day])
    chosen_value = market.baskets.value_minor[orders["basket"]]
    saves = (weekend >= 0) & (chosen_value >= market.spend_threshold_minor) & (rng.random(n) < 0.9)
    orders["promo"] = np.where(saves, PromotionType.SPEND_AND_SAVE, orders["promo"])
    orders["campaign"] = np.where(saves, weekend, -1)
    orders["coupon"] = np.where(~saves & (rng.random(n) < 0.16), 1, 0).astype(np.int8)
    orders["page_ms"] = lognormal(rng, 36_000, 1.0, n)
    orders["entry"] = rng.choice(10, n, p=_normal(_BUYER_ENTRIES))
    _plan_claims(ring, orders, rng)
    if ring.strategy == kinds.SPLITTING:
        orders["claim"] = np.where(saves, orders["claim"], kinds.NO_CLAIM).astype(np.int8)


def _plan_claims(ring: Ring, orders: Columns, rng: np.random.Generator) -> None:
    """Decide which orders are claimed; the others are there to look like a customer."""
    n = orders["at"].size
    claims, shares = _CLAIM_MIX[ring.strategy]
    claimed = rng.random(n) < ring.profile.claims
    orders["claim"] = np.where(claimed, rng.choice(claims, n, p=shares), 0).astype(np.int8)
    orders["claim_wait_h"] = lognormal(rng, 40.0, 0.8, n)
    orders["review"] = (rng.random(n) < 0.2).astype(np.int8)
    orders["ship_weight"] = rng.normal(1.0, 0.06, n)
    orders["return_weight"] = rng.normal(0.97, 0.06, n)
    if ring.strategy == kinds.EMPTY_PARCEL:
        orders["return_weight"] = np.where(
            rng.random(n) < 0.7, rng.uniform(0.05, 0.6, n), orders["return_weight"]
        )


def _live_on(orders: Columns, rng: np.random.Generator, review_share: float) -> None:
    """Fill in what happens after an order nobody claims against, apart from rare returns."""
    n = orders["at"].size
    returned = rng.random(n) < 0.05
    orders["claim"] = np.where(returned, kinds.CHANGED_MIND, kinds.NO_CLAIM).astype(np.int8)
    orders["claim_wait_h"] = lognormal(rng, 60.0, 0.8, n)
    orders["review"] = (rng.random(n) < review_share).astype(np.int8)
    orders["ship_weight"] = rng.normal(1.0, 0.06, n)
    orders["return_weight"] = rng.normal(0.98, 0.05, n)


def _normal(weight: Array) -> Array:
    share: Array = weight / weight.sum()
    return share


_STRATEGIES: dict[int, Callable[[Ring, int, Columns, Market, np.random.Generator], None]] = {
    kinds.DEVICE_FARM: _scalp,
    kinds.CROWD_HIRED: _scalp,
    kinds.COUPON_FARMING: _farm_coupons,
    kinds.SELLER_BRUSHING: _brush,
    kinds.CROWD_BRUSHING: _brush,
    kinds.SERIAL_REFUNDER: _refund,
    kinds.REFUND_RING: _refund,
    kinds.EMPTY_PARCEL: _refund,
    kinds.SPLITTING: _refund,
}
