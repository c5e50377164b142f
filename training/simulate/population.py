"""Honest customers and their look-alikes: who shares what with whom.

Every customer has a persona. Families share door, tablet and wallet; offices an exit
IP and a building; dormitories a building and the campus NAT; community agents order
for their neighbours on one device; and so on. Attackers hide among these shapes.
"""

from dataclasses import dataclass

import numpy as np

from training.simulate import kinds
from training.simulate.arrays import Array
from training.simulate.changes import (
    PickUpPoints,
    Things,
    doors,
    open_pick_up_points,
    replaced,
)
from training.simulate.places import CITY_WEIGHT, DORMITORY, OFFICE, home_block
from training.simulate.registry import Registry, verification
from training.simulate.settings import WorldSettings

# persona -> (share of customers, smallest group, largest group)
GROUPS: dict[int, tuple[float, int, int]] = {
    kinds.FAMILY: (0.20, 2, 4),
    kinds.OFFICE_WORKER: (0.10, 6, 40),
    kinds.STUDENT: (0.10, 20, 90),
    kinds.COMMUNITY_AGENT: (0.045, 3, 10),
    kinds.CORPORATE: (0.015, 1, 1),
    kinds.RETURNER: (0.06, 1, 1),
    kinds.FIRST_TIME: (0.13, 1, 1),
    kinds.QUICK: (0.09, 1, 1),
    kinds.GIFT_SENDER: (0.06, 1, 1),
}
_LEVEL_SHARES = (0.25, 0.45, 0.2, 0.1)
# How eager each persona is at a drop, in order of persona numbers.
_DROP_EAGERNESS = np.array([0, 1, 1, 1.2, 2.6, 1.6, 0.2, 0.5, 1.5, 2.2, 0.6, 0])
_ACTIVITY = np.array([0, 1, 1.1, 1, 0.9, 1.3, 1.6, 1.7, 0.35, 1.2, 1, 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Columns of all honest customers, one element each; -1 where they have none."""

    persona: Array
    group: Array
    account: Array
    devices: Things
    shared_device: Array
    payments: Things
    person: Array
    payer: Array
    phone: Array
    addresses: Things
    pick_up_points: PickUpPoints
    other_address: Array
    block: Array
    shared_block: Array
    city: Array
    activity: Array
    eagerness: Array
    grumbling: Array

    @property
    def size(self) -> int:
        """Return the number of customers."""
        return int(self.persona.size)


def settle(settings: WorldSettings, registry: Registry, rng: np.random.Generator) -> Population:
    """Create the customers of a world; accounts get their opening time later."""
    per_customer = float(np.clip(6.5 * settings.days / 180, 1.6, 13.0))
    size = int(settings.orders * 0.93 / per_customer)
    persona, group, leader = _grouped(size, rng)
    grouped = leader != np.arange(size)
    city = rng.choice(CITY_WEIGHT.size, size, p=CITY_WEIGHT)[leader]
    device, payment = registry.new("device", size), registry.new("payment", size)
    person, phone = registry.new("person", size), registry.new_phones(rng, size, 0.05)
    address = _addresses(registry, persona, leader, city)
    household = np.where(np.isin(persona, (kinds.FAMILY, kinds.COMMUNITY_AGENT)), leader, 0)
    household = np.where(household > 0, household, np.arange(size))
    pays_together = np.isin(persona, (kinds.FAMILY, kinds.COMMUNITY_AGENT)) & grouped
    pays_together &= rng.random(size) < np.where(persona == kinds.FAMILY, 0.45, 0.7)
    shares_device = np.isin(persona, (kinds.FAMILY, kinds.COMMUNITY_AGENT, kinds.STUDENT))
    shares_device &= rng.random(size) < np.where(persona == kinds.STUDENT, 0.15, 0.75)
    neighbour = np.where(persona == kinds.STUDENT, np.maximum(np.arange(size) - 1, leader), leader)
    level = verification(rng, size, _LEVEL_SHARES)
    account = registry.new_accounts(np.zeros(size), level, person)
    others = np.isin(persona, (kinds.GIFT_SENDER, kinds.OFFICE_WORKER))
    workplace = registry.addresses.rooms(address[leader])
    workplace[persona == kinds.GIFT_SENDER] = registry.addresses.new(
        rng.choice(CITY_WEIGHT.size, int((persona == kinds.GIFT_SENDER).sum()), p=CITY_WEIGHT)
    )
    points = open_pick_up_points(settings, registry, rng)
    exits = np.isin(persona, (kinds.OFFICE_WORKER, kinds.STUDENT, kinds.CORPORATE))
    return Population(
        persona=persona,
        group=group,
        account=account,
        devices=replaced(settings, registry, rng, "device", device),
        shared_device=np.where(shares_device, device[neighbour], -1),
        payments=replaced(
            settings, registry, rng, "payment", np.where(pays_together, payment[leader], payment)
        ),
        person=person,
        payer=np.where(pays_together, person[leader], person),
        phone=phone,
        addresses=doors(
            settings, rng, address, registry.addresses.new(city), leader, points.near(rng, city)
        ),
        pick_up_points=points,
        other_address=np.where(others, workplace, -1),
        block=home_block(settings.seed, household),
        shared_block=np.where(exits, home_block(settings.seed, size + leader), -1),
        city=city,
        activity=rng.gamma(1.3, 1.0, size) * _ACTIVITY[persona] + 0.02,
        eagerness=rng.gamma(0.8, 1.0, size) * _DROP_EAGERNESS[persona],
        grumbling=np.where(rng.random(size) < 0.035, 12.0, 1.0),
    )


def _grouped(size: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return persona, group number and group leader (a customer) of each customer."""
    persona = np.full(size, kinds.PLAIN, dtype=np.int8)
    leader = np.arange(size)
    at = 0
    for kind, (share, smallest, largest) in GROUPS.items():
        count = int(size * share)
        # Enough groups to cover the segment, the last one cut off.
        sizes = rng.integers(smallest, largest + 1, count // smallest + 1)
        heads = np.repeat(np.r_[0, np.cumsum(sizes)[:-1]], sizes)[:count]
        persona[at : at + count] = kind
        leader[at : at + count] = at + heads
        at += count
    _, group = np.unique(leader, return_inverse=True)
    return persona, group, leader


def _addresses(registry: Registry, persona: Array, leader: Array, city: Array) -> Array:
    """Return each customer's usual address: a door of a household, or a room of a building."""
    book = registry.addresses
    address = book.new(city)
    student, worker = persona == kinds.STUDENT, persona == kinds.OFFICE_WORKER
    for members, kind in ((student, DORMITORY), (worker, OFFICE)):
        heads = np.unique(leader[members])
        building = np.full(persona.size, -1)
        building[heads] = book.new(city[heads], kind)
        if members.any():
            rooms = book.rooms(building[leader[members]])
            # Workers live at home and let about half of their parcels come to the office.
            address[members] = rooms if kind == DORMITORY else address[members]
            if kind == OFFICE:
                address[heads] = building[heads]
    together = np.isin(persona, (kinds.FAMILY, kinds.COMMUNITY_AGENT))
    return np.where(together, address[leader], address)
