"""The policy that the shop had before: plain rules, known to attackers by their effect.

Named ``shop-rules-1``. Rules run in order of the orders' times, day by day; what a rule
counts is known when the order comes. It blocks honest look-alikes as well.
"""

import numpy as np

from training.simulate import kinds
from training.simulate.arrays import DAY_US, Array, Columns, rank_within
from training.simulate.market import Market

NAME = "shop-rules-1"
ALLOW_THROUGH_SHARE = 0.04
FASTEST_MS = 900
ACCOUNTS_ON_DEVICE = 5
DROP_ORDERS_AT_DOOR = 4
NEW_ACCOUNT_US = DAY_US
CLAIMS_90D = 4
PAIR_ORDERS_7D = 4
_WINDOW_DAYS = 7
_COUNTED_CLAIMS = (kinds.NOT_RECEIVED, kinds.EMPTY_CLAIM, kinds.REFUND_ONLY)


class BaselinePolicy:
    """Rules with a memory of seven days of orders and ninety days of claims."""

    def __init__(self, market: Market) -> None:
        self._market = market
        values = market.baskets.value_minor
        self._big_minor = float(np.quantile(values, 0.96))
        self._cap_minor = float(np.quantile(values, 0.9))
        self._devices: list[Array] = []
        self._pairs: list[Array] = []
        self._claims: list[tuple[Array, Array]] = []

    def decide(
        self, orders: Columns, registered_us: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Return (blocked, allowed through) for one day's orders, sorted by time."""
        value = self._market.baskets.value_minor[orders["basket"]] * orders["multiplier"]
        age_us = orders["at"] - registered_us[orders["account"]]
        denied = (orders["drop"] >= 0) & (orders["page_ms"] >= 0)
        denied &= orders["page_ms"] < FASTEST_MS
        denied |= (age_us < NEW_ACCOUNT_US) & (value > self._big_minor)
        denied |= self._crowded_device(orders)
        denied |= self._drop_address(orders)
        denied |= self._worn_pair(orders)
        denied |= self._many_claims(orders)
        lucky = denied & (value <= self._cap_minor)
        lucky &= rng.random(denied.size) < ALLOW_THROUGH_SHARE
        return denied & ~lucky, lucky

    def learn_claims(self, orders: Columns, blocked: Array) -> None:
        """Remember the claims that the day's delivered orders will bring, and when."""
        counted = np.isin(orders["claim"], _COUNTED_CLAIMS) & ~blocked & (orders["cancels"] == 0)
        known = orders["at"] + ((orders["claim_wait_h"] + 96.0) * 3.6e9).astype(np.int64)
        self._claims.append((orders["account"][counted], known[counted]))
        self._claims = self._claims[-120:]

    def _crowded_device(self, orders: Columns) -> Array:
        """Deny the accounts beyond the first five on a device in seven days."""
        pair = orders["device"] << 32 | orders["account"]
        past = np.unique(np.concatenate(self._devices)) if self._devices else pair[:0]
        self._devices = [*self._devices, pair][-_WINDOW_DAYS:]
        today, first_at = np.unique(pair, return_index=True)
        fresh = np.zeros(pair.size, dtype=bool)
        fresh[first_at[~np.isin(today, past)]] = True
        known, count = np.unique(past >> 32, return_counts=True)
        before = _looked_up(known, count, orders["device"])
        order = np.argsort(orders["device"], kind="stable")
        device = orders["device"][order]
        running = np.cumsum(fresh[order])
        starts = np.r_[True, device[1:] != device[:-1]]
        base = np.maximum.accumulate(np.where(starts, running - fresh[order], 0))
        seen = np.empty(pair.size, dtype=np.int64)
        seen[order] = running - base
        crowded: Array = before + seen > ACCOUNTS_ON_DEVICE
        return crowded

    def _drop_address(self, orders: Columns) -> Array:
        """Deny more than four orders of one drop to one door."""
        at_drop = orders["drop"] >= 0
        key = np.where(at_drop, orders["address"] << 20 | orders["drop"], -1 - orders["account"])
        over: Array = at_drop & (rank_within(key) >= DROP_ORDERS_AT_DOOR)
        return over

    def _worn_pair(self, orders: Columns) -> Array:
        """Deny the fifth and later order of an account at one shop in seven days."""
        seller = self._market.baskets.seller[orders["basket"]].astype(np.int64)
        pair = orders["account"] << 24 | seller
        past = np.concatenate(self._pairs) if self._pairs else pair[:0]
        self._pairs = [*self._pairs, pair][-_WINDOW_DAYS:]
        known, count = np.unique(past, return_counts=True)
        worn: Array = _looked_up(known, count, pair) + rank_within(pair) >= PAIR_ORDERS_7D
        return worn

    def _many_claims(self, orders: Columns) -> Array:
        """Deny accounts with four claims without a return in ninety days."""
        if not self._claims or orders["at"].size == 0:
            return np.zeros(orders["at"].size, dtype=bool)
        account = np.concatenate([claim[0] for claim in self._claims])
        known_at = np.concatenate([claim[1] for claim in self._claims])
        now = orders["at"][0]
        counted = (known_at < now) & (known_at > now - 90 * DAY_US)
        known, count = np.unique(account[counted], return_counts=True)
        many: Array = _looked_up(known, count, orders["account"]) >= CLAIMS_90D
        return many


def _looked_up(known: Array, count: Array, wanted: Array) -> Array:
    """Return the count of each wanted key, 0 when it is not known; ``known`` is sorted."""
    if known.size == 0:
        return np.zeros(wanted.size, dtype=np.int64)
    at = np.minimum(np.searchsorted(known, wanted), known.size - 1)
    found: Array = np.where(known[at] == wanted, count[at], 0)
    return found
