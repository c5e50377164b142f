"""Orders of honest customers: everyday trade, live-stream crowds and drops."""

import numpy as np

from risk_service.domain.vocabulary import PromotionType
from training.simulate import kinds
from training.simulate.arrays import (
    DAY_US,
    SECOND_US,
    Array,
    Columns,
    joined,
    lognormal,
    rank_within,
)
from training.simulate.market import Market
from training.simulate.places import CITY_WEIGHT, home_ip, mobile_ip
from training.simulate.population import Population
from training.simulate.registry import Registry

DROP_SHARE = 0.26
LIVE_SHARE = 0.05
_ENTRIES = np.array([0, 0.17, 0.26, 0.10, 0.10, 0.13, 0.07, 0.07, 0.08, 0.02])
_DROP_ENTRIES = np.array([0, 0.24, 0.08, 0.06, 0.04, 0.06, 0.14, 0.22, 0.06, 0.10])
_LIVE_ENTRIES = np.array([0, 0.05, 0.05, 0.10, 0.02, 0.05, 0.08, 0.25, 0.02, 0.38])


def honest_orders(
    market: Market, people: Population, registry: Registry, rng: np.random.Generator, n: int
) -> Columns:
    """Return about n honest orders over all days, unsorted; opens their accounts too."""
    at_drops = int(n * DROP_SHARE)
    orders = joined(
        [
            _everyday(market, people, registry, rng, n - at_drops),
            _at_drops(market, people, registry, rng, at_drops),
        ]
    )
    _open_accounts(market, people, registry, rng, orders)
    _welcome(registry, rng, orders)
    return orders


def _everyday(
    market: Market, people: Population, registry: Registry, rng: np.random.Generator, n: int
) -> Columns:
    orders = kinds.blank_orders(n)
    if market.habits is None:
        who = rng.choice(people.size, n, p=people.activity / people.activity.sum())
        day = rng.choice(market.settings.days, n, p=_normal(market.day_weight()))
        orders["at"] = market.settings.start_us + day * DAY_US + market.time_of_day(rng, n)
        orders["basket"] = _favoured_baskets(market, rng, who)
    else:
        who, orders["at"], orders["basket"] = _relived(market, people, rng, n)
    _identify(market, people, registry, rng, orders, who)
    orders["page_ms"] = lognormal(
        rng, np.where(people.persona[who] == kinds.QUICK, 12_000, 42_000), 1.0, n
    ).clip(400, 3_600_000)
    orders["entry"] = rng.choice(10, n, p=_normal(_ENTRIES))
    bulk = (people.persona[who] == kinds.CORPORATE) & (rng.random(n) < 0.6)
    bulk &= market.baskets.value_minor[orders["basket"]] < 2 * market.spend_threshold_minor
    orders["multiplier"] = np.where(bulk, rng.integers(4, 40, n), 1)
    _join_promotions(market, rng, orders)
    _live_streams(market, rng, orders)
    orders["cancels"] = (rng.random(n) < 0.015) | market.baskets.cancelled[orders["basket"]]
    _honest_claims(market, people, rng, orders, who)
    return orders


def _favoured_baskets(market: Market, rng: np.random.Generator, who: Array) -> Array:
    """Return a basket for each customer: a third of them from one of two favourite shops."""
    anything = rng.integers(0, int(market.baskets.by_seller.size), who.size)
    favourite = market.baskets.seller[(who * 7919 + rng.integers(0, 2, who.size) * 104_729) % 6000]
    usual = market.baskets.of_sellers(rng, favourite)
    basket: Array = np.where(rng.random(who.size) < 0.33, usual, anything)
    return basket


