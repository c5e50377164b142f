"""The days of the world: honest trade, attacks, the baseline policy, adaptation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.simulate import kinds
from training.simulate.arrays import DAY_US, Array, Columns, joined, stream, taken
from training.simulate.attacks import attack
from training.simulate.baseline import BaselinePolicy
from training.simulate.honest import honest_orders
from training.simulate.market import Market, open_market
from training.simulate.places import AddressBook
from training.simulate.population import Population, settle
from training.simulate.registry import Registry
from training.simulate.rings import Ring, recruit
from training.simulate.settings import WorldSettings

# Orders on a day without a drop, against a day's average: scalpers keep accounts alive.
QUIET_SHARE = {kinds.DEVICE_FARM: 0.4, kinds.CROWD_HIRED: 0.1}
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All orders in order of time, with what the policy did, and who exists."""

    market: Market
    people: Population
    registry: Registry
    orders: Columns


def live(settings: WorldSettings, progress: Progress) -> World:
    """Live through all days of a world; ``progress`` gets a word and a share of 1."""
    market = open_market(settings)
    registry = Registry(AddressBook(stream(settings.seed, "addresses")))
    people = settle(settings, registry, stream(settings.seed, "population"))
    progress("honest customers", 0.0)
    everyday = honest_orders(
        # A few more than needed: how much attackers order depends on what gets blocked.
        market, people, registry, stream(settings.seed, "honest"), int(settings.orders * 0.98)
    )  # fmt: skip
    rings = recruit(market, people, registry, stream(settings.seed, "rings"))
    orders = _live_days(market, registry, everyday, rings, progress)
    return World(
        market=market,
        people=people,
        registry=registry,
        orders=_exactly(orders, settings, registry),
    )


def _live_days(
    market: Market, registry: Registry, everyday: Columns, rings: list[Ring], progress: Progress
) -> Columns:
    settings = market.settings
    rng, policy_rng = stream(settings.seed, "attacks"), stream(settings.seed, "policy")
    policy = BaselinePolicy(market)
    order = np.argsort(everyday["at"], kind="stable")
    everyday = taken(everyday, order)
    midnights = settings.start_us + np.arange(settings.days + 1) * DAY_US
    bounds = np.searchsorted(everyday["at"], midnights)
    days: list[Columns] = []
    for day in range(settings.days):
        honest = {name: values[bounds[day] : bounds[day + 1]] for name, values in everyday.items()}
        attacks = _attacks(rings, day, market, registry, rng)
        batch = joined([honest, *[columns for _, columns, _ in attacks]])
        by_time = np.argsort(batch["at"], kind="stable")
        sorted_batch = taken(batch, by_time)
        blocked, lucky = policy.decide(sorted_batch, registry.registered_us(), policy_rng)
        policy.learn_claims(sorted_batch, blocked)
        days.append(sorted_batch | {"blocked": blocked, "lucky": lucky})
        unsorted = np.empty_like(blocked)
        unsorted[by_time] = blocked
        _let_adapt(attacks, unsorted[honest["at"].size :], day, market, registry, rng)
        progress("days", (day + 1) / settings.days)
    return joined(days)


def _attacks(
    rings: list[Ring], day: int, market: Market, registry: Registry, rng: np.random.Generator
) -> list[tuple[Ring, Columns, Array]]:
    """Return the day's orders of every ring that works today."""
    working = [ring for ring in rings if ring.first_day <= day < ring.last_day]
    mean = np.array([_expected(ring, day, market) for ring in working])
    counts = rng.poisson(mean)
    done: list[tuple[Ring, Columns, Array]] = []
    for ring, count in zip(working, counts, strict=True):
        ring.rotate(registry, rng)
        if count:
            columns, member = attack(ring, day, int(count), market, rng)
            done.append((ring, columns, member))
    return done


def _expected(ring: Ring, day: int, market: Market) -> float:
    """Return how many orders the ring wants to place today."""
    if day < ring.resting_until and ring.strategy not in (kinds.DEVICE_FARM, kinds.CROWD_HIRED):
        return 0.0
    caution = 0.5 if day < ring.resting_until else 1.0
    if ring.strategy in (kinds.DEVICE_FARM, kinds.CROWD_HIRED):
        drops = len(market.drops_on(day))
        if drops == 0:
            return ring.each_day * QUIET_SHARE[ring.strategy] * market.open_on(day)
        return ring.each_day * drops * market.settings.days / len(market.drops) * caution
    if ring.strategy == kinds.SPLITTING and market.saving_campaign_of_day[day] >= 0:
        return ring.each_day * 3.2 * market.open_on(day) * caution
    if ring.strategy == kinds.SPLITTING:
        return ring.each_day * 0.35 * market.open_on(day) * caution
    return ring.each_day * market.open_on(day) * caution


def _let_adapt(
    attacks: list[tuple[Ring, Columns, Array]],
    blocked: Array,
    day: int,
    market: Market,
    registry: Registry,
    rng: np.random.Generator,
) -> None:
    at = 0
    for ring, _, member in attacks:
        ring.adapt(day, member, blocked[at : at + member.size], registry, market, rng)
        at += member.size


def _exactly(orders: Columns, settings: WorldSettings, registry: Registry) -> Columns:
    """Name the abuse of each order, then leave out honest ones down to the wanted number."""
    orders = orders | {"abuse": kinds.ABUSE_OF_STRATEGY[orders["strategy"]]}
    # An unclaimed order of a refunder and a scalper's order on a quiet day hurt nobody:
    # they are camouflage, and honest.
    camouflage = (orders["abuse"] == 2) & (orders["claim"] == kinds.NO_CLAIM)
    at_drops = np.isin(orders["strategy"], list(QUIET_SHARE))
    camouflage |= at_drops & (orders["drop"] < 0)
    orders["abuse"] = np.where(camouflage, -1, orders["abuse"])
    orders["persona"] = np.where(camouflage, kinds.CAMOUFLAGE, orders["persona"])
    young = registry.registered_us()[orders["account"]] > orders["at"] - 1_000_000
    surplus = orders["at"].size - settings.orders
    # Hired customers may work for a ring before their own first order: open them earlier.
    registered = registry.registered_us()
    first = orders["at"][young] - stream(settings.seed, "opening").integers(
        60_000_000, 30 * DAY_US, int(young.sum())
    )
    np.minimum.at(registered, orders["account"][young], first)
    if surplus <= 0:
        return orders
    honest = np.flatnonzero(orders["strategy"] == kinds.HONEST)
    out = stream(settings.seed, "surplus").choice(honest, min(surplus, honest.size), replace=False)
    keep = np.ones(orders["at"].size, dtype=bool)
    keep[out] = False
    return taken(orders, keep)
