"""The shop's side of the world: catalogue, clock of the day, campaigns and drops."""

from dataclasses import dataclass, replace

import numpy as np

from risk_service.domain.vocabulary import PromotionType
from training.simulate.arrays import DAY_US, HOUR_US, Array, Columns, stream
from training.simulate.baskets import Baskets, Habits, invented_baskets
from training.simulate.online_retail import read_copy
from training.simulate.settings import WorldSettings

# Local hours of Chinese customers, expressed in UTC (UTC+8), share of orders per hour.
_HOURS = np.array(
    [3, 5, 7, 7, 6, 5, 5, 5, 5, 5, 5, 6, 8, 9, 7, 4, 2, 1, 0.5, 0.3, 0.3, 0.4, 0.8, 1.7]
)
_WEEKDAYS = np.array([0.95, 0.95, 0.97, 1.0, 1.05, 1.1, 1.05])
DROPS_EACH_WEEK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A timed release of limited units. Its baskets: ``basket`` one unit, the next two."""

    number: int
    campaign: int
    day: int
    at_us: int
    sku: int
    basket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Everything about the shop that honest customers and attackers can see."""

    settings: WorldSettings
    baskets: Baskets
    habits: Habits | None
    drops: tuple[Drop, ...]
    campaigns: Columns
    saving_campaign_of_day: Array
    weekday_weight: Array
    spend_threshold_minor: int
    save_minor: int

    def day_weight(self) -> Array:
        """Return the weight of ordinary trade on each day, shape (days,)."""
        weekday = (self.settings.first_weekday + np.arange(self.settings.days)) % 7
        lift = np.where(self.saving_campaign_of_day >= 0, 1.35, 1.0)
        weight: Array = self.weekday_weight[weekday] * lift
        return weight

    def open_on(self, day: int) -> float:
        """Return how busy the weekday is: 1.0 on average, 0.0 when nobody buys."""
        weekday = (self.settings.first_weekday + day) % 7
        return float(self.weekday_weight[weekday] / self.weekday_weight.mean())

    def time_of_day(self, rng: np.random.Generator, n: int) -> Array:
        """Return n times of day in microseconds, as honest customers shop."""
        if self.habits is not None:
            picked = self.habits.at_s[rng.integers(0, self.habits.at_s.size, n)] % 86_400
            jitter = rng.integers(0, 60_000_000, n)
            times: Array = picked * 1_000_000 + jitter
            return times
        hour = rng.choice(24, n, p=_HOURS / _HOURS.sum())
        spread: Array = hour * HOUR_US + rng.integers(0, HOUR_US, n)
        return spread

    def drops_on(self, day: int) -> list[Drop]:
        """Return the drops of one day."""
        return [drop for drop in self.drops if drop.day == day]


def open_market(settings: WorldSettings) -> Market:
    """Build the catalogue and the promotion calendar of a world."""
    rng = stream(settings.seed, "market")
    habits: Habits | None = None
    if settings.real:
        baskets, habits = read_copy()
        weekday_weight = habits.weekday_weight()
    else:
        baskets, weekday_weight = invented_baskets(rng, settings.orders), _WEEKDAYS
    saving_days = _saving_days(settings)
    drop_day, drop_at = _drop_times(settings, rng, weekday_weight)
    skus = _drop_skus(rng, baskets, drop_at.size)
    first_basket = baskets.start.size
    baskets = _with_drop_baskets(baskets, skus)
    campaigns, saving_campaign = _campaigns(settings, saving_days, (drop_at, skus), rng)
    first_drop_campaign = campaigns["promo"].size - drop_at.size
    drops = tuple(
        Drop(
            number=i,
            campaign=first_drop_campaign + i,
            day=int(drop_day[i]),
            at_us=int(drop_at[i]),
            sku=int(skus[i]),
            basket=first_basket + 2 * i,
        )
        for i in range(drop_at.size)
    )
    return Market(
        settings=settings,
        baskets=baskets,
        habits=habits,
        drops=drops,
        campaigns=campaigns,
        saving_campaign_of_day=saving_campaign,
        weekday_weight=weekday_weight,
        spend_threshold_minor=3_000 if settings.real else 20_000,
        save_minor=400 if settings.real else 3_000,
    )


def _saving_days(settings: WorldSettings) -> Array:
    """Mark the days of spend-and-save weekends: Friday to Sunday, every other week."""
    day = np.arange(settings.days)
    weekday = (settings.first_weekday + day) % 7
    week = (settings.first_weekday + day) // 7
    marked: Array = (weekday >= 4) & (week % 2 == 0)
    return marked