def _relived(
    market: Market, people: Population, rng: np.random.Generator, n: int
) -> tuple[Array, Array, Array]:
    """Return (customer, time, basket): visits of real customers, shifted and stretched.

    Each customer lives the history of one real customer from a random day on, round the
    span of the data, pressed into the days of the world; weekday and hour stay real.
    """
    habits, settings = market.habits, market.settings
    if habits is None:
        raise ValueError("only a base of real baskets has habits to relive")
    visits = np.diff(habits.customer_start)
    original = rng.choice(visits.size, people.size)
    weight = people.activity * np.sqrt(visits[original])
    who = rng.choice(people.size, n, p=_normal(weight))
    visit = habits.customer_start[original[who]] + (rng.random(n) * visits[original[who]]).astype(
        np.int64
    )
    first, span = int(habits.at_s.min()), float(np.ptp(habits.at_s)) + 1.0
    turn = ((habits.at_s[visit] - first) / span + rng.random(people.size)[who]) % 1.0
    day = (turn * settings.days).astype(np.int64)
    wanted = (habits.at_s[visit] // 86_400 + 3) % 7
    day += (wanted - (settings.first_weekday + day) % 7 + 3) % 7 - 3
    day = np.where(day < 0, day + 7, np.where(day >= settings.days, day - 7, day))
    in_day = habits.at_s[visit] % 86_400 * SECOND_US + rng.integers(0, 60 * SECOND_US, n)
    return who, settings.start_us + day * DAY_US + in_day, habits.basket[visit]


def _join_promotions(market: Market, rng: np.random.Generator, orders: Columns) -> None:
    """Apply spend-and-save weekends and coupons to everyday orders."""
    n = orders["at"].size
    day = (orders["at"] - market.settings.start_us) // DAY_US
    weekend = market.saving_campaign_of_day[day]
    value = market.baskets.value_minor[orders["basket"]] * orders["multiplier"]
    saves = (weekend >= 0) & (value >= market.spend_threshold_minor) & (rng.random(n) < 0.8)
    orders["promo"][saves] = PromotionType.SPEND_AND_SAVE
    orders["campaign"][saves] = weekend[saves]
    orders["coupon"] = np.where(~saves & (rng.random(n) < 0.14), 1, 0)


def _live_streams(market: Market, rng: np.random.Generator, orders: Columns) -> None:
    """Turn some orders into crowds of one hour at one shop: honest bursts."""
    n = orders["at"].size
    joins = np.flatnonzero(rng.random(n) < LIVE_SHARE)
    shows = max(2, joins.size // 25)
    show = rng.integers(0, shows, joins.size)
    seller = rng.integers(0, market.baskets.sellers, shows)
    # A show takes the time of the first order that joins it, so it keeps real hours.
    start = orders["at"][joins[rng.integers(0, joins.size, shows)]] if joins.size else seller
    in_day = start % DAY_US
    offset = rng.exponential(0.35, joins.size) * 3_600 * SECOND_US
    latest = DAY_US - 1 - in_day[show]
    orders["at"][joins] = start[show] + np.minimum(offset.astype(np.int64), latest)
    orders["basket"][joins] = market.baskets.of_sellers(rng, seller[show])
    orders["entry"][joins] = rng.choice(10, joins.size, p=_normal(_LIVE_ENTRIES))
    orders["promo"][joins] = PromotionType.GROUP_BUY
    orders["campaign"][joins] = 2
    orders["multiplier"][joins] = 1
    orders["page_ms"][joins] = lognormal(rng, 14_000, 0.8, joins.size)


def _at_drops(
    market: Market, people: Population, registry: Registry, rng: np.random.Generator, n: int
) -> Columns:
    orders = kinds.blank_orders(n)
    fame = rng.gamma(3.0, 1.0, len(market.drops))
    drop = rng.choice(len(market.drops), n, p=_normal(fame))
    who = rng.choice(people.size, n, p=_normal(people.eagerness))
    quick = people.persona[who] == kinds.QUICK
    place_at_drop(market, rng, orders, drop, np.where(quick, 240.0, 1_300.0))
    _identify(market, people, registry, rng, orders, who)
    orders["page_ms"] = lognormal(rng, np.where(quick, 2_800, 8_000), 0.75, n).clip(450)
    orders["entry"] = rng.choice(10, n, p=_normal(_DROP_ENTRIES))
    orders["cancels"] = rng.random(n) < 0.06
    _honest_claims(market, people, rng, orders, who)
    return orders


def place_at_drop(
    market: Market, rng: np.random.Generator, orders: Columns, drop: Array, mean_s: Array
) -> None:
    """Put orders into drops: time after the start, SKU, campaign, one or two units."""
    n = drop.size
    at = np.array([one.at_us for one in market.drops])
    late_s = rng.exponential(1.0, n) * mean_s + rng.gamma(2.0, 1.2, n)
    orders["at"] = at[drop] + (np.minimum(late_s, 5 * 3_600) * SECOND_US).astype(np.int64)
    orders["drop"] = drop.astype(np.int32)
    orders["campaign"] = np.array([one.campaign for one in market.drops])[drop]
    orders["promo"] = np.full(n, PromotionType.FLASH_SALE, dtype=np.int8)
    first = np.array([one.basket for one in market.drops])[drop]
    orders["basket"] = first + (rng.random(n) < 0.35)


def _identify(
    market: Market,
    people: Population,
    registry: Registry,
    rng: np.random.Generator,
    orders: Columns,
    who: Array,
) -> None:
    """Fill in who orders, on what, from where, to whom."""
    n, at_us = who.size, orders["at"]
    persona = people.persona[who]
    orders["persona"] = persona
    orders["account"], orders["city"] = people.account[who], people.city[who].astype(np.int16)
    borrowed = (people.shared_device[who] >= 0) & (rng.random(n) < 0.45)
    own = people.devices.used(rng, who, at_us, lambda k: registry.new("device", k))
    orders["device"] = np.where(borrowed, people.shared_device[who], own)
    orders["payment"] = people.payments.used(rng, who, at_us, lambda k: registry.new("payment", k))
    orders["payer"] = people.payer[who]
    orders["recipient"], orders["phone"] = people.person[who], people.phone[who]
    # A hotel, a parents' house, a holiday: somewhere else, once.
    orders["address"] = people.addresses.used(
        rng,
        who,
        at_us,
        lambda k: registry.addresses.new(rng.choice(CITY_WEIGHT.size, k, p=CITY_WEIGHT)),
    )
    away = (people.other_address[who] >= 0) & (rng.random(n) < 0.5)
    orders["address"] = np.where(away, people.other_address[who], orders["address"])
    # A gift goes to another person, whose name and phone are not the payer's.
    gift = away & (persona == kinds.GIFT_SENDER)
    friend = rng.integers(0, people.size, n)
    gift |= rng.random(n) < 0.03
    orders["recipient"] = np.where(gift, people.person[friend], orders["recipient"])
    orders["phone"] = np.where(gift, people.phone[friend], orders["phone"])
    orders["ip"] = _customer_ip(market, people, rng, orders, who)


def _customer_ip(
    market: Market, people: Population, rng: np.random.Generator, orders: Columns, who: Array
) -> Array:
    ip = home_ip(market.settings.seed, people.block[who], orders["at"] // DAY_US)
    shared = people.shared_block[who]
    # An office has one exit, a campus three.
    exits = np.where(people.persona[who] == kinds.STUDENT, 3, 1)
    inside = shared + 1 + (rng.random(who.size) * exits).astype(np.int64)
    draw = rng.random(who.size)
    ip = np.where((shared >= 0) & (draw < 0.6), inside, ip)
    chosen: Array = np.where(draw > 0.66, mobile_ip(rng, people.city[who]), ip)
    return chosen


def _honest_claims(
    market: Market, people: Population, rng: np.random.Generator, orders: Columns, who: Array
) -> None:
    """Let honest customers return, complain and review: some much more than others."""
    n = who.size
    persona = people.persona[who]
    bad_area = np.where((people.city[who] * 7 + market.settings.seed) % 6 == 0, 3.0, 1.0)
    bad_shop = np.where(market.baskets.seller[orders["basket"]] % 9 == 4, 4.0, 1.0)
    grumbles = people.grumbling[who]
    returner = np.where(persona == kinds.RETURNER, 11.0, 1.0)
    rates = np.stack(
        [
            np.minimum(0.006 * bad_area * grumbles, 0.2),
            np.minimum(0.011 * bad_shop * np.sqrt(grumbles), 0.25),
            np.minimum(0.028 * returner, 0.4),
            np.full(n, 0.0015),
            np.minimum(0.007 * grumbles, 0.15),
            0.006 * returner,
        ]
    )
    steps = np.cumsum(rates, axis=0)
    claim = (rng.random(n)[None, :] > steps).sum(axis=0) + 1
    orders["claim"] = np.where(claim > 6, 0, claim).astype(np.int8)
    orders["claim_wait_h"] = lognormal(rng, 60.0, 0.8, n)
    orders["review"] = (rng.random(n) < 0.34).astype(np.int8)
    # Some shops split parcels, or state their weights badly.
    sloppy = np.where(market.baskets.seller[orders["basket"]] % 6 == 2, 0.09, 0.02)
    orders["ship_weight"] = np.where(
        rng.random(n) < sloppy, rng.uniform(0.1, 0.6, n), rng.normal(1.0, 0.06, n)
    )
    orders["return_weight"] = np.where(
        rng.random(n) < 0.04, rng.uniform(0.1, 0.7, n), rng.normal(0.98, 0.05, n)
    )


def _open_accounts(
    market: Market,
    people: Population,
    registry: Registry,
    rng: np.random.Generator,
    orders: Columns,
) -> None:
    """Open each account before its first order: years ago, or minutes ago for newcomers."""
    first = np.full(people.size, market.settings.end_us)
    np.minimum.at(first, orders["account"], orders["at"])
    age_s = rng.exponential(500.0, people.size) * 86_400
    fresh = (people.persona == kinds.FIRST_TIME) | (rng.random(people.size) < 0.16)
    age_s = np.where(fresh, lognormal(rng, 3 * 3_600.0, 2.6, people.size), age_s)
    opened = first - (age_s * SECOND_US).astype(np.int64) - 40 * SECOND_US
    registry.registered_us()[people.account] = opened


def _welcome(registry: Registry, rng: np.random.Generator, orders: Columns) -> None:
    """Let newcomers redeem the new-customer offer on their first everyday order."""
    age_us = orders["at"] - registry.registered_us()[orders["account"]]
    by_time = np.argsort(orders["at"], kind="stable")
    first = np.empty(by_time.size, dtype=bool)
    first[by_time] = rank_within(orders["account"][by_time]) == 0
    entitled = first & (age_us < 45 * DAY_US) & (orders["promo"] == PromotionType.NONE)
    redeems = entitled & (rng.random(by_time.size) < 0.65)
    orders["coupon"] = np.where(redeems, 2, orders["coupon"]).astype(np.int8)


def _normal(weight: Array) -> Array:
    share: Array = weight / weight.sum()
    return share
