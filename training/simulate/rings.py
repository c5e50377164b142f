"""Rings of attackers: who is in them, what they share, when they work, how they adapt."""

from dataclasses import dataclass

import numpy as np

from training.simulate import kinds
from training.simulate.arrays import DAY_US, Array, lognormal
from training.simulate.market import Market
from training.simulate.places import CITY_WEIGHT, home_block
from training.simulate.population import Population
from training.simulate.registry import Registry, verification

# Weight of a shop's sales when a ring chooses whom to work for; 0 is none.
POPULARITY = 0.85
# Every so many days a ring gives this share of its members fresh things.
ROTATION_DAYS, ROTATED = 18, 0.4
_LEVEL_SHARES = (0.28, 0.47, 0.18, 0.07)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the rings of one strategy are made up.

    ``share`` is of all orders; ``size_scale`` times the square root of the world's
    orders is the number of orders of one ring, at least ``fewest``. ``orders_each``
    orders come from one account. ``per_device`` and so on: accounts to one of them.
    ``hired`` members are honest customers of the shop, with their own things; ``at_home``
    of them let parcels come home. Parcels of ``picks_up`` of the others go to a pick-up
    point that honest people use too.
    """

    share: float
    size_scale: float
    fewest: int
    orders_each: float
    lasts: tuple[float, float]
    age_days: float
    per_device: float = 1.0
    per_payment: float = 1.0
    per_address: float = 1.0
    per_phone: float = 1.0
    virtual_phones: float = 0.05
    hired: float = 0.0
    at_home: float = 1.0
    picks_up: float = 0.3
    claims: float = 0.0


PROFILES: dict[int, Profile] = {
    kinds.DEVICE_FARM: Profile(
        share=0.0095, size_scale=0.22, fewest=24, orders_each=6.0, lasts=(0.15, 0.4), age_days=60.0,
        per_device=1.7, per_payment=1.7, per_address=1.5, per_phone=1.25, virtual_phones=0.15,
        hired=0.2, at_home=0.5,
    ),
    kinds.CROWD_HIRED: Profile(
        share=0.008, size_scale=0.2, fewest=20, orders_each=2.6, lasts=(0.15, 0.4), age_days=200.0,
        per_address=4.5, per_phone=2.5, hired=0.75, at_home=0.6,
    ),
    kinds.COUPON_FARMING: Profile(
        share=0.0095, size_scale=0.15, fewest=20, orders_each=2.4, lasts=(0.1, 0.3), age_days=25.0,
        per_device=1.8, per_payment=1.6, per_address=1.8, per_phone=1.2, virtual_phones=0.2,
        hired=0.35, at_home=0.7,
    ),
    kinds.SELLER_BRUSHING: Profile(
        share=0.0125, size_scale=0.24, fewest=24, orders_each=5.0, lasts=(0.2, 0.5), age_days=80.0,
        per_device=2.0, per_payment=2.2, per_address=1.7, per_phone=1.4, virtual_phones=0.15,
        hired=0.4,
    ),
    kinds.CROWD_BRUSHING: Profile(
        share=0.0105, size_scale=0.3, fewest=30, orders_each=7.5, lasts=(0.25, 0.6), age_days=150.0,
        hired=0.6,
    ),
    kinds.SERIAL_REFUNDER: Profile(
        share=0.011, size_scale=0.0, fewest=14, orders_each=11.0, lasts=(0.25, 0.6), age_days=200.0,
        hired=0.6, claims=0.8,
    ),
    kinds.REFUND_RING: Profile(
        share=0.0095, size_scale=0.12, fewest=16, orders_each=3.0, lasts=(0.2, 0.5), age_days=40.0,
        per_device=2.6, per_payment=2.4, per_address=3.0, per_phone=1.8, virtual_phones=0.12,
        hired=0.3, claims=0.8,
    ),
    kinds.EMPTY_PARCEL: Profile(
        share=0.006, size_scale=0.02, fewest=10, orders_each=7.0, lasts=(0.25, 0.6), age_days=150.0,
        per_address=2.0, per_device=1.5, hired=0.4, claims=0.75,
    ),
    kinds.SPLITTING: Profile(
        share=0.009, size_scale=0.02, fewest=14, orders_each=10.0, lasts=(0.3, 0.7), age_days=200.0,
        hired=0.5, per_address=1.5, claims=0.8,
    ),
}  # fmt: skip


@dataclass(slots=True)
class Ring:
    """One ring with its members' belongings; a member is a position in the arrays."""

    number: int
    strategy: int
    first_day: int
    last_day: int
    each_day: float
    city: Array
    account: Array
    device: Array
    payment: Array
    payer: Array
    recipient: Array
    phone: Array
    address: Array
    points: Array
    block: Array
    hired: Array
    sellers: Array
    exits: Array
    mimicry: float
    resting_until: int = 0

    @property
    def profile(self) -> Profile:
        """Return how rings of this strategy are made up."""
        return PROFILES[self.strategy]

    def rotate(self, registry: Registry, rng: np.random.Generator) -> None:
        """Now and then, blocked or not, give some members fresh things and other doors."""
        if rng.random() > 1.0 / ROTATION_DAYS:
            return
        own = np.flatnonzero(~self.hired & (rng.random(self.hired.size) < ROTATED))
        if own.size == 0:
            return
        for kind, things in (("device", self.device), ("payment", self.payment)):
            things[own] = _shared(registry.new(kind, max(1, own.size * 2 // 3)), own.size, rng)
        self.address[own] = registry.addresses.new(self.city[own])
        _pick_up(self, own, rng)

    def adapt(
        self, day: int, members: Array, blocked: Array, registry: Registry, market: Market,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """React to blocks: rest, act more like a customer, replace what was blocked."""
        if blocked.size == 0 or blocked.mean() < 0.2:
            return
        self.mimicry = min(1.0, self.mimicry + 0.3)
        self.resting_until = day + int(rng.integers(1, 6))
        burnt = np.unique(members[blocked])
        burnt = burnt[~self.hired[burnt]]
        if burnt.size == 0:
            return
        now = market.settings.start_us + day * DAY_US
        self.account[burnt] = _accounts(registry, rng, now, self.profile.age_days, burnt.size)
        self.device[burnt] = registry.new("device", burnt.size)
        if rng.random() < 0.5:
            self.payment[burnt] = registry.new("payment", burnt.size)


def _accounts(
    registry: Registry, rng: np.random.Generator, now_us: int, age_days: float, n: int
) -> Array:
    age_us = (lognormal(rng, age_days, 1.1, n) * DAY_US).astype(np.int64)
    level = verification(rng, n, _LEVEL_SHARES)
    # Bought identities: one real-name id stands behind two accounts or so.
    identity = registry.new("person", n)[np.arange(n) // 2]
    return registry.new_accounts(now_us - age_us, level, identity)


def _shared(fresh: Array, n: int, rng: np.random.Generator) -> Array:
    """Deal the fresh things out to n members, some of them to more members than others."""
    picked: Array = fresh[np.minimum(rng.integers(0, fresh.size, n), fresh.size - 1)]
    return picked


def recruit(
    market: Market, people: Population, registry: Registry, rng: np.random.Generator
) -> list[Ring]:
    """Return all rings of the world, spread over its days so that new ones keep coming."""
    rings: list[Ring] = []
    for strategy, profile in PROFILES.items():
        orders = profile.share * market.settings.orders
        size = max(profile.fewest, profile.size_scale * np.sqrt(market.settings.orders))
        # Rings that begin before the world or outlive it place a part of their orders only.
        cut_off = 1.0 + sum(profile.lasts) / 2
        for _ in range(max(3, round(orders / size * cut_off))):
            rings.append(_ring(len(rings), strategy, size, market, people, registry, rng))
    return rings


def _ring(  # noqa: PLR0913 - one call site; the arguments are the world's own parts
    number: int,
    strategy: int,
    size: float,
    market: Market,
    people: Population,
    registry: Registry,
    rng: np.random.Generator,
) -> Ring:
    profile, days = PROFILES[strategy], market.settings.days
    length = max(12, int(rng.uniform(*profile.lasts) * days))
    # Starts before the world and runs past its end are cut: all days see the same bustle.
    first = int(rng.integers(-length + 1, days))
    if kinds.STRATEGIES[strategy] in market.settings.late:
        begins = market.settings.late_day
        first = begins + max(first, 0) % (days - begins)
    last = min(days, first + length)
    n = max(1, round(size / profile.orders_each))
    area = int(rng.choice(CITY_WEIGHT.size, p=CITY_WEIGHT))
    spread = rng.choice(CITY_WEIGHT.size, n, p=CITY_WEIGHT)
    city = np.where(rng.random(n) < 0.5, spread, area)
    household = 1_000_000_000 + number * 10_000 + np.arange(n)
    exits = home_block(market.settings.seed, household[: max(1, n // 8)] + 5_000)
    opened = market.settings.start_us + (max(first, 0) * DAY_US)
    person = registry.new("person", n)
    ring = Ring(
        number=number,
        strategy=strategy,
        first_day=max(first, 0),
        last_day=last,
        each_day=size / length,
        city=city,
        account=_accounts(registry, rng, opened, profile.age_days, n),
        device=_shared(registry.new("device", _few(n, profile.per_device)), n, rng),
        payment=_shared(registry.new("payment", _few(n, profile.per_payment)), n, rng),
        payer=person,
        recipient=person.copy(),
        phone=_shared(
            registry.new_phones(rng, _few(n, profile.per_phone), profile.virtual_phones), n, rng
        ),
        address=_shared(
            registry.addresses.new(np.full(_few(n, profile.per_address), area)), n, rng
        ),
        points=people.pick_up_points.near(rng, np.full(2, area)),
        block=home_block(market.settings.seed, household),
        hired=np.zeros(n, dtype=bool),
        sellers=_targets(strategy, market, rng),
        exits=exits,
        mimicry=float(rng.uniform(0.1, 0.7)),
    )
    _pick_up(ring, np.arange(n), rng)
    _hire(ring, opened, people, rng)
    return ring


def _few(n: int, each: float) -> int:
    return max(1, round(n / each))


def _targets(strategy: int, market: Market, rng: np.random.Generator) -> Array:
    """Return the shops a ring works for: one, or a dozen for a brushing platform."""
    shops = {kinds.SELLER_BRUSHING: 1, kinds.CROWD_BRUSHING: 9}.get(strategy, 1)
    # Shops that live: most of what they sell goes to honest customers.
    sales = np.diff(market.baskets.seller_start) ** POPULARITY
    return rng.choice(sales.size, shops, p=sales / sales.sum())


def _pick_up(ring: Ring, members: Array, rng: np.random.Generator) -> None:
    """Send the parcels of some of the members to the ring's pick-up points."""
    goes = members[rng.random(members.size) < ring.profile.picks_up]
    ring.address[goes] = ring.points[rng.integers(0, ring.points.size, goes.size)]


def _hire(ring: Ring, at_us: int, people: Population, rng: np.random.Generator) -> None:
    """Replace some members by honest customers of the shop, with their own things."""
    n = ring.account.size
    ring.hired = rng.random(n) < ring.profile.hired
    who = rng.choice(people.size, int(ring.hired.sum()), p=people.activity / people.activity.sum())
    ring.account[ring.hired] = people.account[who]
    ring.device[ring.hired] = people.devices.held(who, at_us)
    ring.payment[ring.hired] = people.payments.held(who, at_us)
    ring.payer[ring.hired] = people.payer[who]
    ring.block[ring.hired] = people.block[who]
    ring.city[ring.hired] = people.city[who]
    # A hired buyer lets the parcel come home; many a hired scalper sends it to the collector.
    home = rng.random(who.size) < ring.profile.at_home
    members, who = np.flatnonzero(ring.hired)[home], who[home]
    ring.recipient[members] = people.person[who]
    ring.phone[members] = people.phone[who]
    ring.address[members] = people.addresses.held(who, at_us)
