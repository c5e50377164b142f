"""How things change hands: new phones and cards, moving house, pick-up points, one-offs.

Without this, whatever is new would be an attacker's. Honest customers replace and lend
things all the time, and attackers use the same pick-up points as everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.simulate.arrays import DAY_US, Array
from training.simulate.places import CITY_WEIGHT
from training.simulate.registry import Registry
from training.simulate.settings import WorldSettings

# How often each thing is replaced, a year.
NEW_DEVICES, NEW_PAYMENTS, MOVES = 0.9, 0.8, 0.45
# Share of customers with a second thing, and of their orders made with it.
SECOND_DEVICE, SECOND_PAYMENT = (0.35, 0.25), (0.4, 0.3)
# Share of customers who use a pick-up point, and of their orders that go there.
USES_PICK_UP, GOES_TO_PICK_UP = 0.35, 0.5
# Share of orders on a thing that is never seen again: a reinstalled app, a borrowed
# phone, a hotel, a friend's door, a one-time card number.
ONE_OFF_DEVICE, ONE_OFF_PAYMENT, ONE_OFF_ADDRESS = 0.08, 0.06, 0.09
ORDERS_PER_PICK_UP = 400
Fresh = Callable[[int], Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class PickUpPoints:
    """Parcel lockers and counters of forwarders, shared by everybody in a city."""

    address: Array
    city: Array

    def near(self, rng: np.random.Generator, city: Array) -> Array:
        """Return the address of one point in each given city."""
        first = np.searchsorted(self.city, city)
        count = np.searchsorted(self.city, city, side="right") - first
        chosen: Array = self.address[first + (rng.random(city.size) * count).astype(np.int64)]
        return chosen


def open_pick_up_points(
    settings: WorldSettings, registry: Registry, rng: np.random.Generator
) -> PickUpPoints:
    """Open at least one point in each city, more where more people live."""
    more = rng.choice(CITY_WEIGHT.size, settings.orders // ORDERS_PER_PICK_UP, p=CITY_WEIGHT)
    city = np.sort(np.r_[np.arange(CITY_WEIGHT.size), more])
    return PickUpPoints(address=registry.addresses.new(city), city=city)


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """One thing of each customer, its successor, and one beside it (-1: none)."""

    first: Array
    then: Array
    changes_us: Array
    beside: Array
    beside_share: float
    one_off_share: float

    def held(self, who: Array, at_us: Array | int) -> Array:
        """Return the usual thing of each customer at a time."""
        thing: Array = np.where(at_us >= self.changes_us[who], self.then[who], self.first[who])
        return thing

    def used(self, rng: np.random.Generator, who: Array, at_us: Array, fresh: Fresh) -> Array:
        """Return what each customer used: the usual, the other, or something never seen."""
        draw = rng.random((2, who.size))
        other = (self.beside[who] >= 0) & (draw[0] < self.beside_share)
        usual: Array = np.where(other, self.beside[who], self.held(who, at_us))
        once = draw[1] < self.one_off_share
        usual[once] = fresh(int(once.sum()))
        return usual


def change_times(
    settings: WorldSettings, rng: np.random.Generator, n: int, each_year: float
) -> Array:
    """Return when each of n customers replaces a thing; many do after the world's end."""
    after_us = rng.exponential(365.0 / each_year, n) * DAY_US
    times: Array = settings.start_us + after_us.astype(np.int64)
    return times


def replaced(
    settings: WorldSettings, registry: Registry, rng: np.random.Generator, kind: str, first: Array,
) -> Things:  # fmt: skip
    """Return devices or payment instruments with successors and second ones."""
    n = first.size
    is_device = kind == "device"
    has, share = SECOND_DEVICE if is_device else SECOND_PAYMENT
    return Things(
        first=first,
        then=registry.new(kind, n),
        changes_us=change_times(settings, rng, n, NEW_DEVICES if is_device else NEW_PAYMENTS),
        beside=np.where(rng.random(n) < has, registry.new(kind, n), -1),
        beside_share=share,
        one_off_share=ONE_OFF_DEVICE if is_device else ONE_OFF_PAYMENT,
    )


def doors(
    settings: WorldSettings, rng: np.random.Generator, first: Array, then: Array, leader: Array,
    pick_up: Array,
) -> Things:  # fmt: skip
    """Return the customers' doors; who shares a door with the ``leader`` moves together.

    ``then`` is where each would move on their own, ``pick_up`` the point near each.
    """
    n = first.size
    together = first == first[leader]
    moves = change_times(settings, rng, n, MOVES)
    return Things(
        first=first,
        then=np.where(together, then[leader], then),
        changes_us=np.where(together, moves[leader], moves),
        beside=np.where(rng.random(n) < USES_PICK_UP, pick_up, -1),
        beside_share=GOES_TO_PICK_UP,
        one_off_share=ONE_OFF_ADDRESS,
    )