def _drop_times(
    settings: WorldSettings, rng: np.random.Generator, weekday_weight: Array
) -> tuple[Array, Array]:
    """Return (day, time) of all drops, sorted: some each week, on days with trade."""
    hours = (10, 12, 15) if settings.real else (2, 4, 12)
    days: list[int] = []
    for week in range(0, settings.days, 7):
        span = np.arange(week, min(week + 7, settings.days))
        weight = weekday_weight[(settings.first_weekday + span) % 7]
        if weight.sum() == 0.0:  # the last, short week may hold Saturdays only
            continue
        take = min(DROPS_EACH_WEEK, int((weight > 0).sum()))
        days += sorted(rng.choice(span, take, replace=False, p=weight / weight.sum()).tolist())
    day = np.array(days)
    at = settings.start_us + day * DAY_US + rng.choice(hours, day.size) * HOUR_US
    return day, at


def _drop_skus(rng: np.random.Generator, baskets: Baskets, n: int) -> Array:
    """Return the SKU of each drop: bought often enough, dearer than most."""
    sold = np.bincount(baskets.sku, minlength=baskets.seller_of_sku.size)
    price = np.zeros(sold.size)
    price[baskets.sku] = baskets.price_minor
    common = sold >= max(2, np.quantile(sold, 0.3))
    dear = price >= np.quantile(price[common], 0.6)
    not_absurd = price <= np.quantile(price[common], 0.98)
    return rng.choice(np.flatnonzero(common & dear & not_absurd), n)


def _with_drop_baskets(baskets: Baskets, skus: Array) -> Baskets:
    """Add two baskets for each drop, of one and of two units, at the list price."""
    price = np.zeros(baskets.seller_of_sku.size, dtype=np.int64)
    price[baskets.sku] = baskets.price_minor
    sku, quantity = np.repeat(skus, 2), np.tile([1, 2], skus.size)
    lines = baskets.sku.size
    return replace(
        baskets,
        start=np.r_[baskets.start, lines + np.arange(sku.size)],
        count=np.r_[baskets.count, np.ones(sku.size, dtype=np.int64)],
        seller=np.r_[baskets.seller, baskets.seller_of_sku[sku]],
        value_minor=np.r_[baskets.value_minor, price[sku] * quantity],
        cancelled=np.r_[baskets.cancelled, np.zeros(sku.size, dtype=bool)],
        sku=np.r_[baskets.sku, sku.astype(np.int32)],
        quantity=np.r_[baskets.quantity, quantity],
        price_minor=np.r_[baskets.price_minor, price[sku]],
    )


def _campaigns(
    settings: WorldSettings,
    saving_days: Array,
    drops: tuple[Array, Array],
    rng: np.random.Generator,
) -> tuple[Columns, Array]:
    """Return the campaign table (standing, weekends, drops) and each day's weekend."""
    starts = np.flatnonzero(saving_days & ~np.r_[False, saving_days[:-1]])
    ends = np.flatnonzero(saving_days & ~np.r_[saving_days[1:], False]) + 1
    standing = [PromotionType.COUPON, PromotionType.NEW_CUSTOMER, PromotionType.GROUP_BUY]
    drop_at, skus = drops
    promo = [*standing, *[PromotionType.SPEND_AND_SAVE] * starts.size]
    promo += [PromotionType.FLASH_SALE] * drop_at.size
    of_day = np.full(settings.days, -1)
    for number, (first, last) in enumerate(zip(starts, ends, strict=True)):
        of_day[first:last] = len(standing) + number
    whole = np.full(len(standing), settings.start_us)
    first_us = np.r_[whole, settings.start_us + starts * DAY_US, drop_at - HOUR_US]
    last_us = np.r_[whole + settings.days * DAY_US, settings.start_us + ends * DAY_US]
    others = len(standing) + starts.size
    columns = {
        "promo": np.array(promo, dtype=np.int8),
        "starts": first_us,
        "ends": np.r_[last_us, drop_at + 6 * HOUR_US],
        "drop": np.r_[np.full(others, -1), np.arange(drop_at.size)],
        "drop_at": np.r_[np.full(others, -1), drop_at],
        "sku": np.r_[np.full(others, -1), skus],
        "units": np.r_[np.zeros(others), rng.integers(2, 20, drop_at.size) * 100].astype(np.int32),
    }
    return columns, of_day
