"""Promotion actions before and beside the orders: claims, draws, invitations, help.

Made after the days were lived, from the orders alone: whoever redeems a coupon claimed it
before, whoever is new may have been invited. Honest customers claim more than they redeem.
"""

import numpy as np

from risk_service.domain.vocabulary import PromotionType
from training.simulate import kinds
from training.simulate.arrays import DAY_US, HOUR_US, Array, Columns, joined, lognormal

ACTION_TYPES = ("COUPON_CLAIMED", "DRAW", "INVITE", "GROUP_JOINED", "BARGAIN_HELP")
COUPON_CLAIMED, DRAW, INVITE, GROUP_JOINED, BARGAIN_HELP = range(5)
MINUTE_US = HOUR_US // 60
# Claims that lead to no order, per order.
IDLE_CLAIMS = 0.25
# Shares of orders beside which somebody plays: (draw, bargain help).
HONEST_PLAY = (0.05, 0.03)
FARMING_PLAY = (0.22, 0.16)
# Share of customers who came by an invitation.
INVITED = 0.18
INVITED_FARM = 0.4
_FARMING = (kinds.COUPON_FARMING, kinds.DEVICE_FARM)


def promotion_actions(orders: Columns, registered: Array, rng: np.random.Generator) -> Columns:
    """Return actions in order of recording; ``row`` names an order of the same hands.

    Parameters
    ----------
    orders
        All orders, sorted by time.
    registered
        When each account was opened, by account number, in microseconds.
    """
    farming = np.isin(orders["strategy"], _FARMING)
    parts = [
        _claims(orders, farming, rng),
        _plays(DRAW, 0, orders, farming, rng),
        _plays(BARGAIN_HELP, 1, orders, farming, rng),
        _groups(orders, rng),
        _invitations(orders, registered, farming, rng),
    ]
    actions = joined(parts)
    # Nothing happens before the world begins.
    kept = actions["at"] >= orders["at"][0]
    actions = {name: values[kept] for name, values in actions.items()}
    lag = (lognormal(rng, 4.0, 1.2, actions["at"].size) * 1e6).astype(np.int64)
    actions["recorded"] = actions["at"] + lag
    sequence = np.lexsort((actions["type"], actions["row"], actions["recorded"]))
    return {name: values[sequence] for name, values in actions.items()}


def _actions(kind: int, row: Array, at: Array, related: Array | None = None) -> Columns:
    return {
        "row": row,
        "at": at,
        "type": np.full(row.size, kind, dtype=np.int8),
        "related": np.full(row.size, -1, dtype=np.int64) if related is None else related,
    }


def _claims(orders: Columns, farming: Array, rng: np.random.Generator) -> Columns:
    """Who redeems has claimed: days before, or at the till; farmers mostly at the till."""
    n = orders["at"].size
    idle = rng.random(n) < IDLE_CLAIMS
    row = np.flatnonzero((orders["coupon"] > 0) | idle)
    at_till = rng.random(row.size) < np.where(farming[row], 0.75, 0.45)
    minutes = lognormal(rng, np.where(farming[row], 4.0, 9.0), 1.0, row.size)
    days = rng.exponential(1.4, row.size)
    before = np.where(at_till, minutes * MINUTE_US, days * DAY_US).astype(np.int64)
    return _actions(COUPON_CLAIMED, row, orders["at"][row] - before)


def _plays(
    kind: int, place: int, orders: Columns, farming: Array, rng: np.random.Generator
) -> Columns:
    share = np.where(farming, FARMING_PLAY[place], HONEST_PLAY[place])
    row = np.flatnonzero(rng.random(farming.size) < share)
    after = (rng.exponential(5.0, row.size) * HOUR_US).astype(np.int64)
    return _actions(kind, row, orders["at"][row] + after)


def _groups(orders: Columns, rng: np.random.Generator) -> Columns:
    """Who buys in a group joined it within the hour before."""
    row = np.flatnonzero(orders["promo"] == PromotionType.GROUP_BUY)
    before = (rng.exponential(12.0, row.size).clip(0.1, 60.0) * MINUTE_US).astype(np.int64)
    return _actions(GROUP_JOINED, row, orders["at"][row] - before)


def _invitations(
    orders: Columns, registered: Array, farming: Array, rng: np.random.Generator
) -> Columns:
    """Return invitations of some first customers, by people of their city or their ring."""
    _, first = np.unique(orders["account"], return_index=True)
    share = np.where(farming[first], INVITED_FARM, INVITED)
    invited = np.sort(first[rng.random(first.size) < share])
    # The inviter is a recent customer of the same city, or of the ring: the order before.
    group = np.where(farming, orders["ring"].astype(np.int64), -1 - orders["city"].astype(np.int64))
    sequence = np.lexsort((orders["at"], group))
    place = np.empty(sequence.size, dtype=np.int64)
    place[sequence] = np.arange(sequence.size)
    steps = 1 + rng.integers(0, 8, invited.size)
    inviter = sequence[np.maximum(place[invited] - steps, 0)]
    at = np.maximum(registered[orders["account"][invited]], orders["at"][inviter])
    other = orders["account"][inviter] != orders["account"][invited]
    same = group[inviter] == group[invited]
    kept = other & same & (at < orders["at"][invited])
    return _actions(INVITE, inviter[kept], at[kept], related=orders["account"][invited[kept]])
